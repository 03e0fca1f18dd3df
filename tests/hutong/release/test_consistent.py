"""Half-published batches are made by committing to some tables only, as a process at work or a killed one does."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from functools import partial

import pytest
from deltalake import DeltaTable

from hutong.errors import StoreError
from hutong.model.batch import Sequence
from hutong.model.dataset import Dataset
from hutong.registry import Registry
from hutong.release.consistent import LEDGER, QUARANTINE, TableId, consistent, look
from hutong.schema.arrow import to_table
from hutong.store.contracted import table_of
from hutong.store.paths import Store
from hutong.store.tables import Change, commit, existing
from tests.hutong.making import START

FLOW = Sequence("transport_info", "section_flow", "500000")
BACKFILL = Sequence("transport_info", "section_flow", "500000", "backfill/march")
ROADS = Sequence("cim", "road_segment", "500000")
SERVICE, ROAD, TRAFFIC = (TableId(name, None) for name in ("platform_service", "road_segment", "traffic_flow"))

CLOSED = {
    "city": "500000",
    "platform": "cim",
    "stream": "bridges",
    "batch": 1,
    "kind": "record",
    "outcome": "published",
    "count": 1,
    "received": 1,
    "completeness": "proven",
    "mapping_version": 1,
    "mapping_digest": "",
    "contract_version": "1.0.0",
    "codes_digest": "",
    "structure_digest": None,
    "landed_at": START,
    "published_at": START,
}
"""A row of the ledger."""

Feed = Callable[[Sequence, int, Iterable[TableId]], None]


def tables_of(sequence: Sequence) -> list[TableId]:
    """Every table that a batch is committed to, in that order."""
    datasets = [ROAD, TRAFFIC] if sequence.stream == "section_flow" else [ROAD]
    ledger, quarantine = (TableId(name, sequence.platform) for name in ("ledger", "quarantine"))
    return [quarantine, *datasets, SERVICE, ledger]


def nothing(dataset: Dataset, snapshot: DeltaTable) -> Change:
    return Change(to_table([], dataset), {"rows": 0})


@pytest.fixture
def feed(registry: Registry, store: Store) -> Feed:
    def commit_to(sequence: Sequence, batch: int, tables: Iterable[TableId]) -> None:
        for name in tables:
            dataset = registry.dataset(name.table)
            table = table_of(dataset, store.table(name.table, name.platform))
            commit(table, sequence.id, batch, partial(nothing, dataset))

    return commit_to


def numbers(registry: Registry, store: Store, sequence: Sequence) -> dict[str, int]:
    """Where `sequence` ends in each table that it feeds, at the versions that agree."""
    found = {}
    for pin in look(registry, store).pins:
        if TableId(pin.table, pin.platform) in tables_of(sequence):
            table = existing(pin.place(store), pin.version)
            assert table is not None
            found[pin.table] = table.transaction_version(sequence.id) or 0
    return found


def test_in_a_quiet_lake_every_table_is_pinned_as_it_is(registry: Registry, store: Store, feed: Feed) -> None:
    for batch in (1, 2):
        feed(FLOW, batch, tables_of(FLOW))
        feed(ROADS, batch, tables_of(ROADS))
    versions = {TableId(pin.table, pin.platform): pin.version for pin in consistent(registry, store)}
    assert versions == dict.fromkeys(tables_of(FLOW) + tables_of(ROADS), 2) | {SERVICE: 4, ROAD: 4}


def test_a_lake_without_tables_has_nothing_to_pin(registry: Registry, store: Store) -> None:
    assert consistent(registry, store) == ()


def test_a_pin_knows_the_contract_of_its_version(registry: Registry, store: Store, feed: Feed) -> None:
    feed(ROADS, 1, tables_of(ROADS))
    found = {pin.table: pin.contract_version for pin in consistent(registry, store)}
    assert found == {name: registry.dataset(name).version for name in found}


@pytest.mark.parametrize("committed", [1, 2, 3, 4])
def test_a_batch_that_is_not_closed_shows_in_no_table(
    committed: int, registry: Registry, store: Store, feed: Feed
) -> None:
    feed(FLOW, 1, tables_of(FLOW))
    feed(FLOW, 2, tables_of(FLOW)[:committed])
    assert set(numbers(registry, store, FLOW).values()) == {1}
    assert look(registry, store).half == {(FLOW.id, 2)}
    assert consistent(registry, store, patience_s=0)


def test_what_stands_after_a_half_published_batch_is_left_out_of_all_tables(
    registry: Registry, store: Store, feed: Feed
) -> None:
    for sequence in (FLOW, ROADS, BACKFILL):
        feed(sequence, 1, tables_of(sequence))
    feed(BACKFILL, 2, tables_of(BACKFILL)[:2])  # as far as road_segment
    feed(ROADS, 2, tables_of(ROADS))
    assert set(numbers(registry, store, ROADS).values()) == {1}
    assert look(registry, store).left_out == {(ROADS.id, 2)}


def test_a_batch_that_does_not_end_is_named_with_the_way_to_end_it(
    registry: Registry, store: Store, feed: Feed
) -> None:
    feed(BACKFILL, 1, tables_of(BACKFILL)[:2])
    feed(ROADS, 1, tables_of(ROADS))
    with pytest.raises(StoreError, match=r"batch 1 of transport_info/.*/backfill/march .* run backfill/march again"):
        consistent(registry, store, patience_s=0)
    feed(BACKFILL, 1, tables_of(BACKFILL))
    assert {pin.version for pin in consistent(registry, store, patience_s=0) if pin.table == "road_segment"} == {2}


def test_a_dataset_that_a_mapping_began_to_fill_late_does_not_undo_what_came_before(
    registry: Registry, store: Store, feed: Feed
) -> None:
    tables = tables_of(FLOW)
    for batch in (1, 2, 3):
        feed(FLOW, batch, [name for name in tables if name != ROAD])
    feed(FLOW, 4, tables[:-1])
    assert numbers(registry, store, FLOW) == {
        "quarantine": 3,
        "road_segment": 0,
        "traffic_flow": 3,
        "platform_service": 3,
        "ledger": 3,
    }


def test_a_dataset_that_a_mapping_no_longer_fills_holds_nothing_back(
    registry: Registry, store: Store, feed: Feed
) -> None:
    feed(FLOW, 1, tables_of(FLOW))
    for batch in (2, 3):
        feed(FLOW, batch, [name for name in tables_of(FLOW) if name != ROAD])
    found = numbers(registry, store, FLOW)
    assert (found.pop("road_segment"), set(found.values())) == (1, {3})


def test_batches_of_a_stream_that_is_no_longer_declared_go_with_the_others(
    registry: Registry, store: Store, feed: Feed
) -> None:
    retired = Sequence("cim", "bridges", "500000")
    feed(BACKFILL, 1, tables_of(BACKFILL)[:2])
    feed(retired, 1, tables_of(ROADS)[:-1])
    dataset = registry.dataset("ledger")
    entry = dict.fromkeys(dataset.names) | CLOSED | {"sequence": retired.id}
    rows = to_table([entry], dataset)
    commit(table_of(dataset, store.ledger("cim")), retired.id, 1, lambda _: Change(rows, {}))
    assert set(numbers(registry, store, retired).values()) == {0}


def test_commits_that_are_no_batches_hold_nothing_back(registry: Registry, store: Store, feed: Feed) -> None:
    feed(ROADS, 1, tables_of(ROADS))
    feed(Sequence("rebuild", "road_segment", "1"), 1, [ROAD])
    feed(Sequence("operations", "2f1c", ""), 1, [TableId("operations", None)])
    versions = {pin.table: pin.version for pin in consistent(registry, store)}
    assert (versions["road_segment"], versions["operations"]) == (2, 1)


def test_a_replay_that_neither_landed_nor_ended_shows_in_no_table(registry: Registry, store: Store, feed: Feed) -> None:
    replay = Sequence("cim", "road_segment", "500000", "replay/1")
    feed(ROADS, 1, tables_of(ROADS))
    feed(replay, 1, [ROAD])
    assert numbers(registry, store, replay)["road_segment"] == 0


def test_a_replay_that_was_run_again_is_held_whole_or_not_at_all(registry: Registry, store: Store, feed: Feed) -> None:
    replay = Sequence("cim", "road_segment", "500000", "replay/1")
    ledger, quarantine = (TableId(name, "cim") for name in (LEDGER, QUARANTINE))
    feed(ROADS, 1, tables_of(ROADS))
    feed(replay, 1, [quarantine, ROAD])  # killed here; platform_service never hears of it
    feed(replay, 2, [ROAD])
    assert numbers(registry, store, replay) == dict.fromkeys(numbers(registry, store, replay), 0)
    feed(replay, 1, [ledger])
    found = numbers(registry, store, replay)
    assert found == {"ledger": 1, "platform_service": 0, "quarantine": 1, "road_segment": 2}
    assert look(registry, store).left_out == frozenset()


@pytest.mark.parametrize("seed", range(4))
def test_however_batches_interleave_the_newest_versions_that_agree_are_found(
    seed: int, registry: Registry, store: Store, feed: Feed
) -> None:
    draw = random.Random(seed)
    steps = {
        sequence: [(n, name) for n in (1, 2, 3) for name in tables_of(sequence)] for sequence in (FLOW, ROADS, BACKFILL)
    }
    log: list[tuple[TableId, Sequence, int]] = []
    for _ in range(draw.randint(25, 35)):
        sequence = draw.choice([name for name, left in steps.items() if left])
        batch, name = steps[sequence].pop(0)
        feed(sequence, batch, [name])
        log.append((name, sequence, batch))
    found = {TableId(pin.table, pin.platform): pin.version for pin in look(registry, store).pins}
    assert found == newest_that_agree(log)


def newest_that_agree(log: list[tuple[TableId, Sequence, int]]) -> dict[TableId, int]:
    """The same by plain reckoning: batches are struck out until each stands in all of its tables or in none."""
    commits: dict[TableId, list[tuple[Sequence, int]]] = {}
    for name, sequence, batch in log:
        commits.setdefault(name, []).append((sequence, batch))
    everything = {one for those in commits.values() for one in those}
    while True:
        kept = {(s, n) for s, n in everything if all((s, n) in commits.get(name, []) for name in tables_of(s))}
        cut = {
            name: next((i for i, one in enumerate(those) if one not in kept), len(those))
            for name, those in commits.items()
        }
        shorter = {name: those[: cut[name]] for name, those in commits.items()}
        if shorter == commits:
            return cut
        commits = shorter
