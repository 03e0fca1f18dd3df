"""The fields of a raw record as its JSON Schema declares them, in one list."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hutong.model.connector import JsonSchema

DEEPEST = 12
"""Levels; a schema that refers to itself would have no end."""


@dataclass(frozen=True, slots=True)
class RawField:
    """A field of a raw record. path: dotted, with `[]` behind a list. limits: bounds, form or listed values."""

    path: str
    title: str
    description: str
    type: str
    is_required: bool
    limits: str


def raw_fields(schema: JsonSchema, path: str = "", depth: int = 0) -> Iterator[RawField]:
    """The fields below `schema`, each before those within it."""
    properties: Mapping[str, Any] = schema.get("properties", {})
    for name, said in properties.items() if depth < DEEPEST else ():
        if not isinstance(said, dict):
            continue
        here = f"{path}.{name}" if path else name
        kinds = said.get("type", "")
        inner = said.get("items") if isinstance(said.get("items"), dict) else None
        yield RawField(
            path=here + ("[]" if inner and "properties" in inner else ""),
            title=str(said.get("title", "")),
            description=str(said.get("description", "")),
            type=" | ".join(kinds) if isinstance(kinds, list) else str(kinds),
            is_required=name in schema.get("required", ()),
            limits=_limits(said),
        )
        yield from raw_fields(said, here, depth + 1)
        if inner:
            yield from raw_fields(inner, here + "[]", depth + 1)


def _limits(said: Mapping[str, Any]) -> str:
    if "enum" in said:
        return " | ".join(str(one) for one in said["enum"])
    if "minimum" in said or "maximum" in said:
        return f"{said.get('minimum', '-∞')} … {said.get('maximum', '∞')}"
    return str(said.get("pattern", ""))
