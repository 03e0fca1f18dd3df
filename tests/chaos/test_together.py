"""The short form of the races in `make chaos`."""

from __future__ import annotations

import pytest

from tests.chaos import together
from tests.chaos.bench import Bench

pytestmark = pytest.mark.xdist_group("chaos")


@pytest.fixture
def few_rounds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "ROUNDS", 2)


@pytest.mark.usefixtures("few_rounds")
@pytest.mark.parametrize(
    "number",
    [pytest.param(1, id="every_fate_the_same"), pytest.param(2, id="with_corrections")],
)
@pytest.mark.slow
def test_two_syncs_and_a_backfill_at_once_end_as_one_after_the_other(made: Bench, number: int) -> None:
    together.on_disk(made.case("race on disk", number))
    assert made.tally.problems == []
    assert made.tally.total("races") == 2


@pytest.mark.slow
@pytest.mark.usefixtures("few_rounds")
def test_the_same_on_an_s3_server(made: Bench) -> None:
    together.on_a_store(made.case("race on a store", 1))
    assert made.tally.problems == []
    assert made.tally.total("races") == 2
