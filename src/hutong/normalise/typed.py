"""JSON Schemas as types of a strict decoder, as far as the decoder can hold records against them."""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from hutong.model.connector import JsonSchema
from hutong.model.path import Level
from hutong.normalise.columns.filling import EXACT

Sort = Literal["object", "text", "texts", "other"]


class Unknown(Exception):
    """The schema says something that cannot be a type."""


class Member(NamedTuple):
    """A member of an object: its path, the attribute that holds it, whether it is always there, and what it holds."""

    path: tuple[str, ...]
    attribute: str
    is_needed: bool
    sort: Sort


_WORDS = frozenset(
    {"title", "description", "$comment", "examples", "default", "$schema", "$id", "format", "deprecated"}
)
"""Keywords that demand nothing; `format` does not either, as hutong reads JSON Schema."""
_COUNTS = ("min_length", "max_length")
_UNSPELLABLE = re.compile(r'["\\:\x00-\x1f]')


class Types:
    """JSON Schemas as types. members: path of an object -> its members."""

    def __init__(self) -> None:
        self.members: dict[Level, list[Member]] = {}

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
        members = self.members[path] = []
        for number, (name, part) in enumerate(properties.items()):
            if _UNSPELLABLE.search(name):
                raise Unknown("a name with marks that JSON escapes")
            # A name of our own: a member may be called anything else.
            field = f"field_{number}"
            kind = self.of(part, (*path, name))
            rename[field] = name
            members.append(Member((*path, name), field, name in required, _sort(part)))
            fields.append((field, kind) if name in required else (field, kind | UnsetType, UNSET))
        return msgspec.defstruct(
            "Object", fields, rename=rename, kw_only=True, forbid_unknown_fields=True, gc=False, omit_defaults=True
        )

    def _array(self, schema: JsonSchema, path: tuple[str, ...]) -> Any:
        _only(schema, "items", "minItems", "maxItems")
        items = schema.get("items")
        if not isinstance(items, dict) or "object" in (items.get("type") or ()):
            raise Unknown("a list of objects, or of anything")
        bounds = {"min_length": schema.get("minItems"), "max_length": schema.get("maxItems")}
        element: Any = self.of(items, (*path, "[]"))
        return Annotated[list[element], _meta(bounds)]


def _only(schema: JsonSchema, *known: str) -> None:
    unknown = set(schema) - _WORDS - {"type", *known}
    if unknown:
        raise Unknown(f"the keyword {min(unknown)}")


def _meta(bounds: Mapping[str, Any]) -> Meta:
    # JSON Schema counts up to 3.0 as well.
    whole = {name: value for name, value in bounds.items() if value is not None and name in _COUNTS}
    if any(value != int(value) or value > sys.maxsize for value in whole.values()):
        raise Unknown("a count that is none")
    counts = {name: int(value) for name, value in whole.items()}
    return Meta(**{name: value for name, value in bounds.items() if value is not None} | counts)


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


_FEW = re.compile(r"\?|\{[0-9](?:,[0-9])?\}")
"""Counts that leave few ways."""


def python_pattern(pattern: str) -> str:
    r"""`pattern` of a JSON Schema (ECMA 262) as Python's `re` reads it alike. Raises Unknown where it might not.

    Plain characters, sets of them, groups, \d and counts are taken; `$` is the very end and \d an ASCII digit.
    """
    inner = pattern.removeprefix("^")
    is_ended = inner.endswith("$") and not inner.endswith(r"\$")
    inner = inner.removesuffix("$") if is_ended else inner
    at, is_counted = 0, True
    # Of the groups that are open, and of the one that was closed last: whether it can match one text in several ways.
    is_loose, was_loose = [False], False
    while at < len(inner):
        token = _TOKEN.match(inner, at)
        # A count of a count is a greedy habit in one language, and an error or another thing in the other.
        if token is None or (token["count"] and is_counted):
            raise Unknown(f"the pattern {pattern}")
        if token["count"] and inner[at - 1] == ")" and was_loose and not _FEW.fullmatch(token["count"]):
            # Python tries all of these ways before it says no, and twice as many with each further letter.
            raise Unknown(f"the pattern {pattern}")
        if token[0] in ("(", "(?:"):
            is_loose.append(False)
        elif token[0] == ")" and len(is_loose) > 1:
            was_loose = is_loose.pop()
            is_loose[-1] |= was_loose
        elif token["count"] or token[0] == "|":
            is_loose[-1] = True
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
    low = int(bounds["gt"]) + 1 if "gt" in bounds else int(bounds.get("ge", -(2**63)))
    high = int(bounds["lt"]) - 1 if "lt" in bounds else int(bounds.get("le", 2**63 - 1))
    if any(not -(2**63) <= value < 2**63 for value in (low, high)):
        raise Unknown("a bound beyond 64 bits")
    return Annotated[int, Meta(ge=low, le=high)]


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


def _sort(schema: Any) -> Sort:
    """What a value of `schema`, which is a type already, holds."""
    if "enum" in schema or "const" in schema:
        values = [schema["const"]] if "const" in schema else schema["enum"]
        return "text" if any(isinstance(value, str) for value in values) else "other"
    named = schema["type"]
    kind = next(one for one in ([named] if isinstance(named, str) else named) if one != "null")
    if kind == "array":
        return "texts" if _sort(schema["items"]) in ("text", "texts") else "other"
    return "text" if kind == "string" else "object" if kind == "object" else "other"
