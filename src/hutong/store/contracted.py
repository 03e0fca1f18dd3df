"""The Delta table of a contract."""

from __future__ import annotations

from hutong.model.dataset import Dataset
from hutong.schema.arrow import arrow_schema
from hutong.store.paths import Place
from hutong.store.tables import Table


def table_of(dataset: Dataset, place: Place) -> Table:
    """The table that holds rows of `dataset` at `place`."""
    properties = {"hutong.contract": dataset.id, "hutong.contract_version": dataset.version}
    return Table(
        place, arrow_schema(dataset), dataset.partition_by, f"{dataset.words.zh} {dataset.description}", properties
    )
