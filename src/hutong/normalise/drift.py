"""Drift of a source: fields that the schema of its records does not declare, values of another type than it declares,
fields that the mapping reads and that come no more.

Whatever names come with the data, what is told of a batch stays bounded.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from hutong.model.batch import Change, Drift
from hutong.model.finding import Finding
from hutong.normalise.showing import Shower
from hutong.schema.shape import Shape, json_type

MOST = 50
"""New fields that are told apart: in one record, and in one batch."""
OTHERS = "$.*"
"""Stands in a batch for the new fields beyond `MOST`."""

Content = dict[str, Any]
Path = tuple[str | int, ...]
"""Keys of objects and places in lists."""


@dataclass(slots=True)
class Stray:
    """What of a record is not as its schema declares: a place of each new field, and of each value of another type.

    The same field in several elements of a list counts once: keys are paths in which every place of a list is 0.
    """

    new: dict[Path, Path] = field(default_factory=dict)
    retyped: dict[Path, Path] = field(default_factory=dict)

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.new or self.retyped)


def stray_of(content: Content, shape: Shape) -> Stray:
    """What in `content` is not as `shape` declares; of each kind the first `MOST` fields."""
    found = Stray()
    _search(content, shape, (), found)
    return found


def _search(value: Any, shape: Shape, path: Path, found: Stray) -> None:
    if json_type(value) not in shape.types:
        _note(found.retyped, path)
    elif isinstance(value, dict) and shape.fields is not None:
        for name, inner in value.items():
            declared = shape.fields.get(name)
            if declared is None:
                if not shape.is_open:
                    _note(found.new, (*path, name))
            elif type(inner) not in declared.passes:
                _search(inner, declared, (*path, name), found)
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            declared = shape.element(place)
            if type(inner) not in declared.passes:
                _search(inner, declared, (*path, place), found)


def _note(fields: dict[Path, Path], path: Path) -> None:
    if len(fields) < MOST:
        fields.setdefault(tuple(0 if isinstance(key, int) else key for key in path), path)


_NOTHING = object()


def cut(content: Content, shape: Shape) -> Content:
    """`content` without fields and values that are not as `shape` declares.

    What is cut is always a field: an element cut out of a list would move those behind it, so its list goes.
    """
    kept = _cut(content, shape)
    return kept if isinstance(kept, dict) else {}


def _cut(value: Any, shape: Shape) -> Any:
    if json_type(value) not in shape.types:
        return _NOTHING
    if isinstance(value, dict) and shape.fields is not None:
        kept = {
            name: _cut(inner, shape.fields[name]) if name in shape.fields else inner
            for name, inner in value.items()
            if shape.is_open or name in shape.fields
        }
        return {name: inner for name, inner in kept.items() if inner is not _NOTHING}
    if isinstance(value, list):
        elements = [_cut(inner, shape.element(place)) for place, inner in enumerate(value)]
        return _NOTHING if any(inner is _NOTHING for inner in elements) else elements
    return value


class Watch:
    """What drifts in one batch, told by its records one after another."""

    def __init__(
        self,
        reads: Iterable[Path],
        carried: Collection[str],
        stream: str,
        shower: Shower,
        contents: Callable[[], Iterable[Content]],
    ) -> None:
        """reads: paths that the mapping reads, every place of a list 0. carried: fields that `pages` puts into every
        record, with null where the enclosing element has none. contents: reads those of the whole batch once more.
        """
        self._unseen = list(reads)
        self._carried, self._stream, self._shower = carried, stream, shower
        self._contents, self._seen = contents, 0
        self._names: dict[Path, str] = {}
        self._new: Counter[str] = Counter()
        self._retyped: Counter[Path] = Counter()
        self._held: set[Path] = set()

    def see(self, content: Content, stray: Stray | None) -> None:
        """Count a record. stray: what is not as declared in it."""
        self.see_plain(1, lambda path: self.has(content, path))
        if stray:
            # Not a set: a batch that is made again must tell the same in the same order.
            for name in dict.fromkeys(map(self._name, stray.new)):
                self._new[name] += 1
            for path in stray.retyped:
                self._retyped[path] += 1

    def see_plain(self, count: int, has: Callable[[Path], bool], held: Set[Path] = frozenset()) -> None:
        """Count records that are as declared. has: whether any of them holds a field, by its path. held: fields of
        which that is known already.
        """
        self._seen += count
        self._held |= held
        if self._unseen:
            self._unseen = [path for path in self._unseen if not has(path)]

    @property
    def has_strays(self) -> bool:
        """Whether any record held what is not declared."""
        return bool(self._new or self._retyped)

    def drift(self) -> tuple[Drift, ...]:
        """What drifted in the batch, each field once."""
        gone = {self._shower.field(path): self._seen for path in self._unseen if self._seen and self._is_gone(path)}
        retyped = {
            self._shower.field(path): count
            for path, count in self._retyped.items()
            if path not in self._unseen and self._is_all(path, count)
        }
        counted: dict[Change, Mapping[str, int]] = {"field_new": self._new, "field_gone": gone, "type_changed": retyped}
        return tuple(Drift(change, name, n) for change, fields in counted.items() for name, n in fields.items())

    def findings(self, content: Content, stray: Stray) -> list[Finding]:
        """A finding for each new field of a record that was seen."""
        return [
            Finding(
                stage="schema",
                rule=f"{'record' if self._name(general) == OTHERS else self._shower.slug(path)}_undeclared",
                kind="undeclared",
                place=self._shower.place(path),
                value=self._shower.undeclared(_value(content, path)),
                params={"stream": self._stream},
            )
            for general, path in stray.new.items()
        ]

    def _name(self, path: Path) -> str:
        if path not in self._names and len(self._names) < MOST:
            self._names[path] = self._shower.field(path)
        return self._names.get(path, OTHERS)

    def has(self, content: Content, path: Path) -> bool:
        """Whether `content` holds a field, and not only because it is carried into every record."""
        first = str(path[0])
        return _holds(content, path) and not (first in self._carried and content[first] is None)

    def _is_gone(self, path: Path) -> bool:
        """Whether a field that was not seen could have been: in empty lists nothing is missing."""
        return all(isinstance(key, str) for key in path) or any(_lacks(content, path) for content in self._contents())

    def _is_all(self, path: Path, count: int) -> bool:
        """Whether no more than the `count` records in which it has another type hold the field at all."""
        if path in self._held:
            return False
        holding = (content for content in self._contents() if _holds(content, path))
        return sum(1 for _ in islice(holding, count + 1)) == count


def _value(content: Any, path: Path) -> Any:
    for key in path:
        content = content[key]
    return content


def _lacks(value: Any, path: Path) -> bool:
    """Whether an object on the way lacks the next key; an empty list lacks nothing."""
    for depth, key in enumerate(path, start=1):
        if isinstance(key, int):
            return any(_lacks(inner, path[depth:]) for inner in (value if isinstance(value, list) else [value]))
        if not isinstance(value, dict) or key not in value:
            return True
        value = value[key]
    return False


def _holds(value: Any, path: Path) -> bool:
    for depth, key in enumerate(path, start=1):
        if isinstance(key, int):
            # A list of one may have come as its element.
            elements = value if isinstance(value, list) else [value]
            return any(_holds(inner, path[depth:]) for inner in elements)
        if not isinstance(value, dict) or key not in value:
            return False
        value = value[key]
    return True
