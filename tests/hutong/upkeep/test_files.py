"""Small files become few, and neither rows nor numbers nor the change feed show it."""

from __future__ import annotations

from multiprocessing import get_context
from pathlib import Path

import polars as pl
import pyarrow as pa
from deltalake import DeltaTable

from hutong.lake import query
from hutong.registry import Registry, open_registry
from hutong.secrets import Secrets, resolver
from hutong.settings import read
from hutong.store.compaction import MANY, ROWS, compact, crowds
from hutong.store.landing import mark, read_batch
from hutong.store.paths import Place, Store
from hutong.store.tables import Change, Table, commit, dataset_of, existing
from hutong.store.tending import tend
from hutong.upkeep import maintain
from hutong.verify import verify
from tests.hutong.publish.conftest import flow
from tests.hutong.upkeep.conftest import FLOW, NOW, correct, land_at

SCHEMA = pa.schema([pa.field("city", pa.string(), nullable=False), pa.field("n", pa.int64())])


def table_at(place: Place) -> Table:
    return Table(place, SCHEMA, ("city",), "numbers 数", {}, admit=lambda _: None)


def append(place: Place, sequence: str, batch: int, city: str = "500000") -> None:
    rows = pa.table({"city": [city], "n": [batch]}, schema=SCHEMA)
    commit(table_at(place), sequence, batch, lambda _: Change(rows, {"n": 1}))


def numbers_at(place: Place) -> list[int]:
    table = existing(place)
    assert table is not None
    return sorted(dataset_of(table, place).to_table()["n"].to_pylist())


def test_only_a_partition_with_many_small_files_is_written_anew(tmp_path: Path) -> None:
    place = Place(str(tmp_path / "t"))
    for batch in range(1, MANY + 1):
        append(place, "a/b/c", batch)
    append(place, "a/b/d", 1, city="510000")
    (crowd,) = crowds(DeltaTable(place.uri), ROWS)
    assert (crowd.partition, crowd.files) == ((("city", "500000"),), MANY)
    compact(place, crowd, ROWS)
    table = DeltaTable(place.uri)
    assert (len(table.file_uris()), crowds(table, ROWS)) == (2, [])
    assert numbers_at(place) == sorted([*range(1, MANY + 1), 1])
    assert (table.transaction_version("a/b/c"), table.transaction_version("a/b/d")) == (MANY, 1)
    assert pl.DataFrame(table.load_cdf(starting_version=1).read_all()).height == MANY + 1


def test_landed_batches_are_read_as_before_from_the_file_that_holds_them_all(registry: Registry, store: Store) -> None:
    for batch in range(MANY):
        land_at(registry, store, [flow(f"L{batch}")], 1)
    before = [list(read_batch(store, FLOW, batch, None)) for batch in range(1, MANY + 1)]
    maintain(registry, store, NOW)
    assert len(DeltaTable(store.landing("transport_info", "section_flow").uri).file_uris()) == 1
    assert [list(read_batch(store, FLOW, batch, None)) for batch in range(1, MANY + 1)] == before
    assert mark(store, FLOW)[0] == MANY


def test_a_compaction_that_was_overtaken_by_a_correction_does_not_bring_the_old_rows_back(tmp_path: Path) -> None:
    place = Place(str(tmp_path / "t"))
    for batch in range(1, MANY + 1):
        append(place, "a/b/c", batch)
    correction = pa.table({"city": ["500000"], "n": [-1]}, schema=SCHEMA)
    tries: list[int] = []

    def overtaken(snapshot: DeltaTable) -> None:
        tries.append(snapshot.version())
        change = Change(correction, {}, replace="city = '500000' AND n IN (1, -1)")
        commit(table_at(place), "a/b/c", MANY + 1, lambda _: change)
        snapshot.optimize.compact()

    tend(place, "a compaction", overtaken)
    assert tries == [MANY, MANY + 1]
    assert numbers_at(place) == [-1, *range(2, MANY + 1)]


def publish_corrections(root: str, lake: str, batches: int) -> None:
    settings = read({"HUTONG_ROOT": root})
    registry, store = open_registry(settings), Store(lake)
    for number in range(batches):
        land_at(registry, store, [flow(f"L{number}")], 400)
        correct(registry, store, resolver(settings), number)


def test_a_sync_beside_it_neither_loses_nor_doubles(registry: Registry, store: Store, secrets: Secrets) -> None:
    batches = 4
    # spawn: deltalake's runtime does not survive a fork.
    sync = get_context("spawn").Process(target=publish_corrections, args=(str(registry.root), store.root, batches))
    sync.start()
    problems: list[str | None] = []
    while sync.is_alive():
        problems += [one.problem for one in maintain(registry, store, NOW)]
    sync.join()
    assert sync.exitcode == 0
    assert {problem for problem in problems if problem} == set()
    assert verify(registry, store, secrets).problems == []
    sql = "SELECT count(*) AS rows, max(speed_mps) FILTER (source_id = 'L1') * 3.6 AS speed FROM traffic_flow"
    (found,) = query(sql, registry, store).to_pylist()
    assert (found["rows"], round(found["speed"])) == (2 * batches, batches - 1)
