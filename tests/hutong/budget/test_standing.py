"""The circuit breaker, as several processes see it that share its file."""

import time
from datetime import timedelta
from pathlib import Path

import pytest

from hutong.budget import standing
from hutong.budget.standing import Standing
from hutong.model.bounds import Breaker

BREAKER = Breaker(failures=3, pause=timedelta(seconds=60))


@pytest.fixture
def two(tmp_path: Path) -> tuple[Standing, Standing]:
    return Standing(tmp_path / "a.sqlite", BREAKER), Standing(tmp_path / "a.sqlite", BREAKER)


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at_s = time.time()
        monkeypatch.setattr(standing.time, "time", lambda: self.at_s)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def open_s(one: Standing) -> float:
    return one.open_for_s(one.look())


def test_it_opens_for_all_after_so_many_failures_in_a_row(two: tuple[Standing, Standing], clock: Clock) -> None:
    first, second = two
    first.failed(None)
    second.failed(None)
    first.answered()
    first.failed(None)
    second.failed(None)
    assert open_s(first) == open_s(second) == 0
    assert first.may_try(first.look())
    first.failed(None)
    assert (open_s(second), second.may_try(second.look())) == (pytest.approx(60), False)


def test_when_the_pause_is_over_one_tries_and_the_others_wait_for_what_it_finds(
    two: tuple[Standing, Standing], clock: Clock
) -> None:
    first, second = two
    for _ in range(3):
        first.failed(None)
    clock.at_s += 60.1
    assert (open_s(first), open_s(second)) == (0, 0) or open_s(first) < 0
    assert [second.may_try(second.look()), first.may_try(first.look())] == [True, False]
    second.answered()
    assert first.may_try(first.look())


def test_a_try_that_fails_opens_it_again_and_one_that_never_ends_does_not_keep_it_open(
    two: tuple[Standing, Standing], clock: Clock
) -> None:
    first, second = two
    for _ in range(3):
        first.failed(None)
    clock.at_s += 60.1
    assert first.may_try(first.look())
    first.failed(None)
    assert not second.may_try(second.look())
    clock.at_s += 60.1
    assert first.may_try(first.look())
    clock.at_s += 60.1  # the process that tried was killed
    assert second.may_try(second.look())


def test_retry_after_holds_all_back_but_not_for_years(two: tuple[Standing, Standing], clock: Clock) -> None:
    first, second = two
    first.failed(20)
    assert second.held_for_s(second.look()) == pytest.approx(20)
    first.failed(5)
    assert second.held_for_s(second.look()) == pytest.approx(20)
    first.failed(1e12)
    assert second.held_for_s(second.look()) == pytest.approx(standing.LONGEST_HOLD_S)


def test_a_clock_that_is_set_back_closes_it(two: tuple[Standing, Standing], clock: Clock) -> None:
    first, second = two
    for _ in range(3):
        first.failed(30)
    clock.at_s -= 7200
    assert (open_s(second), second.held_for_s(second.look())) == (0, 0)
