"""The Delta table of a contract, and what becomes of it when the contract changes.

A table carries its contract's terms. One that was made under other terms becomes the new one in place when the
change is additive; when it is breaking, nothing is written until the major version is raised, which begins a table of
its own. Tables of release 0.1.0 carry no terms: of them columns, types, units, nullability and Chinese names are
compared.
"""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from deltalake import DeltaTable
from deltalake.schema import PrimitiveType

from hutong.errors import StoreError
from hutong.model.dataset import Dataset, Field, FieldType
from hutong.model.declared import Words
from hutong.schema.arrow import arrow_schema
from hutong.schema.compare import compare, next_version, order
from hutong.schema.terms import read_terms, terms
from hutong.store.paths import Place
from hutong.store.tables import Table

CONTRACT, VERSION, TERMS = "hutong.contract", "hutong.contract_version", "hutong.contract_terms"
_TYPES = {"integer": "int"}
"""Delta's names of types where they differ from the contract's."""


def table_of(dataset: Dataset, place: Place) -> Table:
    """The table that holds rows of `dataset` at `place`."""
    return Table(
        place,
        arrow_schema(dataset),
        dataset.partition_by,
        f"{dataset.words.zh} {dataset.description}",
        {CONTRACT: dataset.contract, VERSION: dataset.version, TERMS: terms(dataset), **_statistics(dataset)},
        admit=lambda snapshot: _admit(snapshot, dataset),
    )


def _statistics(dataset: Dataset) -> dict[str, str]:
    """The property that keeps personal columns out of statistics: they are copies of values, and the log holds them
    longer than the table its rows.
    """
    shown = [field.name for field in dataset.fields if field.personal == "none"]
    if len(shown) == len(dataset.fields):
        return {}
    return {"delta.dataSkippingStatsColumns": ",".join(name for name in shown if name not in dataset.partition_by)}


def contract_of(snapshot: DeltaTable, dataset: Dataset) -> Dataset:
    """The contract that the table is under. What it does not tell, it is taken to say as `dataset` does."""
    properties = snapshot.metadata().configuration
    known = read_terms(properties[TERMS]) if TERMS in properties else replace(dataset, version=properties[VERSION])
    said = {field.name: field for field in (*dataset.fields, *known.fields)}
    columns = []
    for column in snapshot.schema().fields:
        kind = column.type.type if isinstance(column.type, PrimitiveType) else str(column.type)
        comment = column.metadata.get("comment", "")
        blank = Field(column.name, Words(zh=comment, en=column.name), "", "string", required=False)
        field = said.get(column.name, blank)
        columns.append(
            replace(
                field,
                words=Words(zh=comment, en=field.words.en),
                type=cast(FieldType, _TYPES.get(kind, kind)),
                required=not column.nullable,
                unit=column.metadata.get("unit"),
            )
        )
    return replace(known, fields=tuple(columns), partition_by=tuple(snapshot.metadata().partition_columns))


def _admit(snapshot: DeltaTable, dataset: Dataset) -> None:
    """Raise StoreError when the table cannot become that of `dataset` without touching what is published."""
    where, properties = snapshot.table_uri, snapshot.metadata().configuration
    contract, version = properties.get(CONTRACT, "no contract"), properties.get(VERSION, "")
    if contract != dataset.contract or order(version)[0] != dataset.major:
        raise StoreError(
            f"{where} is a table of {contract} {version}, not of {dataset.contract} {dataset.version}",
            "point HUTONG_LAKE to the lake that these contracts belong to",
        )
    file = f"schemas/{dataset.contract}{f'.v{dataset.major}' if dataset.successor else ''}.odcs.yaml"
    if order(dataset.version) < order(version):
        raise StoreError(
            f"{where} is under version {version} of its contract already, {file} says {dataset.version}",
            "bring the declared files up to date; a table never goes back",
        )
    breaking = [one for one in compare(contract_of(snapshot, dataset), dataset) if one.effect == "breaking"]
    if breaking:
        raise StoreError(
            f"{file} would break {where}, which is under version {version}: "
            + "; ".join(f"{one} - {one.kind.why.en}" for one in breaking),
            _way_out(dataset, file),
        )


def _way_out(dataset: Dataset, file: str) -> str:
    if dataset.successor:
        return "undo the change: an older major version does not change any more"
    return (
        f"undo the change, or raise the version to {next_version(dataset.version, 'breaking')} and keep the old file as"
        f" schemas/{dataset.contract}.v{dataset.major}.odcs.yaml with status deprecated and an endOfLife"
    )


def contract_version(table: DeltaTable) -> str:
    """The version of the contract that `table` was written under."""
    return str(table.metadata().configuration[VERSION])
