"""Commits on an S3 server: each once, whoever races for it and whatever the server does meanwhile."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pyarrow as pa
import pytest

from hutong.errors import StoreError
from hutong.store.moved import moved_since
from hutong.store.paths import Place, Store, is_there
from hutong.store.tables import Change, Table, commit, dataset_of, existing
from tests.stores.seaweed import RunningS3

pytestmark = pytest.mark.xdist_group("s3")

SCHEMA = pa.schema([pa.field("n", pa.int64())])


def table_at(place: Place) -> Table:
    return Table(place, SCHEMA, (), "numbers 数", {}, admit=lambda _: None)


def rows(*numbers: int) -> pa.Table:
    return pa.table({"n": list(numbers)}, schema=SCHEMA)


def numbers_at(place: Place) -> list[int]:
    table = existing(place)
    assert table is not None
    return sorted(dataset_of(table, place).to_table()["n"].to_pylist())


def test_writers_that_race_neither_lose_nor_double(s3: RunningS3) -> None:
    place = s3.store("race").base("numbers")

    def write(sequence: str) -> list[bool]:
        made = (commit(table_at(place), sequence, n, lambda _, n=n: Change(rows(n), {"n": n})) for n in range(1, 6))
        return [one.is_ours for one in made]

    with ThreadPoolExecutor(4) as pool:
        ours = list(pool.map(write, ["a/b/c", "a/b/c", "a/b/c", "another/sequence/x"]))
    assert numbers_at(place) == sorted([1, 2, 3, 4, 5] * 2)
    assert [sum(made) for made in zip(*ours[:3], strict=True)] == [1] * 5


def test_a_pull_sees_by_one_request_that_a_table_has_moved(s3: RunningS3) -> None:
    place = s3.store("moved").base("numbers")
    has_moved = moved_since(place)
    assert not has_moved(None)
    commit(table_at(place), "a/b/c", 1, lambda _: Change(rows(1), {}))
    table = existing(place)
    assert table is not None
    assert (has_moved(None), has_moved(table.version() - 1), has_moved(table.version())) == (True, True, False)


def test_a_commit_waits_for_a_store_that_comes_back(s3: RunningS3) -> None:
    place = s3.store("back").base("numbers")
    # The library's own tries made short, so that it is ours that are seen.
    quick = Place(place.uri, {**place.options, "retry_timeout": "1s"})
    commit(table_at(place), "a/b/c", 1, lambda _: Change(rows(1), {}))
    s3.stop()
    coming = threading.Timer(0.5, s3.start)
    try:
        with pytest.raises(StoreError, match="the store does not answer"):
            is_there(Store("s3://lakes/back", place.options))
    finally:
        coming.start()
    commit(table_at(quick), "a/b/c", 2, lambda _: Change(rows(2), {}))
    coming.join()
    assert numbers_at(place) == [1, 2]


def test_what_may_not_be_read_or_is_not_there_is_told(s3: RunningS3) -> None:
    store = s3.store("told")
    place = store.base("numbers")
    commit(table_at(place), "a/b/c", 1, lambda _: Change(rows(1), {}))
    wrong = {**store.options, "aws_secret_access_key": "planted-7f31"}
    for ask in (lambda: existing(Place(place.uri, wrong)), lambda: is_there(Store(store.root, wrong))):
        with pytest.raises(StoreError, match="access denied; see that the secrets") as refused:
            ask()
        assert "planted-7f31" not in str(refused.value)
    with pytest.raises(StoreError, match="there is no such bucket; make it, or correct HUTONG_LAKE"):
        existing(Place("s3://elsewhere/lake/base/numbers", store.options))
    assert existing(store.base("nothing")) is None
