"""A changed mapping run over what has landed: shown first, then published as a correction that never counts twice."""

from pathlib import Path

import pytest

from hutong.lake import query
from hutong.model.batch import Sequence
from hutong.redo.replay import Shift
from hutong.registry import Registry
from hutong.secrets import Secrets
from hutong.settings import Settings
from hutong.store.paths import Store
from hutong.verify import verify
from tests.hutong.redo.conftest import BASE, change_mapping, fill, read_131_as_missing, replay, seen


def fates(registry: Registry, store: Store) -> dict[str, int]:
    sql = "SELECT outcome, sum(count)::INT AS n FROM ledger WHERE kind = 'record' GROUP BY ALL HAVING n <> 0"
    return {row["outcome"]: row["n"] for row in query(sql, registry, store).to_pylist()}


def waiting(registry: Registry, store: Store) -> list[str]:
    """The rules for which records wait in the quarantine."""
    return [row["rule"] for row in seen(registry, store, "quarantine")["quarantine"] if row["status"] == "open"]


def test_nothing_changed_is_nothing_to_correct(registry: Registry, store: Store, secrets: Secrets) -> None:
    before = seen(registry, store)
    found = replay(registry, store, secrets)
    assert not found.is_needed
    assert found.batches == 3
    assert seen(registry, store) == before
    assert not seen(registry, store, "operations")["operations"]


def test_the_difference_is_shown_and_a_dry_run_changes_no_byte(
    settings: Settings, store: Store, secrets: Secrets
) -> None:
    changed = read_131_as_missing(settings)
    before = {path: path.stat().st_mtime_ns for path in Path(store.root).rglob("*") if path.is_file()}
    found = replay(changed, store, secrets, publish=False)
    assert {one.dataset: (one.added, one.changed, one.removed) for one in found.differences} == {
        "road_segment": (2, 0, 0),
        "traffic_flow": (2, 0, 0),
    }
    assert found.fates == [
        Shift("quarantined", "occupancy_range", 3, 0),
        Shift("published", None, 4, 6),
        Shift("duplicate", None, 3, 4),
    ]
    assert {path: path.stat().st_mtime_ns for path in Path(store.root).rglob("*") if path.is_file()} == before


def test_released_records_move_their_fate_and_back_again_and_the_account_balances(
    settings: Settings, registry: Registry, store: Store, secrets: Secrets
) -> None:
    before, accounted = seen(registry, store), fates(registry, store)
    changed = read_131_as_missing(settings)
    replay(changed, store, secrets)
    assert verify(changed, store, secrets).problems == []
    assert fates(changed, store) == {"published": 6, "duplicate": 4, "quarantined": 1}
    assert {row["source_id"] for row in seen(changed, store, "traffic_flow")["traffic_flow"]} == {
        "L1",
        "L2",
        "L4",
        "L5",
    }
    assert waiting(changed, store) == ["speed_type"]
    released = [row for row in seen(changed, store, "quarantine")["quarantine"] if row["status"] == "released"]
    assert {row["rule"] for row in released} == {"occupancy_range"}
    assert {row["settled_by"] for row in released} == {"transport_info/section_flow/500000/replay/1"}
    back = change_mapping(settings, "255, 131]", "255]", 3)
    replay(back, store, secrets)
    assert verify(back, store, secrets).problems == []
    assert fates(back, store) == accounted
    for name in (*BASE, "platform_service"):
        assert seen(back, store, name)[name] == before[name]
    assert not replay(back, store, secrets).is_needed


@pytest.mark.slow
def test_it_equals_a_lake_that_was_never_published_otherwise(
    settings: Settings, store: Store, secrets: Secrets, tmp_path: Path
) -> None:
    changed = read_131_as_missing(settings)
    replay(changed, store, secrets)
    fresh = Store(str(tmp_path / "fresh"))
    fill(changed, fresh, secrets)
    names = (*BASE, "platform_service")
    assert seen(changed, store, *names) == seen(changed, fresh, *names)
    assert waiting(changed, store) == waiting(changed, fresh)
    assert fates(changed, store) == fates(changed, fresh)


def test_changed_fields_are_counted_with_examples(settings: Settings, store: Store, secrets: Secrets) -> None:
    changed = change_mapping(settings, "name: {rule: text, from: roadName", "name: {rule: text, from: direction", 2)
    found = replay(changed, store, secrets, publish=False)
    (segments,) = [one for one in found.differences if one.dataset == "road_segment"]
    assert segments.changed_fields == {"name": 2}
    (example,) = segments.examples
    assert (example.field, example.after) == ("name", "由东向西")
    assert found.fates == []


def test_the_ledger_says_which_versions_and_operations_say_who_and_why(
    settings: Settings, store: Store, secrets: Secrets
) -> None:
    # Only a remark is changed: no row differs, but the batches now stand for another mapping.
    changed = change_mapping(settings, "version: 1\n", "version: 1   # as before\n", 1)
    found = replay(changed, store, secrets)
    assert [one.is_none for one in found.differences] == [True, True]
    rows = query(
        "SELECT sequence, batch, sum(count)::INT AS n FROM ledger WHERE sequence LIKE '%/replay/%'"
        " GROUP BY ALL ORDER BY ALL",
        changed,
        store,
    ).to_pylist()
    assert [(Sequence.parse(row["sequence"]).run, row["batch"], row["n"]) for row in rows] == [
        ("backfill/march/replay/1", 1, 0),
        ("replay/1", 1, 0),
        ("replay/1", 2, 0),
    ]
    (operation,) = seen(changed, store, "operations")["operations"]
    assert operation == {
        "action": "replay",
        "target": "transport_info/section_flow/500000/replay/1",
        "reason": "the platform writes 131 for no value",
        "city": "500000",
    }
    assert not replay(changed, store, secrets).is_needed
    assert verify(changed, store, secrets).problems == []
