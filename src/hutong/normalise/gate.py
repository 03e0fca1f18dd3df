"""The gate: a strict decoder, compiled from the JSON Schema of a stream's records, that lets the good ones through.

It works on the bytes of each record and is sound: what it passes, the schema wants, and nothing in it is undeclared,
stands twice, or is another value than the reference path reads. Whatever it is not sure of it leaves to the others:
it says no to 5.0 for an integer, to numbers of 2**53 and more, and to halves of surrogate pairs, and it is not made at
all for a schema with a keyword that it does not know.

How it stays sound: msgspec refuses wrong types, absent and unknown members, and values out of bounds. Of two members
of one name it takes the last without a word; so every passed record is written again, and the quotation marks are
counted: a second member has at least two more than what was understood of it. Polars then reads what was written, so
it sees nothing but what msgspec understood.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Mapping
from functools import reduce
from io import BytesIO
from typing import Annotated, Any, Literal, NamedTuple, get_args

import msgspec
import numpy as np
import numpy.typing as npt
import polars as pl
from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from hutong.model.connector import JsonSchema, Stream
from hutong.model.endpoint import Soap
from hutong.model.format import GeoJson, Json
from hutong.model.path import Level
from hutong.normalise.columns.filling import EXACT
from hutong.pages.formats import LANDED
from hutong.pages.formats.json import parse
from hutong.pages.garbled import Garbled
from hutong.pages.select import USUAL
from hutong.pages.text import utf8_bytes
from hutong.store.landing import LandedPage

log = logging.getLogger(__name__)

_WORDS = frozenset(
    {"title", "description", "$comment", "examples", "default", "$schema", "$id", "format", "deprecated"}
)
"""Keywords that demand nothing; `format` does not either, as hutong reads JSON Schema."""
_UNSPELLABLE = re.compile(r'["\\\x00-\x1f]')
_QUOTE = ord('"')


class Unknown(Exception):
    """The schema says something that the gate does not know."""


class Piece(NamedTuple):
    """The records of one page: their bytes, and the values that they carry, one for each."""

    raws: list[Raw]
    carried: list[list[Any]]


class Sifted(NamedTuple):
    """The records that passed: as they were understood, as lines of JSON, and their places among those asked; and the
    places of the others.
    """

    records: list[Any]
    lines: bytes
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
        types = _Types()
        self._record = msgspec.json.Decoder(types.record(schema, stream.carry))
        self._names = types.names
        self._own = {path: kind for path, kind in leaves.items() if path not in stream.carry}
        self._read = _nested(self._own)
        self._envelope = msgspec.json.Decoder(_envelope(stream, schema))
        self._steps = _steps(stream)
        self._climbs = [(f"carried_{at}", _climb(where)[0]) for at, where in enumerate(stream.carry.values())]
        self._write = msgspec.json.Encoder().encode_lines

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
        lines = self._write(records)
        kept = (raw for place, raw in enumerate(raws) if place not in odd) if odd else raws
        if not _says_the_same(b"\n".join(kept), lines):
            places = (place for place in range(len(raws)) if place not in odd)
            sure: list[Any] = []
            for place, record in zip(list(places), records, strict=True):
                if _says_the_same(bytes(raws[place]), self._write([record])):
                    sure.append(record)
                else:
                    odd.add(place)
            records, lines = sure, self._write(sure)
        return Sifted(records, lines, np.delete(np.arange(len(raws)), sorted(odd)), sorted(odd))

    def leaves(self, lines: bytes, places: npt.NDArray[np.int64], carried: list[list[Any]]) -> list[pl.Series]:
        """The leaves of sifted records, a column for each path. carried: one value for each record that was asked.

        Needs no lock of Python's for most of its time.
        """
        columns: list[pl.Series] = []
        if self._own and len(places):
            columns += pl.read_ndjson(BytesIO(lines), schema=self._read.schema).select(self._read.leaves).get_columns()
        else:
            columns += [pl.Series(path, [], kind) for path, kind in self._own.items()]
        for name, values in zip(self._carried, carried, strict=True):
            if name in self._leaves:
                column = pl.Series(name, values, self._leaves[name], strict=True)
                columns.append(column if len(places) == len(values) else column.gather(places))
        if any(len(column) != len(places) for column in columns):
            raise AssertionError("polars reads another number of records than were written")
        return columns

    def holds(self, path: Level, records: list[Any], leaves: pl.DataFrame) -> bool:
        """Whether any of sifted records, whose leaves these are, holds a field, by its path.

        A carried field is always there, and counts when it is not null.
        """
        dotted = ".".join(map(str, path))
        if dotted in leaves.columns and leaves[dotted].null_count() < leaves.height:
            return True
        return path[0] not in self._carried and any(self._stands(record, path) for record in records)

    def _stands(self, record: Any, path: Level) -> bool:
        for depth in range(1, len(path) + 1):
            field = self._names.get(path[:depth])
            if field is None or not isinstance(record, Struct):
                return False
            record = getattr(record, field, UNSET)
            if record is UNSET:
                return False
        return True


def compile_gate(schema: JsonSchema, stream: Stream, leaves: Mapping[str, pl.DataType]) -> Gate | None:
    """The gate of a stream; None where there can be none, and its records are read as plain data."""
    try:
        return Gate(schema, stream, leaves)
    except Unknown as wrong:
        log.debug("no gate for '%s', because it does not know %s", stream.title.en, wrong)
        return None


def _says_the_same(source: bytes, lines: bytes) -> bool:
    # A quotation mark within a text stands behind a backslash in both, unless it is spelled by its number.
    return _quotes(source) == _quotes(lines) and b"\\u0022" not in source


def _quotes(text: bytes) -> int:
    return int(np.count_nonzero(np.frombuffer(text, np.uint8) == _QUOTE))


class _Types:
    """JSON Schemas as types. names: path of a member -> the attribute that holds it."""

    def __init__(self) -> None:
        self.names: dict[Level, str] = {}

    def record(self, schema: JsonSchema, without: Collection[str]) -> Any:
        """The type of a record, less the members `without`."""
        required = [name for name in schema.get("required", ()) if name not in without]
        own = {name: part for name, part in schema.get("properties", {}).items() if name not in without}
        return self._object({**schema, "required": required, "properties": own}, ())

    def of(self, schema: Any, path: tuple[str, ...]) -> Any:
        """The type of the value at `path`."""
        if not isinstance(schema, dict):
            raise Unknown("a schema that is no object")
        named = schema.get("type")
        kinds = [named] if isinstance(named, str) else list(named or ())
        if ("enum" in schema) != ("const" in schema):
            return _enumerated(schema, kinds)
        plain = [kind for kind in kinds if kind != "null"]
        if len(plain) != 1:
            raise Unknown("several types, or none")
        found = self._plain(plain[0], schema, path)
        return found | None if "null" in kinds else found

    def _plain(self, kind: str, schema: JsonSchema, path: tuple[str, ...]) -> Any:
        match kind:
            case "object":
                return self._object(schema, path)
            case "array":
                return self._array(schema, path)
            case "string":
                return _text(schema)
            case "integer":
                return _whole(schema)
            case "number":
                return _number(schema)
            case "boolean":
                _only(schema)
                return bool
        raise Unknown("another type")

    def _object(self, schema: JsonSchema, path: tuple[str, ...]) -> type[Struct]:
        _only(schema, "properties", "required", "additionalProperties")
        properties, required = schema.get("properties"), set(schema.get("required", ()))
        # Of any other object nothing is declared, so that nothing in it can be undeclared.
        if not properties or not required <= set(properties) or isinstance(schema.get("additionalProperties"), dict):
            raise Unknown("an object of which nothing is declared")
        fields: list[Any] = []
        rename: dict[str, str] = {}
        for number, (name, part) in enumerate(properties.items()):
            if _UNSPELLABLE.search(name):
                raise Unknown("a name with marks that JSON escapes")
            # A name of our own: a member may be called anything else.
            field = f"field_{number}"
            kind = self.of(part, (*path, name))
            rename[field], self.names[(*path, name)] = name, field
            fields.append((field, kind) if name in required else (field, kind | UnsetType, UNSET))
        return msgspec.defstruct(
            "Object", fields, rename=rename, kw_only=True, forbid_unknown_fields=True, gc=False, omit_defaults=True
        )

    def _array(self, schema: JsonSchema, path: tuple[str, ...]) -> Any:
        _only(schema, "items", "minItems", "maxItems")
        items = schema.get("items")
        if not isinstance(items, dict) or items.get("type") == "object":
            raise Unknown("a list of objects, or of anything")
        bounds = {"min_length": schema.get("minItems"), "max_length": schema.get("maxItems")}
        return Annotated[list[self.of(items, (*path, "[]"))], _meta(bounds)]  # type: ignore[misc]


def _only(schema: JsonSchema, *known: str) -> None:
    unknown = set(schema) - _WORDS - {"type", *known}
    if unknown:
        raise Unknown(f"the keyword {min(unknown)}")


def _meta(bounds: Mapping[str, Any]) -> Meta:
    return Meta(**{name: value for name, value in bounds.items() if value is not None})


def _text(schema: JsonSchema) -> Any:
    _only(schema, "minLength", "maxLength", "pattern")
    pattern = schema.get("pattern")
    return Annotated[
        str,
        _meta(
            {
                "min_length": schema.get("minLength"),
                "max_length": schema.get("maxLength"),
                "pattern": None if pattern is None else python_pattern(pattern),
            }
        ),
    ]


_TOKEN = re.compile(
    r"[^\\.^$|()\[\]*+?{}]"  # a plain character
    r"|\\d|\\[.\\/()\[\]{}|+*?^$-]"  # a digit, a mark
    r"|\[\^?(?:(?!--)[^\\\[\]^&~])+\]"  # a set
    r"|\((?:\?:)?|\)|\|"  # groups and alternatives
    r"|(?P<count>[*+?]|\{[0-9]+(?:,[0-9]*)?\})"
)


def python_pattern(pattern: str) -> str:
    r"""`pattern` of a JSON Schema (ECMA 262) as Python's `re` reads it alike. Raises Unknown where it might not.

    Plain characters, sets of them, groups, \d and counts are taken; `$` is the very end and \d an ASCII digit.
    """
    inner = pattern.removeprefix("^")
    is_ended = inner.endswith("$") and not inner.endswith(r"\$")
    inner = inner.removesuffix("$") if is_ended else inner
    at, is_counted = 0, True
    while at < len(inner):
        token = _TOKEN.match(inner, at)
        # A count of a count is a greedy habit in one language, and an error or another thing in the other.
        if token is None or (token["count"] and is_counted):
            raise Unknown(f"the pattern {pattern}")
        at, is_counted = token.end(), bool(token["count"]) or token[0] in ("(", "(?:", "|")
    start = "^" if pattern.startswith("^") else ""
    return start + inner.replace(r"\d", "[0-9]") + (r"\Z" if is_ended else "")


def _bounds(schema: JsonSchema) -> dict[str, Any]:
    _only(schema, "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum")
    names = {"ge": "minimum", "le": "maximum", "gt": "exclusiveMinimum", "lt": "exclusiveMaximum"}
    bounds = {name: schema[word] for name, word in names.items() if word in schema}
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in bounds.values()):
        raise Unknown("a bound that is no number")
    if {"ge", "gt"} <= set(bounds) or {"le", "lt"} <= set(bounds):
        raise Unknown("two bounds on one side")
    return bounds


def _whole(schema: JsonSchema) -> Any:
    bounds = _bounds(schema)
    if any(value != int(value) for value in bounds.values()):
        raise Unknown("a bound between whole numbers")
    bounds = {name: int(value) for name, value in bounds.items()}
    if not {"ge", "gt"} & set(bounds):
        bounds["ge"] = -(2**63)
    if not {"le", "lt"} & set(bounds):
        bounds["le"] = 2**63 - 1
    if any(not -(2**63) <= value < 2**63 for value in bounds.values()):
        raise Unknown("a bound beyond 64 bits")
    return Annotated[int, Meta(**bounds)]


def _number(schema: JsonSchema) -> Any:
    # Beyond, two different whole numbers are one double, and a bound between them could not be told.
    bounds = _bounds(schema)
    if any(abs(value) >= EXACT for value in bounds.values()):
        raise Unknown("a bound beyond 2**53")
    if not {"ge", "gt"} & set(bounds):
        bounds["gt"] = -EXACT
    if not {"le", "lt"} & set(bounds):
        bounds["lt"] = EXACT
    return Annotated[float, _meta({name: float(value) for name, value in bounds.items()})]


def _enumerated(schema: JsonSchema, kinds: list[str]) -> Any:
    _only(schema, "enum", "const")
    values = [schema["const"]] if "const" in schema else schema["enum"]
    plain = [value for value in values if value is not None]
    types = set(map(type, plain))
    wanted = {str: "string", int: "integer"}
    if len(types) != 1 or (kind := wanted.get(types.pop())) is None:
        raise Unknown("values of several types")
    if kinds and not ({kind, "number"} if kind == "integer" else {kind}) & set(kinds):
        raise Unknown("values of another type than the field's")
    if kind == "integer" and any(not -EXACT < value < EXACT for value in plain):
        raise Unknown("a value beyond 2**53")
    found: Any = Literal[tuple(plain)]
    return found | None if None in values and (not kinds or "null" in kinds) else found


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
    types = _Types()
    for at, (name, where) in enumerate(stream.carry.items()):
        up, path = _climb(where)
        if not 1 <= up <= len(steps):
            raise Unknown("a carried field of no object")
        carried[-up].append((f"carried_{at}", path, types.of(schema["properties"][name], (name,))))
    kind: Any = Raw
    for depth in reversed(range(len(steps))):
        kind = _level(steps[depth], kind, carried[depth], is_root=depth == 0)
    return kind


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


class _Nested(NamedTuple):
    """How polars reads leaves: the schema of its lines, and an expression for each path."""

    schema: dict[str, pl.DataType]
    leaves: list[pl.Expr]


def _nested(leaves: Mapping[str, pl.DataType]) -> _Nested:
    tree: dict[str, Any] = {}
    for path, kind in leaves.items():
        *parents, last = path.split(".")
        reduce(lambda here, name: here.setdefault(name, {}), parents, tree)[last] = kind

    def kind_of(part: Any) -> Any:
        return pl.Struct({name: kind_of(inner) for name, inner in part.items()}) if isinstance(part, dict) else part

    def leaf(path: str) -> pl.Expr:
        first, *rest = path.split(".")
        return reduce(lambda here, name: here.struct.field(name), rest, pl.col(first)).alias(path)

    return _Nested({name: kind_of(part) for name, part in tree.items()}, [leaf(path) for path in leaves])
