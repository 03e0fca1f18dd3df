"""The gate: a strict decoder, compiled from the JSON Schema of a stream's records, that lets the good ones through.

It works on the bytes of each record and is sound: what it passes, the schema wants, and nothing in it is undeclared,
stands twice, or is another value than the reference path reads. Whatever it is not sure of it leaves to the others:
it says no to 5.0 for an integer, to numbers of 2**53 and more, and to halves of surrogate pairs, and it is not made at
all for a schema with a keyword that it does not know.

How it stays sound: msgspec refuses wrong types, absent and unknown members, and values out of bounds. Of two members
of one name it takes the last without a word; so colons are counted. What was understood has one behind each member and
those within texts; a member that was lost leaves one over, unless a text spells its colons by their number, and such
records are left to others. Columns are made of what msgspec understood and of nothing else.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple, get_args

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl
from msgspec import UNSET, Raw, Struct

from hutong.model.connector import JsonSchema, Stream
from hutong.model.endpoint import Soap
from hutong.model.format import GeoJson, Json
from hutong.model.path import Level
from hutong.normalise.loading import column_of_lists
from hutong.normalise.typed import Types, Unknown
from hutong.pages.formats import LANDED
from hutong.pages.formats.json import parse
from hutong.pages.garbled import Garbled
from hutong.pages.select import USUAL
from hutong.pages.text import utf8_bytes
from hutong.store.landing import LandedPage

log = logging.getLogger(__name__)

_COLON = ord(":")
_BLOCK = 1 << 17


class Piece(NamedTuple):
    """The records of one page: their bytes, and the values that they carry, one for each."""

    raws: list[Raw]
    carried: list[list[Any]]


class Sifted(NamedTuple):
    """The records that passed: the values of their leaves, the paths of members that any of them holds, and their
    places among those asked; and the places of the others.
    """

    leaves: dict[str, list[Any]]
    held: set[Level]
    places: npt.NDArray[np.int64]
    others: list[int]


class Gate:
    """The decoder of one stream's records."""

    def __init__(self, schema: JsonSchema, stream: Stream, leaves: Mapping[str, pl.DataType]) -> None:
        """leaves: paths to read -> types of their columns. Raises Unknown."""
        form = stream.format
        if not isinstance(form, Json | GeoJson) or form.holds_several or isinstance(stream.endpoint, Soap):
            raise Unknown("the format")
        self._encoding = form.encoding
        self._carried = list(stream.carry)
        self._leaves = leaves
        types = Types()
        self._record = msgspec.json.Decoder(types.record(schema, stream.carry))
        self._members = types.members
        self._own = {path: kind for path, kind in leaves.items() if path not in stream.carry}
        self._envelope = msgspec.json.Decoder(_envelope(stream, schema))
        self._steps = _steps(stream)
        self._climbs = [(f"carried_{at}", _climb(where)[0]) for at, where in enumerate(stream.carry.values())]

    def split(self, page: LandedPage) -> Piece | None:
        """The records of `page` by themselves; None when the page is to be read in another way."""
        if not page.body:
            return Piece([], [[] for _ in self._carried])
        body = utf8_bytes(page.body, page.content_type, self._encoding)
        if body is None:
            return None
        try:
            found = self._envelope.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None
        piece = Piece([], [[] for _ in self._carried])
        self._gather(found, 0, [], piece)
        return piece

    def _gather(self, here: Any, depth: int, parents: list[Any], piece: Piece) -> None:
        """Put the records that lie in `here`, an object of the step `depth`, into `piece`."""
        elements = here
        for _ in self._steps[depth]:
            elements = elements.elements
            if elements is None:
                return
        if depth + 1 < len(self._steps):
            for element in elements:
                self._gather(element, depth + 1, [*parents, here], piece)
            return
        piece.raws.extend(elements)
        enclosing = [*parents, here]
        for values, (field, up) in zip(piece.carried, self._climbs, strict=True):
            values.extend([getattr(enclosing[-up], field)] * len(elements))

    def content(self, piece: Piece, place: int) -> Any:
        """What the record at `place` says, read as strictly as any page; None when it is to be read in another way."""
        try:
            found = parse(bytes(piece.raws[place]).decode(), LANDED)
        except (Garbled, UnicodeDecodeError):
            return None
        found = found if isinstance(found, dict) else {"value": found}
        return {**found, **{name: values[place] for name, values in zip(self._carried, piece.carried, strict=True)}}

    def sift(self, raws: list[Raw]) -> Sifted:
        """Those of `raws` that are surely as the schema wants."""
        decode, records, odd = self._record.decode, [], set[int]()
        for place, raw in enumerate(raws):
            try:
                records.append(decode(raw))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                odd.add(place)
        opened = self._opened(records)
        # As they are refused already, it matters little what is told of these.
        refused = sum(bytes(raws[place]).count(b":") for place in odd)
        if not _holds_all(b"\n".join(raws), opened.colons + refused):
            places = (place for place in range(len(raws)) if place not in odd)
            sure: list[Any] = []
            for place, record in zip(list(places), records, strict=True):
                if _holds_all(bytes(raws[place]), self._opened([record]).colons):
                    sure.append(record)
                else:
                    odd.add(place)
            opened = self._opened(sure)
        return Sifted(opened.leaves, opened.held, np.delete(np.arange(len(raws)), sorted(odd)), sorted(odd))

    def _opened(self, records: list[Any]) -> _Opened:
        """The leaves of `records`, the members they hold, and how many colons these and their texts have."""
        opened = _Opened({}, set(), 0)
        self._open((), records, opened, is_whole=True)
        return opened

    def _open(self, path: Level, objects: list[Any], opened: _Opened, *, is_whole: bool) -> None:
        """Open the objects that stand at `path`, one for each record; None where there is none, unless `is_whole`."""
        count = len(objects) if is_whole else len(objects) - objects.count(None)
        for member in self._members[path]:
            leaf = ".".join(member.path)
            if member.is_needed and member.sort == "other" and leaf not in self._own:
                opened.hold(member.path, count)
                continue
            read = attrgetter(member.attribute)
            values = list(map(read, objects) if is_whole else (None if one is None else read(one) for one in objects))
            absent = 0 if member.is_needed else values.count(UNSET)
            opened.hold(member.path, count - absent)
            if absent:
                values = [None if value is UNSET else value for value in values]
            if leaf in self._own:
                opened.leaves[leaf] = values
            if member.sort == "text":
                opened.colons += "".join(filter(None, values)).count(":")
            elif member.sort == "texts":
                opened.colons += sum(map(_colons_within, values))
            elif member.sort == "object":
                self._open(member.path, values, opened, is_whole=is_whole and None not in values)

    def columns(self, sifted: Sifted, carried: list[list[Any]]) -> list[pl.Series]:
        """The leaves of sifted records, a column for each path. carried: one value for each record that was asked."""
        columns = [_column(path, sifted.leaves[path], kind) for path, kind in self._own.items()]
        for name, values in zip(self._carried, carried, strict=True):
            if name in self._leaves:
                column = pl.Series(name, values, self._leaves[name], strict=True)
                columns.append(column if len(sifted.places) == len(values) else column.gather(sifted.places))
        return columns

    def holds(self, path: Level, sifted: Sifted, leaves: pl.DataFrame) -> bool:
        """Whether any of sifted records, whose leaves these are, holds a field, by its path.

        A carried field is always there, and counts when it is not null.
        """
        if path[0] not in self._carried:
            return path in sifted.held
        dotted = ".".join(map(str, path))
        return dotted in leaves.columns and leaves[dotted].null_count() < leaves.height


