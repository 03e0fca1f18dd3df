"""The ledger says how many records came late and were caught by reading again, and how late they were."""

from __future__ import annotations

import polars as pl

from hutong.registry import Registry
from hutong.secrets import Secrets
from hutong.store.paths import Store

from .conftest import flow, land_flow, publish_flow

MARK = "2026-03-18 08:15:00"


def caught(store: Store) -> dict[tuple[int, str], int]:
    ledger = pl.scan_delta(store.ledger("transport_info").uri).filter(pl.col("kind") == "late").collect()
    return {(row["batch"], row["rule"]): row["count"] for row in ledger.iter_rows(named=True)}


def test_records_behind_the_mark_that_bring_something_new_are_counted_by_how_late_they_are(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    early = [flow("a"), flow("b", statTime="2026-03-18 08:14:59")]
    land_flow(registry, store, early)
    again = [
        *early,  # read again, and known
        flow("c", statTime="2026-03-18 08:14:58"),
        flow("d", statTime="2026-03-18 08:10:00"),
        flow("e", statTime="2026-03-18 08:10:00"),
        flow("f", statTime="2026-03-16 08:15:00"),
        flow("g", statTime=MARK),
        flow("h", statTime="2026-03-18 08:20:00"),
    ]
    land_flow(registry, store, again, mark=MARK)
    first, second = publish_flow(registry, store, secrets)
    assert (first.fates, second.fates) == ({"published": 2}, {"duplicate": 2, "published": 6})
    assert caught(store) == {(2, "PT10S"): 1, (2, "PT10M"): 2, (2, "more"): 1}


def test_a_correction_that_came_late_is_something_new(registry: Registry, store: Store, secrets: Secrets) -> None:
    at = "2026-03-18 08:14:00"
    land_flow(registry, store, [flow("a", statTime=at)])
    land_flow(registry, store, [flow("a", statTime=at, flow=30)], mark=MARK)
    publish_flow(registry, store, secrets)
    assert caught(store) == {(2, "PT1M"): 1}


def test_a_first_pull_catches_nothing_late(registry: Registry, store: Store, secrets: Secrets) -> None:
    land_flow(registry, store, [flow("a"), flow("b", statTime="2026-03-17 08:14:59")])
    publish_flow(registry, store, secrets)
    assert caught(store) == {}
