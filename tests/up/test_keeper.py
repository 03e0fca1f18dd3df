"""Real processes that end, and are started again."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from hutong.errors import HutongError
from hutong.orchestrate.processes import Run, living, only_run
from hutong.up.keeper import FIRST_WAIT_S, LASTED_S, LONGEST_WAIT_S, Keeper


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with only_run(tmp_path, "HUTONG_HOME") as run:
        yield run


def start(run: Run, *module: str) -> None:
    run.start("part", module or ("http.server", "0", "--bind", "127.0.0.1"), os.environ, run.folder / "part.log")


def pid_of(run: Run) -> int:
    return next(one.pid for one in living(run.folder) if one.role == "part")


def kill(run: Run) -> None:
    os.kill(pid_of(run), signal.SIGKILL)
    until_ended(run)


def until_ended(run: Run) -> None:
    deadline = time.monotonic() + 20
    while "part" not in run.ended():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_part_that_was_killed_is_started_again_after_a_moment(run: Run) -> None:
    told: list[str] = []
    start(run)
    keeper, first = Keeper(run, {"part": lambda: start(run)}, told.append), pid_of(run)
    keeper.look(0)
    assert told == []
    kill(run)
    keeper.look(10)
    assert "part" in run.ended()
    keeper.look(10 + FIRST_WAIT_S)
    assert told == ["part"]
    assert pid_of(run) != first


def test_one_that_does_not_last_waits_longer_each_time_and_one_that_lasted_does_not(run: Run) -> None:
    told: list[str] = []
    start(run, "this")
    keeper = Keeper(run, {"part": lambda: start(run, "this")}, told.append)
    now, waits = 0.0, []
    for lasts_s in (0.0, 0.0, 0.0, LASTED_S + 1):
        until_ended(run)
        now += lasts_s
        keeper.look(now)
        began, count = now, len(told)
        while len(told) == count:
            now += FIRST_WAIT_S
            keeper.look(now)
        waits.append(now - began)
    assert waits == [FIRST_WAIT_S, 2 * FIRST_WAIT_S, 4 * FIRST_WAIT_S, FIRST_WAIT_S]
    assert max(waits) < LONGEST_WAIT_S


def test_a_start_that_fails_is_tried_again(run: Run) -> None:
    told: list[str] = []
    outcomes = iter([HutongError("the city did not start"), None])

    def again() -> None:
        if (wrong := next(outcomes)) is not None:
            raise wrong
        start(run)

    start(run)
    keeper = Keeper(run, {"part": again}, told.append)
    keeper.look(0)
    kill(run)
    for now in range(1, 10):
        keeper.look(now)
    assert told == ["part"]
    assert pid_of(run)