def _column(path: str, values: list[Any], kind: pl.DataType) -> pl.Series:
    found = column_of_lists(path, values, kind) if isinstance(kind, pl.List) else None
    return pl.Series(path, values, kind, strict=True) if found is None else found


@dataclass(slots=True)
class _Opened:
    """leaves: path -> values, one for each record. held: paths of members that some record has."""

    leaves: dict[str, list[Any]]
    held: set[Level]
    colons: int

    def hold(self, path: Level, count: int) -> None:
        """Note that `count` members stand at `path`, each with a colon behind its name."""
        self.colons += count
        if count:
            self.held.add(path)


def compile_gate(schema: JsonSchema, stream: Stream, leaves: Mapping[str, pl.DataType]) -> Gate | None:
    """The gate of a stream; None where there can be none, and its records are read as plain data."""
    try:
        return Gate(schema, stream, leaves)
    except Unknown as wrong:
        log.debug("no gate for '%s', because it does not know %s", stream.title.en, wrong)
        return None


def _holds_all(source: bytes, colons: int) -> bool:
    """Whether what was understood of `source`, with so many `colons`, is all that it holds."""
    # Of a single byte the search is ten times as fast, and most have none.
    if b"\\" in source and (b"\\u003a" in source or b"\\u003A" in source):
        return False
    found = np.frombuffer(source, np.uint8)
    # In blocks that stay in the processor's cache.
    blocks = (found[start : start + _BLOCK] for start in range(0, len(found), _BLOCK))
    return sum(int(np.count_nonzero(block == _COLON)) for block in blocks) == colons


