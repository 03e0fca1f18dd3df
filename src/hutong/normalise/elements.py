"""Which parts of a record become rows of one dataset: `each`, `when` and `rest`, compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from hutong.model.mapping import Mapping, Rows, When
from hutong.model.path import UP, Keys, Level, Path, read_each
from hutong.normalise.reading import Raw, Unreadable, compile_match, compile_path


@dataclass(frozen=True, slots=True)
class Element:
    """What rules read: a record, or an element of one of its lists. levels: the way to it from the record."""

    raw: Raw
    levels: tuple[Level, ...] = ()


Elements = Callable[[Raw], Iterator[Element]]
"""From a record to its elements; raises Unreadable where one cannot be found or judged."""
Inner = Callable[[Element], Iterator[Element]]
Takes = Callable[[Raw], bool]


def compile_elements(rows: Rows, mapping: Mapping) -> Elements:
    """A function from a record to its elements that go to the dataset of `rows`, a part of `mapping`."""
    lists = () if rows.each is None else tuple(_list_at(keys) for keys in read_each(rows.each))
    takes = _takes(rows, mapping)

    def elements(content: Raw) -> Iterator[Element]:
        for element in _opened(Element(content), lists):
            try:
                is_taken = takes(element.raw)
            except Unreadable as wrong:
                wrong.levels = element.levels
                raise
            if is_taken:
                yield element

    return elements


def _opened(element: Element, lists: tuple[Inner, ...]) -> Iterator[Element]:
    if not lists:
        yield element
        return
    for inner in lists[0](element):
        yield from _opened(inner, lists[1:])


def _list_at(keys: Keys) -> Inner:
    """A function from an element to those of its list at `keys`. Absent, null and the empty text of XML are an empty
    list; what stands there without being a list is its only element, since XML has no lists of one.
    """
    path = str(Path(0, keys))
    look = compile_path(path, "each")

    def inner(element: Element) -> Iterator[Element]:
        try:
            found = look(element.raw)
            for level, one in _numbered(found, keys):
                if not isinstance(one, dict):
                    raise Unreadable(path, one, "each")
                yield Element({**one, UP: element.raw}, (*element.levels, level))
        except Unreadable as wrong:
            wrong.levels = element.levels
            raise

    return inner


def _numbered(found: Any, keys: Keys) -> list[tuple[Level, Any]]:
    if found is None or found == "":
        return []
    return [((*keys, place), one) for place, one in enumerate(found)] if isinstance(found, list) else [(keys, found)]


def _takes(rows: Rows, mapping: Mapping) -> Takes:
    """Whether an element goes to the dataset of `rows`."""
    if rows.when is not None:
        return _compile_when(rows.when)
    if not rows.rest:
        return lambda raw: True
    others = [_compile_when(part.when) for part in mapping.rows if part.when is not None and part.each == rows.each]
    return lambda raw: not any(takes(raw) for takes in others)


def _compile_when(when: When) -> Takes:
    look, is_in = compile_path(when.from_, "when"), when.in_ is not None
    stated = (when.in_ if is_in else when.not_in) or []
    matches, with_null = compile_match(stated), None in stated

    def takes(raw: Raw) -> bool:
        value = look(raw)
        return (with_null if value is None else matches(value)) == is_in

    return takes
