"""The first question of a record: does it have the structure that its JSON Schema says?

Source: JSON Schema, draft 2020-12. A fast validator passes the good ones that hold nothing undeclared, in one look; the
others are asked for drift (`drift.py`), and what the schema refuses is judged again by the reference implementation,
whose word counts and which says where and why.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import jsonschema_rs
from jsonschema import Draft202012Validator, validators
from jsonschema.exceptions import ValidationError

from hutong.model.connector import JsonSchema
from hutong.model.finding import Finding
from hutong.normalise.showing import Shower, shortened
from hutong.schema.shape import Shape, shape_of, strict, untyped

Content = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Structure:
    """What the schema of a stream's records says, compiled.

    is_plain: whether a record's content is as the schema wants and holds nothing that it does not declare.
    findings: what the schema refuses in it, which may hold more than is declared; none if it may pass.
    """

    shape: Shape
    is_plain: Callable[[Content], bool]
    findings: Callable[[Content], list[Finding]]


def compile_structure(schema: JsonSchema, stream: str, shower: Shower, *, is_typed: bool) -> Structure:
    """`schema`, compiled. stream: such as `cim.junction`. is_typed: whether values have types, as in JSON."""
    shape = shape_of(schema) if is_typed else untyped(shape_of(schema))
    fast_and_strict, fast = _fast(strict(schema, shape)), _fast(schema)
    reference = _narrowed(schema)

    def findings(content: Content) -> list[Finding]:
        if fast(content):
            return []
        return [_finding(error, stream, shower) for error in reference(content).iter_errors(content)]

    return Structure(shape, fast_and_strict, findings)


def _fast(schema: JsonSchema) -> Callable[[Any], bool]:
    """Whether a record's content is valid; False also for values that Python can hold and this validator cannot."""
    validator = jsonschema_rs.Draft202012Validator(schema, validate_formats=False)

    def is_valid(content: Any) -> bool:
        try:
            return validator.is_valid(content)
        except ValueError:
            return False

    return is_valid


@cache
def _pattern(pattern: str) -> Callable[[Any], bool]:
    return _fast({"pattern": pattern})


def _matches(validator: Any, pattern: str, instance: Any, schema: JsonSchema) -> Iterator[ValidationError]:
    if isinstance(instance, str) and not _pattern(pattern)(instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


# Patterns are ECMA 262's, which Python's are not: it knows no \p{L}, and may take for ever to say no.
_Reference = validators.extend(Draft202012Validator, {"pattern": _matches})  # type: ignore[no-untyped-call]

_BY_MEMBERS = frozenset({"$schema", "$id", "title", "description", "$comment", "type", "required", "properties"})
"""Keywords of a record's schema whose errors are those of its members, one by one, and of what is absent."""


_BESIDE = frozenset({"if", "then", "else", "allOf", "anyOf", "oneOf", "not", "dependentRequired", "dependentSchemas"})
"""Keywords that ask nothing of those above, and of which those ask nothing."""


def _narrowed(schema: JsonSchema) -> Callable[[Content], Any]:
    """The reference implementation for a record, less the members and conditions that are surely right: most of them
    are, and it takes its time for each.
    """
    words = set(schema) - ({"additionalProperties"} if schema.get("additionalProperties") is True else set())
    written = json.dumps(schema)
    if not words <= _BY_MEMBERS | _BESIDE or '"$ref"' in written:
        whole = _Reference(schema)
        return lambda content: whole
    members = schema.get("properties", {})
    fast = {name: _fast(part) for name, part in members.items()}
    meets_conditions = _fast({word: schema[word] for word in _BESIDE & words})

    @cache
    def of(names: tuple[str, ...], *, is_met: bool) -> Any:
        asked = {word: part for word, part in schema.items() if not is_met or word not in _BESIDE}
        return _Reference({**asked, "properties": {name: members[name] for name in names}})

    return lambda content: of(
        tuple(name for name, is_valid in fast.items() if name in content and not is_valid(content[name])),
        is_met=meets_conditions(content),
    )


def _finding(error: ValidationError, stream: str, shower: Shower) -> Finding:
    path, value = list(error.absolute_path), error.instance
    place, shown = shower.place(path), shower.value(path, value)
    absent = _absent(error)
    if absent is not None:
        place, shown = shower.place([*path, absent]), "(absent)"
    expected = f"{error.validator}: {absent or json.dumps(error.validator_value, ensure_ascii=False)}"
    return Finding(
        stage="schema",
        rule=f"{shower.slug(path)}_{error.validator}",
        kind="schema",
        place=place,
        value=shown,
        params={"expected": shortened(expected), "stream": stream},
    )


def _absent(error: ValidationError) -> str | None:
    """The key that is not there: each absent one is an error of its own, told apart only by its message."""
    required: Any = error.validator_value
    if error.validator != "required" or not isinstance(error.instance, dict):
        return None
    for name in required:
        if name not in error.instance and error.message.startswith(f"{name!r} "):
            return str(name)
    return None
