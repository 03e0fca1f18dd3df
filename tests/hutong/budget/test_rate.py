"""Requests per minute, with a clock in the test's hands."""

import sqlite3
from contextlib import nullcontext
from pathlib import Path

import pytest
from pyrate_limiter import InMemoryBucket, Rate

from hutong.budget.rate import WINDOW_MS, RequestRate, share_of_rate, shared_rate
from hutong.errors import StoreError


class Clock:
    def __init__(self) -> None:
        self.at_s = 1_000_000.0

    def __call__(self) -> int:
        return int(self.at_s * 1e9)


def rate_by(clock: Clock, per_minute: int) -> RequestRate:
    return RequestRate(InMemoryBucket([Rate(per_minute, WINDOW_MS)]), nullcontext(), Path(), clock)


def test_a_minute_holds_no_more_wherever_it_begins() -> None:
    clock = Clock()
    rate, made = rate_by(clock, 5), []
    for _ in range(2000):
        if rate.take() == 0:
            made.append(clock.at_s)
        clock.at_s += 0.37
    assert len(made) > 50
    assert all(later - earlier > 60 for earlier, later in zip(made, made[5:], strict=False))


def test_who_has_to_wait_is_told_how_long() -> None:
    clock = Clock()
    rate = rate_by(clock, 1)
    assert rate.take() == 0
    wait_s = rate.take()
    clock.at_s += wait_s - 0.01
    assert rate.take() > 0
    clock.at_s += 0.02
    assert rate.take() == 0


def test_a_clock_that_is_set_back_stops_nobody_for_longer_than_a_minute() -> None:
    clock = Clock()
    rate = rate_by(clock, 3)
    assert rate.take() == 0
    clock.at_s -= 3600
    assert rate.take() > 0
    clock.at_s += WINDOW_MS / 1000 + 0.01
    assert rate.take() == 0


def test_all_who_open_the_file_share_one_minute(tmp_path: Path) -> None:
    first, second = (shared_rate(tmp_path / "a.sqlite", 3) for _ in range(2))
    assert [first.take() > 0, second.take() > 0, first.take() > 0, second.take() > 0] == [False, False, False, True]
    assert first.count() == second.count() == 3


@pytest.mark.parametrize(("per_minute", "slots", "apart_s"), [(60, 4, 61 / 15), (10, 4, 61 / 2), (2, 4, 122)])
def test_a_share_is_even_and_begins_with_a_wait(per_minute: int, slots: int, apart_s: float) -> None:
    """So processes that follow one another in a slot ask no more often than one would."""
    assert share_of_rate(per_minute, slots).take() == pytest.approx(apart_s, abs=0.5)


def test_a_damaged_file_is_an_error_with_the_next_step(tmp_path: Path) -> None:
    (tmp_path / "a.sqlite").write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match=r"a\.sqlite: the file of the budget is damaged.*remove it"):
        shared_rate(tmp_path / "a.sqlite", 3)


def test_a_file_that_another_process_does_not_let_go_of_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hutong.budget.rate.PATIENCE_S", 0.1)
    rate = shared_rate(tmp_path / "a.sqlite", 3)
    holder = sqlite3.connect(tmp_path / "a.sqlite", isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    rate._bucket.conn.execute("PRAGMA busy_timeout = 100")  # type: ignore[attr-defined]
    with pytest.raises(StoreError, match="another process has held"):
        rate.take()
