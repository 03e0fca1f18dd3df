"""The lake as one sees it: every contract as an SQL view, and a connection that can read nothing else.

`<dataset>` holds one row per platform's record, as things stand; what a platform no longer lists is only in
`<dataset>_all`. `<dataset>_main` holds those rows of `<dataset>` that come from its authority (一数一源). The ledger
and the quarantine, kept as a table per platform, are one view each.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.dataset as pads

from hutong.errors import AskedWrongly, StoreError
from hutong.model.dataset import Dataset
from hutong.registry import Registry
from hutong.release import NOW, Moment, moment
from hutong.schema.arrow import arrow_schema
from hutong.store.failures import Cause, cause_of, store_error
from hutong.store.paths import PER_PLATFORM, Place, Store
from hutong.store.tables import dataset_of, existing, literal

if TYPE_CHECKING:
    import duckdb

TOMBSTONE = "last_seen_at"


def places_of(dataset: Dataset, registry: Registry, store: Store) -> list[Place]:
    """Where the tables of `dataset` lie."""
    platforms = registry.connectors if dataset.id in PER_PLATFORM else [None]
    return [store.table(dataset.table, platform) for platform in platforms]


def dataset_places(registry: Registry, store: Store) -> dict[str, Place]:
    """Every table of every dataset, by the name that it goes by in what is said about it."""
    found: dict[str, Place] = {}
    for dataset in registry.datasets.values():
        per_platform = dataset.id in PER_PLATFORM
        names = [f"{dataset.id} of {platform}" for platform in registry.connectors] if per_platform else [dataset.id]
        found |= dict(zip(names, places_of(dataset, registry, store), strict=True))
    return found


def rows_of(dataset: Dataset, registry: Registry, store: Store, then: Moment = existing) -> pads.Dataset:
    """All rows of `dataset`, tombstones too, with the contract's columns; no rows where nothing was published yet.

    then: the moment to read it at. A column that the table did not have then is null.
    """
    found = [
        dataset_of(table, place) for place in places_of(dataset, registry, store) if (table := then(place)) is not None
    ]
    return readable(found, dataset)


def readable(found: Sequence[pads.Dataset], dataset: Dataset) -> pads.Dataset:
    """The rows of all of `found` with the columns of the contract of `dataset`; null where a column was not there."""
    schema = arrow_schema(dataset)
    if not found:
        return pads.dataset(schema.empty_table())
    there = set.intersection(*(set(one.schema.names) for one in found))
    return pads.dataset(
        list(found), schema=pa.schema(field if field.name in there else field.with_nullable(True) for field in schema)
    )


def in_views(rows: pads.Dataset) -> pads.Dataset:
    """`rows` with their texts as string views, for DuckDB.

    deltalake 1.6 writes them so into the files of a MERGE, and Arrow has no comparison for them. DuckDB knows that, and
    of columns that are declared so it compares the texts itself instead of handing the condition on.
    """
    schema = pa.schema(
        column.with_type(pa.string_view()) if column.type == pa.string() else column for column in rows.schema
    )
    if isinstance(rows, pads.UnionDataset):
        return pads.UnionDataset(schema, [in_views(part) for part in rows.children])
    if isinstance(rows, pads.FileSystemDataset):
        return pads.FileSystemDataset(list(rows.get_fragments()), schema, rows.format, rows.filesystem)
    return rows


def connect(
    registry: Registry, store: Store, then: Moment = existing, sql: str | None = None
) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with a view per dataset, times shown in UTC, and no way to files, network or settings.

    then: the moment to read the lake at. Each view is one version of its table, and stays it for as long as the
    connection lives. sql: with what is to be asked, only datasets that it names have views; to open them all takes
    half a second.
    """
    import duckdb

    # DuckDB would otherwise let a query read variables of this process by their names.
    connection = duckdb.connect(config={"python_enable_replacements": "false"})
    connection.execute("SET TimeZone = 'UTC'")
    # It would otherwise draw the progress of a long question into the answer.
    connection.execute("SET enable_progress_bar = false")
    for dataset in served(registry) if sql is None else _named_in(sql, registry):
        if dataset.count_of is None:
            connection.register(table_name(dataset), in_views(rows_of(dataset, registry, store, then)))
        make_views(dataset, connection)
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")
    return connection


def query(
    sql: str, registry: Registry, store: Store, params: Mapping[str, Any] | None = None, at: str = NOW
) -> pa.Table:
    """The answer to `sql`; `$name` in it stands for `params["name"]`.

    at: a release, a table at a version (`traffic_flow=12`), or a time with its zone; `release.moment` has them all.
    Raises AskedWrongly, with the database's own words, when it cannot be answered, and StoreError when the lake cannot
    be read.
    """
    then = moment(at, registry, store)
    connection = connect(registry, store, then, sql)
    try:
        return answer(sql, connection, registry, store, params)
    except AskedWrongly:
        # It may make up its names as it goes, and with all views the database says what else there is.
        connection.close()
        connection = connect(registry, store, then)
        return answer(sql, connection, registry, store, params)
    finally:
        connection.close()


