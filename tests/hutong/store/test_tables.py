from multiprocessing import get_context
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from hutong.errors import StoreError
from hutong.store.paths import Place
from hutong.store.tables import Change, Table, commit, counts_of, dataset_of, number, opened

SCHEMA = pa.schema([pa.field("city", pa.string(), nullable=False), pa.field("n", pa.int64())])


def table_at(path: Path) -> Table:
    return Table(Place(str(path)), SCHEMA, ("city",), "numbers 数", {"hutong.contract": "numbers"}, admit=anything)


def anything(found: DeltaTable) -> None:
    """A table that was made otherwise may become this one."""


def rows(*numbers: int) -> pa.Table:
    return pa.table({"city": ["500000"] * len(numbers), "n": list(numbers)}, schema=SCHEMA)


def numbers_in(table: Table) -> list[int]:
    found: list[int] = dataset_of(opened(table), table.place).to_table()["n"].to_pylist()
    return sorted(found)


def test_a_batch_is_committed_once_however_often_it_is_tried(tmp_path: Path) -> None:
    table = table_at(tmp_path / "t")
    first = commit(table, "a/b/c", 1, lambda _: Change(rows(1, 2), {"rows": 2}))
    again = commit(table, "a/b/c", 1, lambda _: Change(rows(1, 2), {"rows": 99}))
    assert (first.is_ours, again.is_ours) == (True, False)
    assert again.counts == {"rows": 2}
    assert numbers_in(table) == [1, 2]


def test_the_number_is_there_with_a_batch_of_no_rows(tmp_path: Path) -> None:
    table = table_at(tmp_path / "t")
    commit(table, "a/b/c", 1, lambda _: Change(rows(), {"rows": 0}))
    assert number(table.place, "a/b/c") == 1
    assert number(table.place, "a/b/other") == 0
    assert number(Place(str(tmp_path / "nowhere")), "a/b/c") == 0


def test_a_commit_that_was_overtaken_is_worked_out_again_on_the_new_snapshot(tmp_path: Path) -> None:
    table = table_at(tmp_path / "t")
    seen: list[int] = []

    def build(snapshot: DeltaTable) -> Change:
        count = dataset_of(snapshot, table.place).count_rows()
        seen.append(count)
        if len(seen) == 1:
            commit(table, "another/sequence/x", 1, lambda _: Change(rows(7), {}))
        return Change(rows(count), {"saw": count})

    assert commit(table, "a/b/c", 1, build).counts == {"saw": 1}
    assert seen == [0, 1]
    assert numbers_in(table) == [1, 7]


def test_a_twin_that_commits_the_same_batch_first_wins(tmp_path: Path) -> None:
    table = table_at(tmp_path / "t")

    def build(snapshot: DeltaTable) -> Change:
        commit(table, "a/b/c", 1, lambda _: Change(rows(7), {"by": "twin"}))
        return Change(rows(8), {"by": "us"})

    committed = commit(table, "a/b/c", 1, build)
    assert (committed.is_ours, committed.counts) == (False, {"by": "twin"})
    assert numbers_in(table) == [7]


def test_replacing_takes_only_what_the_predicate_selects(tmp_path: Path) -> None:
    table = table_at(tmp_path / "t")
    commit(table, "a/b/c", 1, lambda _: Change(rows(1, 2, 3), {}))
    commit(table, "a/b/c", 2, lambda _: Change(rows(2, 4), {}, replace="city = '500000' AND n IN (2, 3, 4)"))
    assert numbers_in(table) == [1, 2, 4]


def test_counts_of_an_older_batch_are_found_behind_newer_ones(tmp_path: Path) -> None:
    table = table_at(tmp_path / "t")
    for batch in range(1, 21):
        commit(table, "a/b/c", batch, lambda _, n=batch: Change(rows(n), {"n": n}))
    assert [counts_of(opened(table), "a/b/c", batch) for batch in (1, 2, 20)] == [{"n": 1}, {"n": 2}, {"n": 20}]
    with pytest.raises(StoreError, match="batch 21 of a/b/c is no longer in the log"):
        counts_of(opened(table), "a/b/c", 21)


def race(path: str, sequence: str, batches: int) -> None:
    for batch in range(1, batches + 1):
        commit(table_at(Path(path)), sequence, batch, lambda _, n=batch: Change(rows(n), {"n": n}))


def test_processes_that_race_for_one_sequence_and_beside_it_neither_lose_nor_double(tmp_path: Path) -> None:
    table = table_at(tmp_path / "t")
    opened(table)
    # spawn: deltalake's runtime does not survive a fork.
    spawn = get_context("spawn")
    runs = [spawn.Process(target=race, args=(table.place.uri, sequence, 5)) for sequence in ("s/1/x", "s/1/x", "s/2/x")]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [run.exitcode for run in runs] == [0, 0, 0]
    assert numbers_in(table) == sorted([1, 2, 3, 4, 5] * 2)
