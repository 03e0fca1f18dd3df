"""The JSON Schema of a stream's records, held against what one may be before any record is held against it.

Source: JSON Schema, draft 2020-12.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from hutong.registry.read import File, Place, Problems


def read_schema(path: Path, problems: Problems) -> dict[str, Any] | None:
    """The schema in `path`; None, with the problems noted, where it is none that records can be held against."""
    found: list[tuple[Place, str]]
    try:
        schema = json.loads(path.read_text(encoding="utf-8"), object_pairs_hook=_once)
        found = list(_wrong(schema))
    except (json.JSONDecodeError, UnicodeDecodeError) as wrong:
        problems.add(path, getattr(wrong, "lineno", 1), f"not JSON: {getattr(wrong, 'msg', 'the file is not UTF-8')}")
        return None
    except RecursionError:
        problems.add(path, 1, "it is nested too deep for a record; describe fewer levels")
        return None
    except _TwiceError:
        # Read once more by what knows the lines, and notes such members.
        File(path, problems)
        return None
    except ValueError as wrong:
        problems.add(path, 1, f"not JSON that can be read: {wrong}")
        return None
    if found:
        lines = File(path, Problems(path.parent))
        for place, said in found:
            problems.add(path, lines.line(*place), said)
        return None
    assert isinstance(schema, dict)
    return schema


class _TwiceError(Exception):
    """An object has two members of one name."""


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        raise _TwiceError
    return found


def _wrong(schema: Any) -> Iterator[tuple[Place, str]]:
    """What is wrong with `schema`, each at its place."""
    if not isinstance(schema, dict) or not isinstance(schema.get("properties"), dict):
        yield (), "a record is an object: the schema needs `type: object` and `properties`"
        return
    references = list(_References(schema).wrong())
    yield from references
    if references:
        # Whoever compiled it might ask another host, or never come back.
        return
    import jsonschema_rs

    try:
        jsonschema_rs.Draft202012Validator(schema, validate_formats=False)
    except jsonschema_rs.ValidationError as wrong:
        place = tuple(wrong.instance_path)
        said = f"is no JSON Schema of draft 2020-12: {wrong.message}; write it as that draft has it"
        yield place, f"{'.'.join(map(str, place)) or 'it'} {said}"


class _References:
    """Follows every `$ref` of a schema, each place once."""

    def __init__(self, schema: dict[str, Any]) -> None:
        self._schema = schema
        self._begun: set[Place] = set()
        self._done: set[Place] = set()

    def wrong(self) -> Iterator[tuple[Place, str]]:
        """References that lead elsewhere, nowhere, or back to where they stand."""
        yield from self._look(self._schema, ())

    def _look(self, part: Any, place: Place) -> Iterator[tuple[Place, str]]:
        if not isinstance(part, dict | list) or place in self._done:
            return
        self._begun.add(place)
        for name, inner in part.items() if isinstance(part, dict) else enumerate(part):
            yield from self._look(inner, (*place, name))
            if name in ("$ref", "$dynamicRef") and isinstance(inner, str):
                yield from self._follow(inner, (*place, name))
        self._begun.discard(place)
        self._done.add(place)

    def _follow(self, reference: str, at: Place) -> Iterator[tuple[Place, str]]:
        if at[-1] != "$ref" or (reference != "#" and not reference.startswith("#/")):
            yield at, f"'{reference}' leads out of the file; write what it names under `$defs`, as '#/$defs/<name>'"
            return
        target: Place = ()
        part: Any = self._schema
        for step in reference.split("/")[1:]:
            name: Any = step.replace("~1", "/").replace("~0", "~")
            name = int(name) if isinstance(part, list) and name.isdecimal() else name
            try:
                part = part[name]
            except (KeyError, IndexError, TypeError):
                yield at, f"'{reference}' names nothing in this file; write that under `$defs`"
                return
            target = (*target, name)
        if target in self._begun:
            yield at, f"'{reference}' leads back to where it stands; describe as many levels as records have"
        else:
            yield from self._look(part, target)
