"""The lake as one sees it: every contract as an SQL view, and a connection that can read nothing else.

`<dataset>` holds one row per platform's record; `<dataset>_main` only those of the dataset's authority (一数一源). The
ledger and the quarantine, kept as a table per platform, are one view each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as pads

from hutong.errors import AskedWrongly
from hutong.model.dataset import Dataset
from hutong.registry import Registry
from hutong.schema.arrow import arrow_schema
from hutong.store.paths import PER_PLATFORM, Place, Store
from hutong.store.tables import dataset_of, existing, literal

if TYPE_CHECKING:
    import duckdb


def places_of(dataset: Dataset, registry: Registry, store: Store) -> list[Place]:
    """Where the tables of `dataset` lie."""
    platforms = registry.connectors if dataset.id in PER_PLATFORM else [None]
    return [store.table(dataset.id, platform) for platform in platforms]


def rows_of(dataset: Dataset, registry: Registry, store: Store) -> pads.Dataset:
    """All rows of `dataset`, with the contract's schema; no rows where nothing was published yet."""
    found = [
        dataset_of(table, place)
        for place in places_of(dataset, registry, store)
        if (table := existing(place)) is not None
    ]
    schema = arrow_schema(dataset)
    if not found:
        return pads.dataset(schema.empty_table())
    return pads.dataset(found, schema=None if len(found) == 1 else schema)


def connect(registry: Registry, store: Store) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with a view per dataset, times shown in UTC, and no way to files, network or settings.

    Each view is the version that is newest now, and stays it for as long as the connection lives.
    """
    import duckdb

    # DuckDB would otherwise let a query read variables of this process by their names.
    connection = duckdb.connect(config={"python_enable_replacements": "false"})
    connection.execute("SET TimeZone = 'UTC'")
    for dataset in registry.datasets.values():
        connection.register(f"_{dataset.id}", rows_of(dataset, registry, store))
        columns = ", ".join(f'"{name}"' for name in dataset.names)
        connection.execute(f'CREATE VIEW "{dataset.id}" AS SELECT {columns} FROM "_{dataset.id}"')
        authority = dataset.properties.get("authority")
        if authority is not None and "source_platform" in dataset.names:
            of_authority = f'SELECT * FROM "{dataset.id}" WHERE source_platform = {literal(str(authority))}'
            connection.execute(f'CREATE VIEW "{dataset.id}_main" AS {of_authority}')
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def query(sql: str, registry: Registry, store: Store, params: Mapping[str, Any] | None = None) -> pa.Table:
    """The answer to `sql`; `$name` in it stands for `params["name"]`.

    Raises AskedWrongly, with the database's own words, when it cannot be answered.
    """
    import duckdb

    connection = connect(registry, store)
    try:
        relation = connection.sql(sql, params=dict(params or {}))
        return pa.table({}) if relation is None else relation.to_arrow_table()
    except duckdb.Error as wrong:
        said = re.sub(r"\s+", " ", str(wrong)).strip()
        raise AskedWrongly(
            said, "`hutong datasets` lists the tables, `hutong datasets NAME` the columns of one"
        ) from None
    finally:
        connection.close()
