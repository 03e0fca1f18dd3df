"""Old versions go when no promise needs them any longer: not before, and not one of those that releases name."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest
from deltalake import DeltaTable

from hutong.lake import query
from hutong.registry import Registry
from hutong.release import release
from hutong.secrets import Secrets
from hutong.store.paths import Store
from hutong.store.tables import counts_of, number
from hutong.upkeep import Upkeep, figures, maintain
from hutong.verify import verify
from tests.hutong.publish.conftest import publish_flow
from tests.hutong.upkeep.aging import age, bytes_under
from tests.hutong.upkeep.conftest import FLOW, NOW, SPEEDS, commit_nothing, correct

LONG_AGO = timedelta(days=40)
LATELY = timedelta(days=20)


def speeds_at(store: Store, version: int) -> list[float]:
    """What plain deltalake and polars read of the corrected row in that version."""
    table = DeltaTable(store.base("traffic_flow").uri, version=version)
    found = pl.scan_delta(table).filter(pl.col("source_id") == "L1").select("speed_mps").collect()
    return [round(speed * 3.6, 3) for speed in found["speed_mps"]]


def of(table: str, upkeep: list[Upkeep]) -> Upkeep:
    return next(one for one in upkeep if one.table == table)


def numbers(store: Store) -> list[int]:
    places = (store.landing("transport_info", "section_flow"), store.ledger("transport_info"))
    return [number(place, FLOW.id) for place in (*places, store.base("traffic_flow"), store.base("road_segment"))]


def test_a_released_version_is_read_by_plain_deltalake_when_all_others_of_its_age_are_gone(
    registry: Registry, corrected: Store, secrets: Secrets
) -> None:
    made = release("spring", "a test", registry, corrected)
    (pinned,) = [pin.version for pin in made.pins if pin.table == "traffic_flow"]
    correct(registry, corrected, secrets, 130, 140)
    age(corrected.root, LONG_AGO)
    table = DeltaTable(corrected.base("traffic_flow").uri)
    before = numbers(corrected)
    plan = of("traffic_flow", maintain(registry, corrected, NOW)).plan
    assert plan is not None
    assert plan.held == f"a release names version {pinned}"
    assert speeds_at(corrected, pinned) == [SPEEDS[-1]]
    for version in (pinned - 1, pinned + 1):
        with pytest.raises((OSError, pl.exceptions.PolarsError)):
            speeds_at(corrected, version)
    assert speeds_at(corrected, table.version()) == [140]
    assert numbers(corrected) == before
    assert verify(registry, corrected, secrets).problems == []


@pytest.mark.slow
def test_without_a_release_the_log_goes_too_and_publishing_goes_on(
    registry: Registry, corrected: Store, secrets: Secrets
) -> None:
    age(corrected.root, LONG_AGO)
    place, before = corrected.base("traffic_flow"), numbers(corrected)
    newest = DeltaTable(place.uri).version()
    maintain(registry, corrected, NOW)
    assert DeltaTable(place.uri).history()[-1]["version"] == newest
    assert numbers(corrected) == before
    report = verify(registry, corrected, secrets)
    assert (report.by_commit, report.by_ledger, report.recounted, report.problems) == (0, 1, 12, [])
    assert publish_flow(registry, corrected, secrets) == []
    correct(registry, corrected, secrets, 130)
    assert speeds_at(corrected, DeltaTable(place.uri).version()) == [130]


def test_versions_within_reach_stay_even_when_a_checkpoint_has_forgotten_their_files(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    correct(registry, store, secrets, 10, 20)
    age(store.root, LONG_AGO)
    stood = DeltaTable(store.base("traffic_flow").uri).version()
    correct(registry, store, secrets, 30, 40)
    age(store.root, LATELY)
    # It holds no longer which files were replaced twenty days ago: those then look as if never committed.
    DeltaTable(store.base("traffic_flow").uri).create_checkpoint()
    plan = of("traffic_flow", maintain(registry, store, NOW)).plan
    assert plan is not None
    assert plan.leftovers.paths != ()
    assert [speeds_at(store, version) for version in range(stood, stood + 3)] == [[20], [30], [40]]
    feed = DeltaTable(store.base("traffic_flow").uri).load_cdf(starting_version=stood + 1, ending_version=stood + 2)
    changes = pl.DataFrame(feed.read_all()).filter(pl.col("source_id") == "L1")
    assert sorted(round(speed * 3.6) for speed in changes["speed_mps"]) == [20, 30, 30, 40]


def test_whoever_opened_a_version_a_week_ago_reads_it_to_the_end_though_no_longer_by_its_number(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    correct(registry, store, secrets, 10)
    opened = pl.scan_delta(DeltaTable(store.base("traffic_flow").uri))
    correct(registry, store, secrets, 20)
    age(store.root, timedelta(days=6.5))
    maintain(registry, store, NOW, timedelta(days=7))
    assert opened.filter(pl.col("source_id") == "L1").collect().height == 1


def test_a_dry_run_lists_what_the_run_removes_and_changes_no_byte(registry: Registry, corrected: Store) -> None:
    root, table = Path(corrected.root), Path(corrected.base("traffic_flow").uri)
    written = next(table.rglob("*.parquet"))
    # What a writer leaves that was killed before its commit, and what one at work is about to commit.
    shutil.copy(written, table / "never-committed.parquet")
    age(root, LONG_AGO)
    shutil.copy(written, table / "being-written.parquet")
    (table / "being-written.parquet").touch()
    before = bytes_under(root)
    listed = maintain(registry, corrected, NOW, dry_run=True)
    assert bytes_under(root) == before
    assert maintain(registry, corrected, NOW) == listed
    gone = before.keys() - bytes_under(root).keys()
    plans = [one.plan for one in listed if one.plan]
    assert gone == {
        str(Path(plan.place.uri, path).relative_to(root))
        for plan in plans
        for path in (*plan.leftovers.paths, *(file.path for file in plan.log))
    }
    assert "base/traffic_flow/never-committed.parquet" in gone
    assert any("_change_data" in path for path in gone)
    sums = figures(plans)
    assert sums.bytes == sum(len(before[path]) for path in gone if "_delta_log" not in path)
    assert (sums.pages, sums.batches, sums.log_files) == (1, 1, sum("_delta_log" in path for path in gone))


def test_what_goes_is_written_down_with_who_did_it(registry: Registry, corrected: Store) -> None:
    age(corrected.root, LONG_AGO)
    sums = figures(one.plan for one in maintain(registry, corrected, NOW) if one.plan and one.plan.loses)
    sql = "SELECT target, reason FROM operations WHERE action = 'maintain' AND actor <> ''"
    (row,) = query(sql, registry, corrected).to_pylist()
    assert {"traffic_flow", "landing of transport_info.section_flow"} <= set(row["target"].split(", "))
    assert f"pages={sums.pages}, batches={sums.batches}, files={sums.files}, bytes={sums.bytes}" in row["reason"]


def test_a_second_run_finds_nothing_to_do(registry: Registry, corrected: Store) -> None:
    age(corrected.root, LONG_AGO)
    assert any(one.is_needed for one in maintain(registry, corrected, NOW))
    before = bytes_under(corrected.root)
    assert [one.to_dict() for one in maintain(registry, corrected, NOW) if one.is_needed] == []
    assert bytes_under(corrected.root) == before


def test_a_log_keeps_the_account_of_a_batch_that_the_ledger_does_not_close(
    registry: Registry, corrected: Store, secrets: Secrets
) -> None:
    # A batch whose process died before the ledger.
    begun, place = replace(FLOW, run="backfill/x"), corrected.base("traffic_flow")
    commit_nothing(registry, "traffic_flow", begun.id, place, {"received": 3})
    correct(registry, corrected, secrets, 130)
    age(corrected.root, LONG_AGO)
    DeltaTable(place.uri).create_checkpoint()
    plan = of("traffic_flow", maintain(registry, corrected, NOW)).plan
    assert plan is not None
    assert plan.held is not None
    assert "holds a batch that the ledger does not close" in plan.held
    assert counts_of(DeltaTable(place.uri), begun.id, 1) == {"received": 3}
    commit_nothing(registry, "ledger", begun.id, corrected.ledger("transport_info"), {})
    freed = of("traffic_flow", maintain(registry, corrected, NOW)).plan
    assert freed is not None
    assert freed.held is None
    assert freed.log != ()


def test_tables_of_a_lake_that_cleaned_its_logs_by_itself_stop_doing_so(tmp_path: Path, registry: Registry) -> None:
    shutil.unpack_archive(Path(__file__).parents[2] / "lakes" / "0.1.0.tar.gz", tmp_path, filter="data")
    store = Store(str(tmp_path / "lake"))
    maintain(registry, store, NOW, timedelta(days=60))
    properties = DeltaTable(store.base("traffic_flow").uri).metadata().configuration
    assert properties["delta.enableExpiredLogCleanup"] == "false"
    assert properties["delta.deletedFileRetentionDuration"] == "interval 60 days"
    landing = DeltaTable(store.landing("transport_info", "section_flow").uri).metadata().configuration
    assert landing["delta.deletedFileRetentionDuration"] == "interval 7 days"
    assert not any(one.is_needed for one in maintain(registry, store, NOW, timedelta(days=60)))
