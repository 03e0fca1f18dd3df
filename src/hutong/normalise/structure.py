"""The first question of a record: does it have the structure that its JSON Schema says?

Source: JSON Schema, draft 2020-12. A fast validator passes the good ones; what it refuses is judged again by the
reference implementation, whose word counts and which says where and why.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import jsonschema_rs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from hutong.model.connector import JsonSchema
from hutong.model.finding import Finding
from hutong.normalise.showing import Shower, shortened

Structure = Callable[[dict[str, Any]], list[Finding]]


def compile_structure(schema: JsonSchema, stream: str, shower: Shower) -> Structure:
    """A function from a record's content to its findings, none if it may pass. stream: such as `cim.junction`."""
    fast = jsonschema_rs.Draft202012Validator(schema, validate_formats=False)
    reference = Draft202012Validator(schema)

    def check(content: dict[str, Any]) -> list[Finding]:
        try:
            if fast.is_valid(content):
                return []
        except ValueError:
            pass  # It cannot read every value that Python can; the reference can.
        return [_finding(error, stream, shower) for error in reference.iter_errors(content)]

    return check


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
