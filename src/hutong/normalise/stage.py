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
from hutong.model.connector import Stream
from hutong.model.finding import Finding
from hutong.model.mapping import Pseudonym, Rows
from hutong.model.rows import Normalised
from hutong.normalise.clock import civil_date
from hutong.normalise.drift import Content, Stray, Watch, cut, stray_of
from hutong.normalise.pseudonym import KEY_NAME, Pseudonymiser
from hutong.normalise.reading import Raw, Reader, Unreadable
from hutong.normalise.rules import FILLS_SEVERAL, Context, compile_rule
from hutong.normalise.showing import Shower
from hutong.normalise.structure import Structure, compile_structure
from hutong.pages import raw_text
from hutong.registry import Source
from hutong.registry.check import paths_of
from hutong.secrets import Secrets

log = logging.getLogger(__name__)

TOLD = 5
"""Changes that the log names."""

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
    """A source, compiled: its record's structure and its mapping as plain functions.

    source: such as `cim.junction`. reads: every path of the record that the mapping reads.
    """

    source: str
    stream: Stream
    shower: Shower
    structure: Structure
    reads: tuple[str, ...]
    rows: tuple[RowPlan, ...]


def pseudonymiser(source: Source, secrets: Secrets) -> Pseudonymiser | None:
    """What makes the pseudonyms of `source`; None if it makes none. Raises SecretMissing."""
    rules = [rule for rows in source.mapping.rows for rule in rows.fields.values()]
    if not any(isinstance(rule, Pseudonym) for rule in rules):
        return None
    return Pseudonymiser.from_hex(secrets(KEY_NAME).reveal())


def compile_source(source: Source, pseudonym_key: Pseudonymiser | None) -> Plan:
    """The plan of `source`, made once and used for every batch.

    Raises ValueError (MisfitRule, UnknownUnit, IncompatibleUnits, UnknownCrs) when the mapping does not fit its
    datasets, and SecretMissing when it makes pseudonyms without a key.
    """
    shower = Shower(source.stream)
    rules = [rule for rows in source.mapping.rows for rule in rows.fields.values()]
    return Plan(
        source=source.id,
        stream=source.stream,
        shower=shower,
        # In XML every value is text: a mark of its own where JSON has another type.
        structure=compile_structure(source.schema, source.id, shower, is_typed=source.stream.is_typed),
        reads=tuple(dict.fromkeys(path for rule in rules for path in paths_of(rule))),
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


def normalise(records: Iterable[Record], sequence: Sequence, batch: int, plan: Plan) -> Normalised:
    """The rows of `records`, those of one `batch` of `sequence`. A record with a finding gives no row at all."""
    rows: dict[str, list[Row]] = {part.dataset: [] for part in plan.rows}
    readable: dict[int, Record] = {}
    refused: list[Refused] = []
    received = withheld = 0
    of_batch = {
        "city": sequence.city,
        "source_platform": sequence.platform,
        "source_stream": sequence.stream,
        "batch": batch,
        "run": sequence.run or None,
    }
    empties = [(part, part.empty | of_batch) for part in plan.rows]
    watch = Watch(plan.reads, plan.stream.carry, plan.source, plan.shower)
    is_plain, mode = plan.structure.is_plain, plan.stream.drift
    for record in records:
        received += 1
        content = record.content
        findings: list[Finding] = []
        stray = None if is_plain(content) else stray_of(content, plan.structure.shape)
        watch.see(content, stray)
        if stray and mode == "discard_row":
            withheld += 1
            continue
        if stray is not None:
            content, findings = _judged(content, stray, watch, plan)
        made: list[Row] = []
        if not findings:
            made, findings = _rows_of(record, content, plan, empties)
        if findings:
            refused.append(Refused(record, tuple(findings), raw_text(record, plan.stream)))
            continue
        readable[record.number] = record
        for part, row in zip(plan.rows, made, strict=True):
            rows[part.dataset].append(row)
    log.info(
        "normalised sequence=%s batch=%d records=%d refused=%d withheld=%d",
        sequence.id,
        batch,
        received,
        len(refused),
        withheld,
    )
    drift = watch.drift()
    if drift:
        told = ", ".join(f"{one.change} {one.field} records={one.records}" for one in drift[:TOLD])
        log.warning("drift sequence=%s batch=%d mode=%s changes=%d: %s", sequence.id, batch, mode, len(drift), told)
    return Normalised(
        received=received,
        rows=rows,
        records=readable,
        refused=refused,
        withheld=withheld,
        drift=drift,
        is_frozen=mode == "freeze" and watch.has_strays,
    )


def _judged(content: Content, stray: Stray, watch: Watch, plan: Plan) -> tuple[Content, list[Finding]]:
    """What of a record's content the mapping is to read, and what is found against the record before that."""
    if stray and plan.stream.drift == "discard_value":
        content = cut(content, plan.structure.shape)
    drifted = watch.findings(content, stray) if plan.stream.drift == "quarantine_row" else []
    return content, [*drifted, *plan.structure.findings(content)]


def _rows_of(
    record: Record, content: Content, plan: Plan, empties: list[tuple[RowPlan, Row]]
) -> tuple[list[Row], list[Finding]]:
    """One row per dataset from the `content` of `record`, and every finding."""
    made: list[Row] = []
    troubles: list[Trouble] = []
    for part, empty in empties:
        row = empty.copy()
        row["received_at"], row["record"] = record.received_at, record.number
        part.fill(row, content, record.received_at, troubles)
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
