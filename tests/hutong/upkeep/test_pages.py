"""Landed pages go when their time is over, and never before the ledger closes them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import polars as pl
from deltalake import DeltaTable

from hutong.lake import query
from hutong.registry import Registry
from hutong.secrets import Secrets
from hutong.store.landing import mark
from hutong.store.paths import Place, Store
from hutong.upkeep import maintain
from hutong.verify import verify
from tests.hutong.publish.conftest import flow, publish_flow
from tests.hutong.upkeep.aging import age, bytes_under
from tests.hutong.upkeep.conftest import FLOW, NOW, commit_nothing, land_at

YEAR = 365


def batches_in(store: Store) -> dict[str, list[int]]:
    """Sequence -> the batches whose pages lie in landing."""
    rows = pl.scan_delta(store.landing("transport_info", "section_flow").uri).select("sequence", "batch").collect()
    return {name: sorted(set(own["batch"])) for (name,), own in rows.group_by("sequence")}


def test_pages_past_retention_go_and_all_else_stays_true(registry: Registry, store: Store, secrets: Secrets) -> None:
    for days_ago, link in ((YEAR + 30, "L1"), (YEAR + 20, "L2"), (YEAR - 20, "L3"), (3, "L4")):
        land_at(registry, store, [flow(link)], days_ago)
    publish_flow(registry, store, secrets)
    before = mark(store, FLOW)
    maintain(registry, store, NOW)
    assert batches_in(store) == {FLOW.id: [3, 4]}
    assert mark(store, FLOW) == before
    report = verify(registry, store, secrets)
    assert (report.recounted, report.by_commit, report.problems) == (2, 2, [])
    assert query("SELECT count(*) AS n FROM traffic_flow", registry, store).to_pylist() == [{"n": 4}]


def test_the_bytes_of_expired_pages_are_gone_a_week_later_though_time_travel_reaches_further(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    land_at(registry, store, [flow("L1", roadName="a road to be forgotten")], YEAR + 30)
    land_at(registry, store, [flow("L2")], 1)
    publish_flow(registry, store, secrets)
    place = store.landing("transport_info", "section_flow")
    files = len(list(_data_files(place)))
    maintain(registry, store, NOW)
    assert len(list(_data_files(place))) == files
    age(place.uri, timedelta(days=8))
    maintain(registry, store, NOW)
    assert len(list(_data_files(place))) == files - 1
    assert batches_in(store) == {FLOW.id: [2]}


def _data_files(place: Place) -> list[str]:
    return [path for path in bytes_under(place.uri) if path.endswith(".parquet") and "_delta_log" not in path]


def test_the_newest_batch_stays_whatever_its_age_and_the_next_pull_goes_on_behind_it(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    for days_ago in (YEAR + 30, YEAR + 20):
        land_at(registry, store, [flow("L1")], days_ago)
    publish_flow(registry, store, secrets)
    maintain(registry, store, NOW)
    assert batches_in(store) == {FLOW.id: [2]}
    newest, resume = mark(store, FLOW)
    assert (newest, resume.cursor) == (2, f"{YEAR + 20} days ago")
    land_at(registry, store, [flow("L5")], 0)
    assert batches_in(store) == {FLOW.id: [2, 3]}


def test_pages_of_batches_that_the_ledger_does_not_close_stay(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    land_at(registry, store, [flow("L1")], YEAR + 30)
    publish_flow(registry, store, secrets)
    for days_ago in (YEAR + 20, YEAR + 10, 1):
        land_at(registry, store, [flow("L2")], days_ago)
    maintain(registry, store, NOW)
    assert batches_in(store) == {FLOW.id: [2, 3, 4]}
    assert [published.batch for published in publish_flow(registry, store, secrets)] == [2, 3, 4]


def test_a_pull_of_several_batches_goes_as_a_whole_or_not_at_all(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    ends, goes_on = None, "page 2"
    for days_ago, resume in ((30, ends), (20, goes_on), (10, goes_on), (-10, ends), (-360, ends)):
        land_at(registry, store, [flow("L1")], YEAR + days_ago, resume)
    publish_flow(registry, store, secrets)
    maintain(registry, store, NOW)
    assert batches_in(store) == {FLOW.id: [2, 3, 4, 5]}


def test_every_sequence_keeps_its_own_newest_batch(registry: Registry, store: Store, secrets: Secrets) -> None:
    backfill = replace(FLOW, run="backfill/spring")
    for sequence in (FLOW, backfill):
        for days_ago in (YEAR + 30, YEAR + 20):
            land_at(registry, store, [flow("L1")], days_ago, sequence=sequence)
    publish_flow(registry, store, secrets)
    maintain(registry, store, NOW)
    # The ledger closes no batch of the backfill yet.
    assert batches_in(store) == {FLOW.id: [2], backfill.id: [1, 2]}


def test_a_replay_under_way_keeps_all_pages_of_its_stream(registry: Registry, store: Store, secrets: Secrets) -> None:
    for days_ago in (YEAR + 30, YEAR + 20, 1):
        land_at(registry, store, [flow("L1")], days_ago)
    publish_flow(registry, store, secrets)
    replay = replace(FLOW, run="replay/1")
    commit_nothing(registry, "traffic_flow", replay.id, store.base("traffic_flow"), {})
    maintain(registry, store, NOW)
    assert batches_in(store) == {FLOW.id: [1, 2, 3]}
    commit_nothing(registry, "ledger", replay.id, store.ledger("transport_info"), {})
    maintain(registry, store, NOW)
    assert batches_in(store) == {FLOW.id: [3]}


def test_the_dataset_that_asks_longest_counts(registry: Registry, store: Store) -> None:
    source = registry.source("transport_info", "section_flow")
    segments = source.datasets["road_segment"]
    longer = {**source.datasets, "road_segment": replace(segments, retention=timedelta(days=500))}
    assert source.retention == timedelta(days=YEAR)
    assert replace(source, datasets=longer).retention == timedelta(days=500)
    forever = {**source.datasets, "road_segment": replace(segments, retention=None)}
    assert replace(source, datasets=forever).retention is None


def test_pages_are_stored_once_and_not_written_down_again_when_they_expire(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    name = "x" * 20_000 + "y"
    rows = [flow(f"L{number}", roadName=name[number:]) for number in range(20)]
    for days_ago in (YEAR + 30, 1):
        land_at(registry, store, rows, days_ago)
    publish_flow(registry, store, secrets)
    place = store.landing("transport_info", "section_flow")
    maintain(registry, store, NOW)
    assert batches_in(store) == {FLOW.id: [2]}
    assert not any("_change_data" in path for path in bytes_under(place.uri))
    assert DeltaTable(place.uri).metadata().configuration["delta.enableChangeDataFeed"] == "false"
