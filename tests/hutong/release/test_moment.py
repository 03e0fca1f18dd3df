import shutil
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from deltalake import DeltaTable

from hutong.errors import AskedWrongly
from hutong.lake import query
from hutong.registry import Registry
from hutong.release import moment, release
from hutong.secrets import Secrets
from hutong.store.paths import Store
from tests.hutong.publish.conftest import flow, land_flow, publish_flow


@pytest.fixture(scope="module")
def published(registry: Registry, secrets: Secrets, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """L1, L2 and L3, a batch each: versions 1 to 3 of every table, released as `spring`."""
    store = Store(str(tmp_path_factory.mktemp("published") / "lake"))
    for link in ("L1", "L2", "L3"):
        land_flow(registry, store, [flow(link)])
    publish_flow(registry, store, secrets)
    release("spring", "", registry, store)
    return store


@pytest.fixture
def store(published: Store, tmp_path: Path) -> Store:
    """A copy, for a test that writes to it."""
    shutil.copytree(published.root, tmp_path / "lake")
    return Store(str(tmp_path / "lake"))


def links(at: str, registry: Registry, store: Store, dataset: str = "traffic_flow") -> list[str]:
    answer = query(f"SELECT source_id FROM {dataset} ORDER BY ALL", registry, store, at=at)
    return [row["source_id"] for row in answer.to_pylist()]


def committed_at(table: DeltaTable, version: int) -> datetime:
    (entry,) = (entry for entry in table.history() if entry["version"] == version)
    return datetime.fromtimestamp(entry["timestamp"] / 1000, UTC)


def test_one_table_at_a_version_leaves_the_others_as_they_are(registry: Registry, published: Store) -> None:
    assert [len(links(f"traffic_flow={version}", registry, published)) for version in range(4)] == [0, 1, 2, 3]
    assert len(links("traffic_flow=1", registry, published, "road_segment")) == 3


def test_a_ledger_at_a_version_is_named_with_its_platform(registry: Registry, published: Store) -> None:
    answer = query("SELECT DISTINCT batch FROM ledger", registry, published, at="ledger/transport_info=1")
    assert answer.to_pylist() == [{"batch": 1}]


@pytest.mark.parametrize("hours", [-8, 0, 8])
def test_a_time_is_an_instant_whatever_zone_it_is_written_in(hours: int, registry: Registry, published: Store) -> None:
    table = DeltaTable(published.base(registry.dataset("traffic_flow").table).uri)
    then = committed_at(table, 2).astimezone(timezone(timedelta(hours=hours)))
    assert links(then.isoformat(), registry, published) == ["L1", "L2"]


def test_before_the_first_commit_the_tables_are_empty_and_after_the_last_as_they_are(
    registry: Registry, published: Store
) -> None:
    assert links("2020-01-01T00:00:00Z", registry, published) == []
    assert links("2100-01-01T00:00:00+08:00", registry, published) == ["L1", "L2", "L3"]


def test_a_release_wins_over_a_time_of_the_same_spelling(registry: Registry, store: Store, secrets: Secrets) -> None:
    release("2026-03-18", "", registry, store)
    land_flow(registry, store, [flow("L4")])
    publish_flow(registry, store, secrets)
    assert links("2026-03-18", registry, store) == ["L1", "L2", "L3"]


def test_a_table_that_came_after_the_release_was_not_there(registry: Registry, published: Store) -> None:
    assert query("FROM releases", registry, published, at="spring").num_rows == 0
    assert query("FROM junction", registry, published, at="spring").num_rows == 0


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-03-18T08:00:00", r"no time zone; write 2026-03-18T08:00:00\+08:00 for Chinese time"),
        ("2026-03-18", "no time zone"),
        ("sprin", "did you mean 'spring'"),
        ("traffic_flow=9", "has no version 9 that can be read; it stands at version 3"),
        ("traffic_flow=last", "write a whole number, such as traffic_flow=12"),
        ("traffic_flow=-1", "write a whole number"),
        ("traffic_flow/cim=1", "write traffic_flow=1"),
        ("trafic_flow=1", "did you mean 'traffic_flow'"),
        ("ledger=1", "name one of ledger/"),
        ("ledger/nowhere=1", "name one of ledger/"),
        ("", "there is no release ''"),
    ],
)
def test_what_is_no_moment_is_told_with_the_next_step(at: str, said: str, registry: Registry, published: Store) -> None:
    with pytest.raises(AskedWrongly, match=said):
        links(at, registry, published)


def test_a_time_that_the_log_no_longer_reaches_back_to_is_said_to_be_gone(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    table = DeltaTable(store.base(registry.dataset("traffic_flow").table).uri)
    before = committed_at(table, 1).isoformat()
    table.create_checkpoint()
    for version in range(2):
        Path(table.table_uri.removeprefix("file://"), "_delta_log", f"{version:020}.json").unlink()
    with pytest.raises(AskedWrongly, match="remembers its versions since"):
        links(before, registry, store)


def test_now_is_the_newest_version(registry: Registry, published: Store) -> None:
    place = published.base(registry.dataset("traffic_flow").table)
    table = moment("now", registry, published)(place)
    assert table is not None
    assert table.version() == 3
