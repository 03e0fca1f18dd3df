"""An object store that does what it is asked and does not say so. The long form is in `make chaos`."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from hutong.store.paths import Place
from hutong.store.tables import Change, Table, commit, dataset_of, opened
from tests.chaos import objects
from tests.chaos.bench import Bench
from tests.chaos.proxy import faulty
from tests.chaos.runner import FORKING
from tests.hutong.store.test_tables import SCHEMA, anything, rows
from tests.stores.seaweed import running_s3

pytestmark = pytest.mark.xdist_group("chaos")

BATCHES = 12


def numbers_at(place: Place) -> Table:
    return Table(place, SCHEMA, ("city",), "numbers 数", {}, admit=anything)


def commit_all(place: Place) -> None:
    for batch in range(1, BATCHES + 1):
        change = Change(rows(batch), {"rows": 1})
        commit(numbers_at(place), "a/b/c", batch, lambda _, change=change: change)


def test_a_commit_that_the_store_made_and_never_answered_is_found_and_not_made_again(tmp_path: Path) -> None:
    with running_s3(tmp_path) as server:
        place = server.store("lake").base("numbers")
        with faulty(server.endpoint, random.Random(1), ["unanswered"]) as proxy:
            through = objects.impatient(server.store("lake"), proxy.endpoint).base("numbers")
            # In a process of its own: delta-rs keeps Python waiting while it asks, and the proxy is Python.
            writer = FORKING.Process(target=commit_all, args=(through,))
            writer.start()
            writer.join()
        found: list[int] = dataset_of(opened(numbers_at(place)), place).to_table()["n"].to_pylist()
    assert writer.exitcode == 0
    assert proxy.met["unanswered"] > 1
    assert sorted(found) == list(range(1, BATCHES + 1))


@pytest.mark.slow
def test_a_store_that_refuses_loses_delays_and_swallows_requests_loses_nothing(made: Bench) -> None:
    objects.failing(made.case("failing store", 1))
    assert made.tally.problems == []
    assert made.tally.total("unanswered") > 0
