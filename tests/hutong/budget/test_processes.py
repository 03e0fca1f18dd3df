"""One budget over real processes, by the platform's own log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hutong.budget import used
from hutong.budget.slots import Slots
from hutong.model.batch import Sequence
from hutong.model.connector import Connector
from hutong.pauses import pause, resume
from hutong.registry import open_registry
from hutong.store.landing import mark
from hutong.store.paths import Store
from tests.conftest import ROOT
from tests.hutong.budget.asking import CITY, PLATFORM, Running, land, platform, processes, settings_in, start
from tests.hutong.extract.speaking import Asked, Says, Server, numbered, rows, speaking

SLOW_S = 0.05


@dataclass
class Log:
    """When each request came (seconds), and how many were under way at most."""

    came: list[float] = field(default_factory=list)
    most: int = 0


@contextmanager
def logging(pages: int) -> Iterator[tuple[Server, Log]]:
    """A platform of so many pages that takes its time, and writes down who asks."""
    log, lock, answer, under_way = Log(), threading.Lock(), numbered(rows(10 * pages), total=10 * pages), set[int]()

    def dialect(asked: Asked) -> Says:
        with lock:
            log.came.append(time.monotonic())
            under_way.add(id(asked))
            log.most = max(log.most, len(under_way))
        time.sleep(SLOW_S)
        with lock:
            under_way.remove(id(asked))
        return answer(asked)

    with speaking(dialect) as server:
        yield server, log


def all_three(folder: Path, at: Connector) -> list[Running]:
    """Two syncs and a backfill that begin at the same time."""
    together = processes.Barrier(3)
    return [
        start(folder, at, together=together),
        start(folder, at, "510100", together=together),
        start(folder, at, run="backfill/a", together=together),
    ]


def most_in_a_minute(came: list[float]) -> int:
    return max(sum(1 for at in came if begin <= at < begin + 60) for begin in came)


def wait_for(condition: Callable[[], bool], within_s: float = 120) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_two_syncs_and_a_backfill_stay_within_the_budget_together(tmp_path: Path) -> None:
    budget = {"requests_per_minute": 40, "concurrency": 2}
    with logging(pages=41) as (server, log):
        at = platform(server.address, budget)
        running = all_three(tmp_path, at)
        try:
            wait_for(lambda: len(log.came) >= 40)
            time.sleep(2)
            assert all(one.process.is_alive() for one in running), "all three had more to ask for"
            # Who waits looks every second, with a slot for a moment. With one in its hands this would never come true.
            wait_for(lambda: used(at, settings_in(tmp_path)).under_way == 0)
        finally:
            for one in running:
                one.kill()
    assert (len(log.came), log.most) == (40, 2)


@pytest.mark.slow
def test_they_stay_within_it_in_every_minute_until_all_is_landed(tmp_path: Path) -> None:
    with logging(pages=25) as (server, log):
        running = all_three(tmp_path, platform(server.address, {"requests_per_minute": 40, "concurrency": 2}))
        assert [one.says() for one in running] == ["250 records"] * 3
    assert (most_in_a_minute(log.came), log.most) == (40, 2)


def test_a_pause_stops_a_pull_in_another_process_before_its_next_page(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    registry, store, answer = open_registry(settings), Store(settings.lake), numbered(rows(90), total=90)

    def dialect(asked: Asked) -> Says:
        if asked.query["page"] == "4":
            pause(PLATFORM, "works on the line", registry, store)
        return answer(asked)

    with speaking(dialect) as server:
        at = platform(server.address, {})
        said = start(tmp_path, at).says()
        assert said.startswith("PlatformResting: transport_info.things: paused since 20")
        assert "(works on the line); `hutong connector resume transport_info --reason TEXT`" in said
        assert [asked.query["page"] for asked in server.asked] == ["1", "2", "3", "4"]
        assert mark(store, Sequence(PLATFORM, "things", CITY))[0] == 1, "what came is landed"
        assert land(tmp_path, at, run="backfill/a").startswith("PlatformResting"), "a backfill heeds it too"
        assert len(server.asked) == 4
        resume(PLATFORM, "done", registry, store)
        assert land(tmp_path, platform(server.address, {})) == "50 records"
        assert [asked.query["page"] for asked in server.asked[4:]] == ["5", "6", "7", "8", "9"]


def test_failures_in_one_process_open_the_breaker_for_another(tmp_path: Path) -> None:
    with speaking(lambda _: Says(b"", 503)) as server:
        at = platform(server.address, {"circuit_breaker": {"failures": 2}}, retries=1)
        assert start(tmp_path, at).says().startswith("PlatformBusy: transport_info.things: it is busy")
        assert "2 requests in a row failed" in land(tmp_path, at)
        assert len(server.asked) == 2


def test_who_waits_for_a_slot_gets_one_before_who_has_just_had_it(tmp_path: Path) -> None:
    busy, patient = Slots(tmp_path, "a", 1), Slots(tmp_path, "a", 1)
    assert busy.take()
    assert not patient.take()
    busy.give_back()
    assert not busy.take()
    assert patient.take()
    patient.give_back()
    assert busy.take()
    busy.give_back()
    assert not Slots(tmp_path, "a", 1).in_use()


HOLD = """
import sys
from pathlib import Path
from hutong.budget.slots import Slots
slots = Slots(Path(sys.argv[1]), "a", 1)
print(slots.take(), flush=True)
sys.stdin.read()
"""


def test_a_process_that_is_killed_leaves_its_slot(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    holder = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline().strip() == "True"
    mine = Slots(tmp_path, "a", 1)
    assert not mine.take()
    os.kill(holder.pid, signal.SIGKILL)
    holder.communicate()
    assert mine.take()
    mine.give_back()
