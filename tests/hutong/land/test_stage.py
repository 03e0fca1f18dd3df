from collections.abc import Iterator
from pathlib import Path

import pytest

from hutong.errors import PlatformBusy
from hutong.land.stage import land
from hutong.model.batch import Page, Sequence
from hutong.pages import records_of
from hutong.store.crypt import StoreKey
from hutong.store.landing import Kept, append_batch, mark, read_batch
from hutong.store.paths import Store
from tests.hutong.making import page, stream

SEQUENCE = Sequence("cim", "thing", "500000")
KEY = StoreKey(bytes(range(32)))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path))


def batch_of(store: Store, number: int, key: StoreKey | None = None) -> list[dict[str, object]]:
    return [record.content for record in records_of(read_batch(store, SEQUENCE, number, key), stream())]


def test_what_landed_is_read_back_as_it_came(store: Store) -> None:
    landed = land(SEQUENCE, stream(), [page([{"a": "渝"}, {"a": 2}], cursor="7")], store, None)
    assert (landed.first, landed.last, landed.records) == (1, 1, 2)
    assert batch_of(store, 1) == [{"a": "渝"}, {"a": 2}]
    newest, resume = mark(store, SEQUENCE)
    assert (newest, resume.cursor, resume.position) == (1, "7", None)
    assert all(page.is_intact for page in read_batch(store, SEQUENCE, 1, None))


def test_a_long_pull_lands_as_several_batches_that_end_at_a_page(store: Store) -> None:
    pages = [page([{"n": n}, {"n": n}], resume="more" if n < 4 else None) for n in range(5)]
    landed = land(SEQUENCE, stream(max_records=4), pages, store, None)
    assert (landed.first, landed.last, landed.records) == (1, 3, 10)
    assert [len(batch_of(store, number)) for number in (1, 2, 3)] == [4, 4, 2]


def test_an_empty_pull_makes_no_batch(store: Store) -> None:
    landed = land(SEQUENCE, stream(), [page([])], store, None)
    assert (landed.first, landed.last, landed.records) == (None, None, 0)
    assert mark(store, SEQUENCE)[0] == 0


def test_a_pull_that_broke_off_keeps_what_came_and_where_to_go_on(store: Store) -> None:
    def pages() -> Iterator[Page]:
        yield page([{"n": 1}], resume='{"page": 2}', cursor="1")
        raise PlatformBusy("cim", "thing", "no answer", "try again later")

    with pytest.raises(PlatformBusy):
        land(SEQUENCE, stream(), pages(), store, None)
    newest, resume = mark(store, SEQUENCE)
    assert (newest, resume.position, batch_of(store, 1)) == (1, '{"page": 2}', [{"n": 1}])


def test_a_resumed_pull_that_ends_empty_is_closed_so_that_it_is_not_resumed_for_ever(store: Store) -> None:
    land(SEQUENCE, stream(max_records=1), [page([{"n": 1}], resume='{"page": 2}')], store, None)
    land(SEQUENCE, stream(), [page([])], store, None)
    newest, resume = mark(store, SEQUENCE)
    assert (newest, resume.position) == (2, None)


def test_a_stream_with_personal_fields_lies_encrypted(store: Store, tmp_path: Path) -> None:
    land(SEQUENCE, stream(personal=["hphm"]), [page([{"hphm": "渝A12345"}])], store, KEY)
    assert batch_of(store, 1, KEY) == [{"hphm": "渝A12345"}]
    sealed = next(read_batch_raw(store))
    assert "渝A12345".encode() not in sealed


def read_batch_raw(store: Store) -> Iterator[bytes]:
    from deltalake import DeltaTable

    from hutong.store.tables import dataset_of

    place = store.landing("cim", "thing")
    yield from dataset_of(DeltaTable(place.uri), place).to_table()["body"].to_pylist()


def test_a_twin_that_landed_first_is_left_alone(store: Store) -> None:
    def pages() -> Iterator[Page]:
        append_batch(store, SEQUENCE, 1, [Kept(page([{"by": "twin"}]), page([{"by": "twin"}]).body)], None)
        yield page([{"by": "us"}])

    landed = land(SEQUENCE, stream(), pages(), store, None)
    assert (landed.first, landed.records) == (None, 0)
    assert batch_of(store, 1) == [{"by": "twin"}]


def test_a_pull_that_was_opened_before_a_twin_landed_is_not_landed_behind_it(store: Store) -> None:
    since = mark(store, SEQUENCE)
    land(SEQUENCE, stream(), [page([{"n": 1}])], store, None)
    landed = land(SEQUENCE, stream(), [page([{"n": 1}])], store, None, since)
    assert (landed.first, landed.records) == (None, 0)
    assert mark(store, SEQUENCE)[0] == 1
