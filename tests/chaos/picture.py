"""A lake as it can be compared with another that the same script filled.

All of it counts: every row of every dataset, the ledger, the quarantine, platform_service, and the landed pages. Left
aside are the moments at which this lake got its rows, and the measured times of answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import polars as pl

from hutong.lake import rows_of
from hutong.model.dataset import Dataset
from hutong.pipeline import store_key
from hutong.registry import Source
from hutong.store.landing import read_batch, runs
from hutong.store.paths import Store
from hutong.store.tables import existing
from hutong.verify import verify
from tests.chaos.ground import STREAMS, Ground

MOMENTS = frozenset(
    {"received_at", "landed_at", "published_at", "first_seen", "lag_s", "latency_p50_s", "latency_p95_s"}
)
PAGE = ["sequence", "batch", "page", "records", "cursor", "completeness", "sha256_received", "sha256_stored", "size"]
OPERATIONS: Mapping[str, Sequence[str]] = {
    "ledger": ("sequence", "batch", "kind", "dataset", "outcome", "rule"),
    "quarantine": ("sequence", "batch", "record", "rule", "place"),
    "platform_service": ("sequence", "batch"),
}
"""The tables beside the base datasets, with what no two of their rows may share."""


@dataclass(frozen=True)
class Part:
    """Comparable rows of one table, and the columns that tell them apart."""

    rows: pl.DataFrame
    key: Sequence[str]


Picture = Mapping[str, Part]


@dataclass
class Difference:
    """What a lake has less or more than it should, over all its tables, and what `verify` says of it."""

    lost: int = 0
    doubled: int = 0
    changed: int = 0
    said: list[str] = field(default_factory=list)

    @property
    def is_none(self) -> bool:
        return not (self.lost or self.doubled or self.changed or self.said)


def taken(ground: Ground, store: Store) -> Picture:
    """The lake as it stands."""
    registry = ground.registry
    parts = {dataset.id: _part(dataset, dataset.key, ground, store) for dataset in registry.base_datasets}
    for name, key in OPERATIONS.items():
        parts[name] = _part(registry.dataset(name), key, ground, store)
    for stream in STREAMS:
        source = registry.source(*stream)
        parts[f"landing of {source.id}"] = Part(_pages(source, ground, store), PAGE[:3])
    return parts


def difference(wanted: Picture, found: Picture) -> Difference:
    """How `found` differs from `wanted`. A row is lost or doubled by its key; `changed` counts all other rows."""
    all_in_all = Difference()
    for name, part in wanted.items():
        key, mine, theirs = list(part.key), part.rows, found[name].rows
        lost = mine.join(theirs, on=key, how="anti", nulls_equal=True).height
        doubled = theirs.height - theirs.select(key).n_unique()
        unknown = theirs.join(mine, on=key, how="anti", nulls_equal=True).height
        changed = theirs.join(mine, on=mine.columns, how="anti", nulls_equal=True).height - unknown
        all_in_all.lost += lost
        all_in_all.doubled += doubled
        all_in_all.changed += unknown + changed
        if lost or doubled or unknown or changed:
            all_in_all.said.append(f"{name}: {lost} lost, {doubled} doubled, {unknown} unknown, {changed} changed")
    return all_in_all


def judged(wanted: Picture, ground: Ground, store: Store) -> Difference:
    """The lake held against `wanted`, and what `hutong verify` finds wrong with it."""
    found = difference(wanted, taken(ground, store))
    found.said += verify(ground.registry, store, ground.secrets()).problems
    return found


def comparable(rows: pl.DataFrame) -> pl.DataFrame:
    """`rows` without their moments; of a tombstone only that it is one is kept."""
    kept = rows.drop([name for name in rows.columns if name in MOMENTS])
    if "last_seen_at" in kept.columns:
        kept = kept.with_columns(pl.col("last_seen_at").is_not_null())
    return kept


def _part(dataset: Dataset, key: Sequence[str], ground: Ground, store: Store) -> Part:
    found = pl.from_arrow(rows_of(dataset, ground.registry, store).to_table())
    assert isinstance(found, pl.DataFrame)
    return Part(comparable(found), key)


def _pages(source: Source, ground: Ground, store: Store) -> pl.DataFrame:
    """Digests of the landed pages, and whether each can be opened and is what was stored."""
    table = existing(store.landing(source.connector.platform, source.name))
    if table is None:
        return pl.DataFrame(schema=[*PAGE, "opens"])
    pages = pl.scan_delta(table).select(PAGE).collect()
    opened = pl.DataFrame(
        list(_opened(source, ground, store)), schema=["sequence", "batch", "page", "opens"], orient="row"
    )
    return pages.join(opened.cast({"page": pages.schema["page"]}), on=PAGE[:3], how="left")


def _opened(source: Source, ground: Ground, store: Store) -> Iterator[tuple[str, int, int, bool]]:
    key = store_key(source, ground.secrets())
    for sequence in runs(store, source.sequences[0]):
        batch = 1
        while pages := list(read_batch(store, sequence, batch, key)):
            yield from ((sequence.id, batch, page.number, page.is_intact) for page in pages)
            batch += 1