_OF_ALL = re.compile(r"\b(?:show|pragma|query|query_table)\b|information_schema|duckdb_|sqlite_|pg_", re.IGNORECASE)
"""Words of questions about the views themselves."""


def _named_in(sql: str, registry: Registry) -> Iterator[Dataset]:
    """The datasets that `sql` may be about, and those that these count."""
    asked = sql.lower()
    counted = {one.count_of.dataset for one in registry.datasets.values() if one.count_of and one.id in asked}
    is_of_all = _OF_ALL.search(sql) is not None
    return (one for one in served(registry) if is_of_all or one.id in asked or one.id in counted)


def answer(
    sql: str,
    connection: duckdb.DuckDBPyConnection,
    registry: Registry,
    store: Store,
    params: Mapping[str, Any] | None = None,
) -> pa.Table:
    """What `connection`, opened by `connect`, answers to `sql`. Raises as `query` does."""
    import duckdb

    try:
        relation = connection.sql(sql, params=dict(params or {}))
        return pa.table({}) if relation is None else relation.to_arrow_table()
    except duckdb.Error as wrong:
        if "IOError: " in str(wrong):
            # Arrow's word for it, in a question that is right.
            raise unreadable(wrong, store) from None
        said = re.sub(r"\s+", " ", str(wrong)).strip()
        for dataset in registry.datasets.values():
            if dataset.ends is not None and f"name {dataset.id} does not exist" in said:
                raise AskedWrongly(
                    f"{dataset.id}, version {dataset.version}, ended at {dataset.ends.isoformat()}",
                    f"ask {dataset.successor}, which took its place; the rows are kept in the lake",
                ) from None
        raise AskedWrongly(
            said, "`hutong datasets` lists the tables, `hutong datasets NAME` the columns of one"
        ) from None


def unreadable(wrong: duckdb.Error, store: Store) -> StoreError:
    """What a store's failure in the middle of a question comes from, and the next step."""
    if cause_of(wrong) is Cause.FILE_GONE:
        return StoreError(
            f"{store.root}: a file of the version that is asked for is gone",
            "old versions that no release pins are cleared away in time: ask for a later one;"
            " if it was the newest, run `hutong verify`",
        )
    return store_error(wrong, Place(store.root, store.options))


def served(registry: Registry) -> Iterator[Dataset]:
    """Every dataset but the older major versions whose declared end has come; what counts others comes after them."""
    now = datetime.now(UTC)
    order = sorted(registry.datasets.values(), key=lambda one: one.count_of is not None)
    return (dataset for dataset in order if not dataset.has_ended(now))


def table_name(dataset: Dataset) -> str:
    """The name under which all rows of a dataset are known to the database."""
    return f"_{dataset.id}"


def make_views(dataset: Dataset, connection: duckdb.DuckDBPyConnection) -> None:
    """Make the views of `dataset` over the table that holds all of its rows, or over the dataset that it counts."""
    columns = ", ".join(f'"{name}"' for name in dataset.names)
    every = f'SELECT {columns} FROM "{table_name(dataset)}"' if dataset.count_of is None else _counting(dataset)
    if TOMBSTONE in dataset.names:
        connection.execute(f'CREATE VIEW "{dataset.id}_all" AS {every}')
        every += f" WHERE {TOMBSTONE} IS NULL"
    connection.execute(f'CREATE VIEW "{dataset.id}" AS {every}')
    authority = dataset.properties.get("authority")
    if authority is not None and "source_platform" in dataset.names:
        of_authority = f'SELECT * FROM "{dataset.id}" WHERE source_platform = {literal(str(authority))}'
        connection.execute(f'CREATE VIEW "{dataset.id}_main" AS {of_authority}')


def _counting(dataset: Dataset) -> str:
    """The SQL that counts what `dataset` counts, in its own columns.

    Nothing is kept, so the counts are of exactly the rows that stand there at the moment that is read, whatever
    corrected, replayed or repaired them. The hour is the city's civil hour too: its zone is a whole number of hours.
    Rows without one of the columns that they are counted by are not counted.
    """
    count = dataset.count_of
    assert count is not None
    by = [name for name in dataset.names if name not in (count.hour, count.into)]
    made = {name: f'"{name}"' for name in by}
    made |= {count.hour: "date_trunc('hour', observed_at)", count.into: "CAST(count(*) AS INTEGER)"}
    columns = ", ".join(f'{made[name]} AS "{name}"' for name in dataset.names)
    given = " AND ".join(f"{made[name]} IS NOT NULL" for name in by)
    groups = ", ".join(made[name] for name in [*by, count.hour])
    return (
        f'SELECT {columns} FROM "{count.dataset}" WHERE {given} GROUP BY {groups} HAVING count(*) >= {count.at_least}'
    )
