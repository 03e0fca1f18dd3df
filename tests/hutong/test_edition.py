import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hutong.edition import Edition, Read, Share, ask, datasets_read
from hutong.registry import Registry
from hutong.release import release
from hutong.secrets import Secrets
from hutong.store.paths import Store
from tests.hutong.publish.conftest import flow, land_flow, publish_flow


@pytest.fixture(scope="module")
def published(registry: Registry, secrets: Secrets, tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Four records of which one is refused, and a second pull with nothing wrong."""
    store = Store(str(tmp_path_factory.mktemp("published") / "lake"))
    land_flow(registry, store, [flow("L1"), flow("L2"), flow("L3"), flow("L4", speed="fast")])
    land_flow(registry, store, [flow("L1", statTime="2026-03-18 08:20:00")])
    publish_flow(registry, store, secrets)
    return store


@pytest.fixture
def store(published: Store, tmp_path: Path) -> Store:
    """A copy, for a test that writes to it."""
    shutil.copytree(published.root, tmp_path / "lake")
    return Store(str(tmp_path / "lake"))


def edition_of(sql: str, registry: Registry, store: Store, **asked: Any) -> Edition:
    return ask(sql, registry, store, **asked)[1]


def test_an_answer_names_the_versions_of_the_tables_it_reads(registry: Registry, published: Store) -> None:
    sql = "SELECT count(*) AS n FROM traffic_flow_main JOIN road_segment_all USING (source_id)"
    rows, edition = ask(sql, registry, published)
    assert rows.to_pylist() == [{"n": 4}]
    contracts = {name: registry.dataset(name).version for name in ("road_segment", "traffic_flow")}
    assert edition.tables == tuple(Read(name, None, 2, version) for name, version in contracts.items())


def test_a_ledger_is_a_table_per_platform(registry: Registry, published: Store) -> None:
    tables = edition_of("FROM ledger", registry, published).tables
    assert {one.platform: one.version for one in tables} == dict.fromkeys(registry.connectors) | {"transport_info": 2}


def test_an_answer_says_how_new_it_is_and_what_its_sources_lack(registry: Registry, published: Store) -> None:
    edition = edition_of("FROM traffic_flow", registry, published)
    assert edition.newest == {"transport_info": datetime(2026, 3, 18, 0, 15, tzinfo=UTC)}
    assert edition.shares == (Share("traffic_flow", "transport_info", 5, 1, 0.2, 2, 0, 0),)


def test_an_edition_is_that_of_the_moment_asked_for(registry: Registry, store: Store, secrets: Secrets) -> None:
    release("spring", "", registry, store)
    land_flow(registry, store, [flow("L9", speed="fast")])
    publish_flow(registry, store, secrets)
    edition = edition_of("FROM traffic_flow", registry, store, at="spring")
    assert (edition.at, edition.tables[0].version, edition.shares[0].quarantined) == ("spring", 2, 1)


def test_an_edition_holds_together_while_others_publish(registry: Registry, store: Store, secrets: Secrets) -> None:
    class Landing(dict[str, Any]):
        """Parameters that publish another batch when they are read: after the tables were opened."""

        def __iter__(self) -> Any:
            land_flow(registry, store, [flow("L9")])
            publish_flow(registry, store, secrets)
            return super().__iter__()

    sql = "SELECT count(*) AS n FROM traffic_flow WHERE source_platform <> $name"
    rows, edition = ask(sql, registry, store, Landing(name="cim"))
    assert rows.to_pylist() == [{"n": 4}]
    assert edition.tables[0].version == 2


def test_before_anything_was_published_there_is_nothing_to_share(registry: Registry, tmp_path: Path) -> None:
    edition = edition_of("FROM traffic_flow", registry, Store(str(tmp_path / "lake")))
    assert (edition.tables, edition.newest, edition.shares) == ((Read("traffic_flow", None, None, None),), {}, ())


@pytest.mark.parametrize(
    ("sql", "names"),
    [
        ("SELECT 1", []),
        ("WITH junction AS (SELECT 1 AS a) SELECT a FROM junction", []),
        ("WITH k AS (FROM junction) SELECT 1", []),
        ('SELECT (SELECT max(batch) FROM "JUNCTION_main") WHERE EXISTS (FROM ledger)', ["junction", "ledger"]),
        ("SELECT * FROM traffic_flow WHERE source_id = $id AND false LIMIT 0", ["traffic_flow"]),
        ("SUMMARIZE road_segment", ["road_segment"]),
        ("PIVOT ledger ON outcome USING sum(count)", ["ledger"]),
    ],
)
def test_the_database_tells_which_datasets_a_question_reads(sql: str, names: list[str], registry: Registry) -> None:
    assert [dataset.id for dataset in datasets_read(sql, registry, {"id": 1} if "$id" in sql else None)] == names


def test_of_what_cannot_be_planned_every_dataset_is_named(registry: Registry) -> None:
    assert len(list(datasets_read("EXPLAIN FROM junction", registry))) == len(registry.datasets)