def _colons_within(found: Any) -> int:
    if isinstance(found, str):
        return found.count(":")
    return sum(map(_colons_within, found)) if isinstance(found, list) else 0


def _steps(stream: Stream) -> list[list[str]]:
    """Names that lead from one list to the next, down to that of the records."""
    path = stream.data_selector or USUAL.get(stream.format.type, "")
    steps = [step.strip(".") for step in path.removesuffix("[]").split("[]")]
    return [step.split(".") if step else [] for step in steps]


def _climb(where: str) -> tuple[int, str]:
    """How far up a carried path climbs, and the path from there."""
    return len(where) - len(where.lstrip("^")), where.lstrip("^.")


def _envelope(stream: Stream, schema: JsonSchema) -> Any:
    """The type of a page, in which every record is left as its bytes, and what records carry is read."""
    steps = _steps(stream)
    if steps == [[]] and not stream.carry:
        return list[Raw]
    if not all(steps):
        raise Unknown("lists in lists")
    carried: list[list[tuple[str, str, Any]]] = [[] for _ in steps]
    types = Types()
    for at, (name, where) in enumerate(stream.carry.items()):
        up, path = _climb(where)
        if not 1 <= up <= len(steps):
            raise Unknown("a carried field of no object")
        if "." in name or name not in schema.get("properties", {}):
            raise Unknown("a carried field that no path leads to")
        kind: Any = types.of(schema["properties"][name], (name,))
        if types.members:
            # It goes into its records as it is understood, and an object would not be plain data.
            raise Unknown("a carried object")
        carried[-up].append((f"carried_{at}", path, kind))
    found: Any = Raw
    for depth in reversed(range(len(steps))):
        found = _level(steps[depth], found, carried[depth], is_root=depth == 0)
    return found


def _level(names: list[str], element: Any, carried: list[tuple[str, str, Any]], *, is_root: bool) -> type[Struct]:
    """The type of an object that leads by `names` to a list of `element`, with the fields that records carry from it.

    At the root the first name must be there; anywhere else null and absent are an empty list.
    """
    inner: Any = list[element] | None
    for name in reversed(names[1:]):
        inner = msgspec.defstruct("Inner", [("elements", inner, None)], rename={"elements": name}) | None
    paths = [path for _, path, _ in carried]
    if any("." in path for path in paths) or len({*paths, names[0]}) <= len(paths):
        raise Unknown("carried fields that lie deeper, or twice")
    fields: list[Any] = [("elements", inner) if is_root else ("elements", inner, None)]
    for field, _, kind in carried:
        # A carried field that is absent is null.
        fields.append((field, kind, None) if type(None) in get_args(kind) else (field, kind))
    rename = {"elements": names[0], **{field: path for field, path, _ in carried}}
    return msgspec.defstruct("Level", fields, rename=rename, kw_only=True)
