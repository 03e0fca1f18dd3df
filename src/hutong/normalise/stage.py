"""Normalise: the records of one batch -> rows of every dataset of its mapping, and the records that cannot be read.

Row by row and without shortcuts: this is the definition of right that faster ways are checked against.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hutong.model.batch import Record, Refused, Sequence
from hutong.model.finding import Finding
from hutong.model.mapping import Rows
from hutong.normalise.clock import civil_date
from hutong.normalise.pseudonym import Pseudonymiser
from hutong.normalise.reading import Raw, Reader, Unreadable
from hutong.normalise.rules import FILLS_SEVERAL, Context, compile_rule
from hutong.normalise.showing import Shower
from hutong.normalise.structure import Structure, compile_structure
from hutong.registry import Source

log = logging.getLogger(__name__)

Row = dict[str, Any]
Trouble = tuple[str, Unreadable]
"""A field and why it cannot be read."""


@dataclass(frozen=True, slots=True)
class RowPlan:
    """How a record becomes a row of one dataset. `empty` has every column of the contract, in its order."""

    dataset: str
    empty: Row
    one_column: tuple[tuple[str, Reader], ...]
    several_columns: tuple[tuple[str, Reader], ...]
    has_date: bool

    def fill(self, row: Row, content: Raw, received_at: datetime, troubles: list[Trouble]) -> None:
        """Put into `row` what the rules read in `content`, and into `troubles` what they cannot read."""
        for column, read in self.one_column:
            try:
                row[column] = read(content, received_at)
            except Unreadable as wrong:
                troubles.append((column, wrong))
        for column, read in self.several_columns:
            try:
                row.update(read(content, received_at))
            except Unreadable as wrong:
                troubles.append((column, wrong))
        observed_at = row.get("observed_at")
        if self.has_date and observed_at is not None:
            row["date"] = civil_date(observed_at)


@dataclass(frozen=True, slots=True)
class Plan:
    """A source, compiled: its record's structure and its mapping as plain functions."""

    shower: Shower
    structure: Structure
    rows: tuple[RowPlan, ...]


@dataclass(frozen=True, slots=True)
class Normalised:
    """What `normalise` made of `received` records.

    rows: per dataset, in the mapping's order; every column of the contract, aware datetimes in UTC. Each record that is
    not in `refused` gave one row to each dataset.
    """

    received: int
    rows: dict[str, list[Row]]
    refused: list[Refused]


def compile_source(source: Source, pseudonym_key: Pseudonymiser | None) -> Plan:
    """The plan of `source`, made once and used for every batch.

    Raises ValueError (MisfitRule, UnknownUnit, IncompatibleUnits, UnknownCrs) when the mapping does not fit its
    datasets, and SecretMissing when it makes pseudonyms without a key.
    """
    shower = Shower(source.stream)
    return Plan(
        shower=shower,
        structure=compile_structure(source.schema, source.id, shower),
        rows=tuple(_row_plan(rows, source, pseudonym_key) for rows in source.mapping.rows),
    )


def _row_plan(rows: Rows, source: Source, pseudonym_key: Pseudonymiser | None) -> RowPlan:
    dataset = source.datasets[rows.dataset]
    one_column: list[tuple[str, Reader]] = []
    several_columns: list[tuple[str, Reader]] = []
    for column, rule in rows.fields.items():
        read = compile_rule(rule, Context(dataset, column, source.crosswalks, pseudonym_key))
        (several_columns if rule.rule in FILLS_SEVERAL else one_column).append((column, read))
    return RowPlan(
        dataset.id, dict.fromkeys(dataset.names), tuple(one_column), tuple(several_columns), "date" in dataset.names
    )


def normalise(records: Iterable[Record], plan: Plan, sequence: Sequence, batch: int) -> Normalised:
    """The rows of `records`, those of one `batch` of `sequence`. A record with a finding gives no row at all."""
    rows: dict[str, list[Row]] = {part.dataset: [] for part in plan.rows}
    refused: list[Refused] = []
    received = 0
    of_batch = {
        "city": sequence.city,
        "source_platform": sequence.platform,
        "source_stream": sequence.stream,
        "batch": batch,
    }
    empties = [(part, part.empty | of_batch) for part in plan.rows]
    for record in records:
        received += 1
        made, findings = _rows_of(record, plan, empties)
        if findings:
            refused.append(Refused(record, tuple(findings), plan.shower.raw(record.content)))
            continue
        for part, row in zip(plan.rows, made, strict=True):
            rows[part.dataset].append(row)
    log.info("normalised sequence=%s batch=%d records=%d refused=%d", sequence.id, batch, received, len(refused))
    return Normalised(received, rows, refused)


def _rows_of(record: Record, plan: Plan, empties: list[tuple[RowPlan, Row]]) -> tuple[list[Row], list[Finding]]:
    """One row per dataset, and every finding."""
    findings = plan.structure(record.content)
    if findings:
        return [], findings
    made: list[Row] = []
    troubles: list[Trouble] = []
    for part, empty in empties:
        row = empty.copy()
        row["received_at"], row["record"] = record.received_at, record.number
        part.fill(row, record.content, record.received_at, troubles)
        made.append(row)
    return made, [_finding(field, wrong, plan.shower) for field, wrong in troubles]


def _finding(field: str, wrong: Unreadable, shower: Shower) -> Finding:
    path = wrong.place.split(".")
    return Finding(
        stage="mapping",
        rule=f"{field}_{wrong.kind}",
        kind=wrong.kind,
        place=shower.place(path),
        value=shower.value(path, wrong.value),
        params={"how": wrong.how},
    )
