"""Example rows: what the reference path makes of the example records that a stream's schema gives.

Nothing here was published: the records are those under `examples` in the JSON Schema of the raw record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hutong.model.batch import Record
from hutong.model.dataset import Field
from hutong.model.declared import Words
from hutong.model.finding import reason
from hutong.model.privacy import HIDDEN
from hutong.normalise import Pseudonymiser, compile_source, normalise_records
from hutong.normalise.showing import Shower
from hutong.registry import Source
from hutong.schema.shape import shape_of

RECEIVED = datetime(2026, 3, 18, 0, 21, tzinfo=UTC)
"""As if they had come then: the pages must be the same whenever they are made."""

_KEY = Pseudonymiser("00000000", bytes(32))
"""Of nobody: what it makes is never shown."""


@dataclass(frozen=True, slots=True)
class Example:
    """An example record and its rows. raw: what is personal hidden. rows: dataset -> rows, values as they are shown.

    why: the reasons, where the example is refused by what is declared.
    """

    raw: Mapping[str, Any]
    rows: Mapping[str, list[dict[str, Any]]]
    why: tuple[Words, ...]


def examples_of(source: Source) -> list[Example]:
    """Every example of the records of `source`, in the schema's order."""
    plan, shower = compile_source(source, _KEY), Shower(source.stream)
    found: list[Example] = []
    for content in source.schema.get("examples", []):
        record = Record(0, 0, 0, content, RECEIVED)
        made = normalise_records([record], source.sequences[0], 1, plan)
        rows = {
            name: [_shown(row, source.datasets[name].fields) for row in frame.iter_rows(named=True)]
            for name, frame in made.frames.items()
        }
        why = tuple(
            Words(en=reason(finding, "en"), zh=reason(finding, "zh"))
            for refused in made.refused
            for finding in refused.findings
        )
        found.append(Example(shower.record(content, shape_of(source.schema)), rows, why))
    return found


def _shown(row: Mapping[str, Any], fields: tuple[Field, ...]) -> dict[str, Any]:
    return {
        one.name: HIDDEN if one.personal != "none" and row[one.name] is not None else row[one.name] for one in fields
    }
