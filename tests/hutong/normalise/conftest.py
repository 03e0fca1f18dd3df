"""Readers of single rules, compiled against a small contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter

from hutong.model.dataset import Dataset, Field, FieldType
from hutong.model.declared import Words
from hutong.model.mapping import Rule
from hutong.normalise.pseudonym import Pseudonymiser
from hutong.normalise.rules import Context, compile_rule

RECEIVED = datetime(2026, 3, 18, 0, 16, tzinfo=UTC)
CROSSWALKS = {
    "participant_kind": {"motor": "motor", "1": "motor", "true": "yes"},
    "position_confidence": {"0": "unknown", "10": "0.5", "8": "2"},
}
_RULE: TypeAdapter[Any] = TypeAdapter(Rule)

Read = Callable[..., Any]


def _trial(column: str, kind: FieldType, unit: str | None) -> Dataset:
    """A dataset with one column of the test's choice, and those that `point` and `line` fill."""
    types: dict[str, FieldType] = {
        column: kind,
        f"{column}_raw": "string",
        "lon": "double",
        "lat": "double",
        "source_crs": "string",
        "geometry": "binary",
    }
    fields = tuple(
        Field(name, Words(zh=name, en=name), "", each, False, unit if name == column else None)
        for name, each in types.items()
    )
    words = Words(zh="试验", en="trial")
    return Dataset("trial", "1.0.0", words, "", fields, (), (), "append", None, (), (), {}, "digest")


@pytest.fixture(scope="session")
def trial() -> Callable[..., Dataset]:
    """A factory: column, type, unit -> a dataset with that column."""
    return _trial


@pytest.fixture(scope="session")
def reader() -> Callable[..., Read]:
    """A factory: a rule as a mapping writes it -> a function from a raw record to the column's value."""

    def compiled(
        rule: Mapping[str, Any], kind: FieldType = "string", unit: str | None = None, column: str = "x"
    ) -> Read:
        context = Context(_trial(column, kind, unit), column, CROSSWALKS, Pseudonymiser("k1", b"\1" * 32))
        read = compile_rule(_RULE.validate_python(dict(rule)), context)
        return lambda raw, received_at=RECEIVED: read(raw, received_at)

    return compiled
