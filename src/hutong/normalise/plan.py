"""A source, compiled: the structure of its records and its mapping, as plain functions of one record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hutong.model.connector import Stream
from hutong.model.dataset import Dataset
from hutong.model.mapping import Pseudonym, Rows, paths_of_rows
from hutong.model.path import Level
from hutong.normalise.bulk import Bulk, Keys, compile_bulk, compile_keys
from hutong.normalise.clock import civil_date
from hutong.normalise.elements import Element, Elements, compile_elements
from hutong.normalise.pseudonym import KEY_NAME, Pseudonymiser
from hutong.normalise.reading import Raw, Reader, Unreadable
from hutong.normalise.rules import FILLS_SEVERAL, Context, compile_rule
from hutong.normalise.showing import Shower
from hutong.normalise.structure import Structure, compile_structure
from hutong.registry import Source
from hutong.secrets import Secrets

Row = dict[str, Any]
Trouble = tuple[str, Unreadable]
"""A field and why it cannot be read."""


@dataclass(frozen=True, slots=True)
class RowPlan:
    """How a record becomes rows of one dataset: one for each of its elements that goes there. Without `each` its only
    element is the record itself. `empty` has every column of the contract, in its order.
    """

    contract: Dataset
    elements: Elements
    empty: Row
    one_column: tuple[tuple[str, Reader], ...]
    several_columns: tuple[tuple[str, Reader], ...]
    has_date: bool

    @property
    def dataset(self) -> str:
        """The name of the dataset."""
        return self.contract.id

    def rows(self, content: Raw, like: Row, received_at: datetime, troubles: list[Trouble]) -> list[Row]:
        """The rows of a record, each begun as `like`; into `troubles` goes what cannot be read."""
        made: list[Row] = []
        try:
            for element in self.elements(content):
                row = like.copy()
                self._fill(row, element, received_at, troubles)
                made.append(row)
        except Unreadable as wrong:
            troubles.append((wrong.how, wrong))
        return made

    def _fill(self, row: Row, element: Element, received_at: datetime, troubles: list[Trouble]) -> None:
        for column, read in self.one_column:
            try:
                row[column] = read(element.raw, received_at)
            except Unreadable as wrong:
                wrong.levels = element.levels
                troubles.append((column, wrong))
        for column, read in self.several_columns:
            try:
                row.update(read(element.raw, received_at))
            except Unreadable as wrong:
                wrong.levels = element.levels
                troubles.append((column, wrong))
        observed_at = row.get("observed_at")
        if self.has_date and observed_at is not None:
            row["date"] = civil_date(observed_at)


@dataclass(frozen=True, slots=True)
class Plan:
    """A source, compiled: its record's structure and its mapping as plain functions.

    source: such as `cim.junction`. reads: every path of the record that the mapping reads, 0 for each place in a list.
    bulk: the same for many records at once, if there is such a way. keys: for datasets with tombstones, the columns of
    their keys, if there are such.
    """

    source: str
    stream: Stream
    shower: Shower
    structure: Structure
    reads: tuple[Level, ...]
    rows: tuple[RowPlan, ...]
    bulk: Bulk | None
    keys: Mapping[str, Keys | None]


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
    return Plan(
        source=source.id,
        stream=source.stream,
        shower=shower,
        # In XML every value is text: a mark of its own where JSON has another type.
        structure=compile_structure(source.schema, source.id, shower, is_typed=source.stream.is_typed),
        reads=tuple(dict.fromkeys(path for rows in source.mapping.rows for path in paths_of_rows(rows))),
        rows=tuple(_row_plan(rows, source, pseudonym_key) for rows in source.mapping.rows),
        bulk=compile_bulk(source, pseudonym_key),
        keys={
            rows.dataset: compile_keys(rows, source, pseudonym_key)
            for rows in source.mapping.rows
            if source.datasets[rows.dataset].has_tombstones
        },
    )


def _row_plan(rows: Rows, source: Source, pseudonym_key: Pseudonymiser | None) -> RowPlan:
    dataset = source.datasets[rows.dataset]
    one_column: list[tuple[str, Reader]] = []
    several_columns: list[tuple[str, Reader]] = []
    for column, rule in rows.fields.items():
        read = compile_rule(rule, Context(dataset, column, source.crosswalks, pseudonym_key))
        (several_columns if rule.rule in FILLS_SEVERAL else one_column).append((column, read))
    return RowPlan(
        dataset,
        compile_elements(rows, source.mapping),
        dict.fromkeys(dataset.names),
        tuple(one_column),
        tuple(several_columns),
        "date" in dataset.names,
    )
