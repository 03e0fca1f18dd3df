from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hutong.changes import Changes, Row, changes
from hutong.errors import AskedWrongly, StoreError
from hutong.lake import query
from hutong.registry import Registry
from hutong.schema.arrow import to_table
from hutong.secrets import Secrets
from hutong.store.contracted import table_of
from hutong.store.paths import Store
from hutong.store.tables import Change, commit, existing
from tests.hutong.publish.conftest import flow, land_flow, publish_flow

SEEN = datetime(2026, 3, 18, tzinfo=UTC)


def road(source_id: str, **changed: Any) -> dict[str, Any]:
    """A row of road_segment."""
    row: dict[str, Any] = {
        "city": "500000",
        "source_platform": "cim",
        "source_stream": "road_segment",
        "source_id": source_id,
        "observed_at": SEEN,
        "received_at": SEEN,
        "batch": 1,
        "record": 0,
        "grain": "link",
        "name": "金开大道",
    }
    return row | changed


def put(registry: Registry, store: Store, rows: list[dict[str, Any]], replace: str | None = None) -> None:
    """Commit `rows` to road_segment as the next version."""
    dataset = registry.dataset("road_segment")
    place = store.base(dataset.table)
    there = existing(place)
    full = [dict.fromkeys(dataset.names) | row for row in rows]
    change = Change(to_table(full, dataset), {"rows": len(rows)}, replace)
    commit(table_of(dataset, place), "cim/road_segment/500000", there.version() + 1 if there else 1, lambda _: change)


def found(registry: Registry, store: Store, first: str, second: str, rows: int = 0) -> Changes:
    (one,) = changes(first, second, registry, store, "road_segment", rows)
    return one


def test_rows_are_added_changed_and_removed_by_their_key(registry: Registry, store: Store) -> None:
    put(registry, store, [road("A"), road("B"), road("C")])
    put(registry, store, [road("A"), road("B", name="金山大道"), road("D")], replace="city = '500000'")
    key = {"city": "500000", "source_platform": "cim", "source_stream": "road_segment"}
    one = found(registry, store, "road_segment=1", "road_segment=2", rows=9)
    assert (one.added, one.changed, one.removed) == (1, 1, 1)
    changed, removed, added = one.examples
    assert changed == Row("changed", key | {"source_id": "B"}, {"name": "金开大道"}, {"name": "金山大道"})
    assert (removed.kind, removed.key["source_id"], removed.after) == ("removed", "C", None)
    assert (added.kind, added.key["source_id"], added.before) == ("added", "D", None)
    assert found(registry, store, "road_segment=2", "road_segment=1").added == 1


def test_the_same_said_again_later_is_no_change(registry: Registry, store: Store) -> None:
    later = SEEN + timedelta(days=1)
    put(registry, store, [road("A")])
    put(registry, store, [road("A", observed_at=later, received_at=later, batch=2)], replace="city = '500000'")
    assert found(registry, store, "road_segment=1", "now").are_none


def test_a_value_that_comes_or_goes_is_a_change(registry: Registry, store: Store) -> None:
    put(registry, store, [road("A", name=None), road("B")])
    put(registry, store, [road("A"), road("B", name=None)], replace="city = '500000'")
    assert found(registry, store, "road_segment=1", "road_segment=2").changed == 2


def test_a_tombstone_is_a_removed_row_and_listed_again_an_added_one(registry: Registry, store: Store) -> None:
    put(registry, store, [road("A")])
    put(registry, store, [road("A", last_seen_at=SEEN)], replace="city = '500000'")
    put(registry, store, [road("A")], replace="city = '500000'")
    one, two = (found(registry, store, f"road_segment={n}", f"road_segment={n + 1}") for n in (1, 2))
    assert (one.added, one.changed, one.removed) == (0, 0, 1)
    assert (two.added, two.changed, two.removed) == (1, 0, 0)


def test_rows_that_only_moved_to_other_files_are_no_change(registry: Registry, store: Store) -> None:
    put(registry, store, [road("A")])
    put(registry, store, [road("B")])
    table = existing(store.base(registry.dataset("road_segment").table))
    assert table is not None
    table.optimize.compact()
    assert found(registry, store, "road_segment=2", "now").are_none
    assert found(registry, store, "road_segment=1", "now").added == 1


def test_of_two_equal_moments_no_file_is_read(registry: Registry, store: Store) -> None:
    put(registry, store, [road("A")])
    table = existing(store.base(registry.dataset("road_segment").table))
    assert table is not None
    for file in Path(store.root).rglob("*.parquet"):
        file.write_bytes(b"")
    assert found(registry, store, "road_segment=1", "now").are_none


def test_a_version_whose_files_were_cleared_away_is_said_to_be_gone(registry: Registry, store: Store) -> None:
    put(registry, store, [road("A")])
    put(registry, store, [road("B")], replace="city = '500000'")
    table = existing(store.base(registry.dataset("road_segment").table))
    assert table is not None
    table.vacuum(0, dry_run=False, enforce_retention_duration=False)
    with pytest.raises(StoreError, match="version that is asked for is gone; old versions that no release pins"):
        found(registry, store, "road_segment=1", "now")
    with pytest.raises(StoreError, match="version that is asked for is gone; old versions that no release pins"):
        query("FROM road_segment", registry, store, at="road_segment=1")


def test_a_table_that_was_not_there_yet_had_no_rows(registry: Registry, store: Store) -> None:
    put(registry, store, [road("A"), road("B")])
    assert found(registry, store, "2020-01-01T00:00:00Z", "now").added == 2


def test_what_was_published_between_two_moments_shows_in_every_dataset_it_feeds(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    for link in ("L1", "L2"):
        land_flow(registry, store, [flow(link)])
    publish_flow(registry, store, secrets)
    differing = {one.dataset: one.added for one in changes("traffic_flow=1", "now", registry, store) if one.added}
    assert differing == {"traffic_flow": 1}
    everything = {one.dataset: one.added for one in changes("2020-01-01T00:00:00Z", "now", registry, store)}
    assert everything["traffic_flow"] == everything["road_segment"] == everything["platform_service"] == 2
    assert not everything.keys() & {"ledger", "quarantine", "operations", "releases"}


def test_a_dataset_whose_rows_have_no_key_cannot_be_compared(registry: Registry, store: Store) -> None:
    with pytest.raises(AskedWrongly, match="rows of ledger have no key"):
        list(changes("now", "now", registry, store, "ledger"))
