"""Answers that say what they rest on: the versions read, how new they are, and what their sources lack."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
from deltalake import DeltaTable

from hutong.lake import answer, connect, make_views, served, table_name
from hutong.model.dataset import Dataset
from hutong.registry import Registry
from hutong.release import NOW, Moment, moment
from hutong.schema.arrow import arrow_schema
from hutong.store.contracted import contract_version
from hutong.store.paths import PER_PLATFORM, Place, Store


@dataclass(frozen=True, slots=True)
class Read:
    """A table that was read, and its version; None when it was not there. platform: that of a ledger or quarantine."""

    dataset: str
    platform: str | None
    version: int | None
    contract_version: str | None


@dataclass(frozen=True, slots=True)
class Share:
    """What the ledger says of the batches from which a platform fills a dataset.

    received, quarantined: records. incomplete, unproven: batches whose pull stopped early, or whose end nothing proved.
    """

    dataset: str
    platform: str
    received: int
    quarantined: int
    quarantined_share: float | None
    batches: int
    incomplete: int
    unproven: int


@dataclass(frozen=True, slots=True)
class Edition:
    """What an answer rests on.

    at: the moment as it was asked for. newest: platform -> its newest observation in the datasets that were read.
    """

    at: str
    asked_at: datetime
    tables: tuple[Read, ...]
    newest: dict[str, datetime]
    shares: tuple[Share, ...]


def ask(
    sql: str, registry: Registry, store: Store, params: Mapping[str, Any] | None = None, at: str = NOW
) -> tuple[pa.Table, Edition]:
    """The answer to `sql`, as `lake.query` gives it, and the edition of the tables that it reads.

    Both come from the same versions, whatever is published meanwhile.
    """
    asked_at = datetime.now(UTC)
    then = _Once(moment(at, registry, store))
    connection = connect(registry, store, then)

    def told(sql: str, **params: Any) -> Iterator[tuple[Any, ...]]:
        yield from (tuple(row.values()) for row in answer(sql, connection, registry, store, params).to_pylist())

    try:
        rows = answer(sql, connection, registry, store, params)
        read = list(datasets_read(sql, registry, params))
        fills = {dataset.id: _sources(dataset, registry) for dataset in read}
        newest: dict[str, datetime] = {}
        shares: list[Share] = []
        for dataset in read:
            if not fills[dataset.id]:
                continue
            for platform, observed_at in told(_NEWEST.format(table_name(dataset))):
                newest[platform] = max(observed_at, newest.get(platform, observed_at))
            shares += [Share(dataset.id, *row) for row in told(_SHARES, sources=fills[dataset.id])]
    finally:
        connection.close()
    tables = tuple(one for dataset in read for one in _versions(dataset, registry, store, then))
    return rows, Edition(at, asked_at, tables, dict(sorted(newest.items())), tuple(shares))


def datasets_read(sql: str, registry: Registry, params: Mapping[str, Any] | None = None) -> Iterator[Dataset]:
    """The datasets that `sql` reads, under whatever view. All of them when the database cannot plan it."""
    import duckdb

    with duckdb.connect() as connection:
        for dataset in served(registry):
            connection.register("empty", arrow_schema(dataset).empty_table())
            connection.execute(f"CREATE TABLE {table_name(dataset)} AS FROM empty")
            make_views(dataset, connection)
        # The optimizer would leave out tables that it knows to be empty.
        connection.execute("PRAGMA disable_optimizer")
        try:
            plan = connection.execute(f"EXPLAIN (FORMAT json) {sql}", dict(params or {})).fetchall()
        except duckdb.Error:
            yield from served(registry)
            return
    scanned = {name for node in json.loads(plan[0][1]) for name in _scanned(node)}
    yield from (dataset for dataset in served(registry) if table_name(dataset) in scanned)


_NEWEST = "SELECT source_platform, max(observed_at) AS observed_at FROM {} GROUP BY ALL ORDER BY ALL"
_SHARES = """
    WITH batches AS (
        SELECT platform, sequence, batch, any_value(completeness) AS completeness,
               coalesce(sum(count) FILTER (kind = 'record'), 0)::BIGINT AS received,
               coalesce(sum(count) FILTER (kind = 'record' AND outcome = 'quarantined'), 0)::BIGINT AS quarantined
        FROM ledger
        WHERE platform || '.' || stream IN (SELECT unnest($sources))
        GROUP BY ALL
    ), pulled AS (SELECT *, NOT regexp_matches(sequence, '/(replay|accept)/') AS is_pull FROM batches)
    SELECT platform, sum(received)::BIGINT AS received, sum(quarantined)::BIGINT AS quarantined,
           CASE WHEN sum(received) > 0 THEN sum(quarantined) / sum(received) END AS quarantined_share,
           count(*) FILTER (is_pull) AS batches,
           count(*) FILTER (is_pull AND completeness = 'incomplete') AS incomplete,
           count(*) FILTER (is_pull AND completeness = 'unproven') AS unproven
    FROM pulled
    GROUP BY platform
    ORDER BY platform"""
# A replay, or what was accepted, moves counts of batches that were pulled before: it is no pull of its own.


@dataclass(frozen=True, slots=True)
class _Once:
    """A moment that opens each table once, so that all who ask see the same version."""

    moment: Moment
    opened: dict[str, DeltaTable | None] = field(default_factory=dict)

    def __call__(self, place: Place) -> DeltaTable | None:
        if place.uri not in self.opened:
            self.opened[place.uri] = self.moment(place)
        return self.opened[place.uri]


def _sources(dataset: Dataset, registry: Registry) -> list[str]:
    return [source.id for source in registry.sources.values() if dataset.id in source.datasets]


def _versions(dataset: Dataset, registry: Registry, store: Store, then: Moment) -> Iterator[Read]:
    for platform in registry.connectors if dataset.id in PER_PLATFORM else [None]:
        table = then(store.table(dataset.table, platform))
        if table is None:
            yield Read(dataset.id, platform, None, None)
        else:
            yield Read(dataset.id, platform, table.version(), contract_version(table))


def _scanned(node: dict[str, Any]) -> Iterator[str]:
    """The tables that a plan reads, without database and schema."""
    named = node.get("extra_info", {})
    if isinstance(named, dict) and "Table" in named:
        yield str(named["Table"]).rpartition(".")[2]
    for child in node.get("children", []):
        yield from _scanned(child)
