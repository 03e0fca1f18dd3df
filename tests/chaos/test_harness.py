"""A harness that finds nothing must be one that would have found something."""

from __future__ import annotations

import shutil

import polars as pl
import pytest
from deltalake import DeltaTable, write_deltalake

from hutong.store.paths import Store
from hutong.store.tables import existing
from tests.chaos.bench import Bench
from tests.chaos.picture import difference, taken
from tests.chaos.readers import Reading, reading
from tests.chaos.script import written

pytestmark = [pytest.mark.xdist_group("chaos"), pytest.mark.slow]


@pytest.fixture
def copied(made: Bench) -> Store:
    """The undisturbed lake, to be spoilt."""
    store = made.ground.store("spoilt")
    shutil.rmtree(store.root, ignore_errors=True)
    shutil.copytree(made.ground.store("undisturbed").root, store.root)
    return store


def flow_of(store: Store) -> DeltaTable:
    table = existing(store.base("traffic_flow"))
    assert table is not None
    return table


def test_the_script_of_a_seed_is_always_the_same_and_another_seed_s_another() -> None:
    assert written(3) == written(3)
    assert written(3) != written(4)


def test_a_row_that_is_missing_counts_as_lost(made: Bench, copied: Store) -> None:
    flow_of(copied).delete("source_id = 'S001'")
    found = difference(made.wanted, taken(made.ground, copied))
    assert (found.lost > 0, found.doubled, found.changed) == (True, 0, 0)


def test_a_row_that_stands_twice_counts_as_doubled(made: Bench, copied: Store) -> None:
    table = flow_of(copied)
    write_deltalake(table, pl.scan_delta(table).filter(pl.col("source_id") == "S002").collect(), mode="append")
    found = difference(made.wanted, taken(made.ground, copied))
    assert (found.lost, found.doubled > 0, found.changed) == (0, True, 0)


def test_a_row_of_other_content_counts_as_changed(made: Bench, copied: Store) -> None:
    flow_of(copied).update(updates={"vehicle_count": "vehicle_count + 1"}, predicate="source_id = 'S003'")
    found = difference(made.wanted, taken(made.ground, copied))
    assert (found.lost, found.doubled, found.changed > 0) == (0, 0, True)


def test_a_reader_tells_a_batch_that_is_half_there(made: Bench, copied: Store) -> None:
    flow_of(copied).delete("source_id = 'S004'")
    with reading(Reading(made.ground, copied, made.states)) as seen:
        pass
    assert any(said.startswith("traffic_flow version") for said in seen.wrong)


def test_a_landed_page_that_is_missing_counts_as_lost(made: Bench, copied: Store) -> None:
    pages = existing(copied.landing("traffic_safety", "accident"))
    assert pages is not None
    pages.delete("batch = 2")
    assert difference(made.wanted, taken(made.ground, copied)).lost == 1
