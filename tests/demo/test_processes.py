"""Real processes: a family that neither hears signals nor stays in its session, led, killed and cleaned up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest

from hutong.errors import AskedWrongly
from hutong.orchestrate.processes import RUN_ID, Noted, Run, only_run, stop_leftovers

HERE = Path(__file__).parent
FAMILY = 4


def pids_in(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().splitlines()] if file.exists() else []


def is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.02)


@dataclass
class Led:
    """A leader in a process group of its own, and the family that it started."""

    folder: Path
    leader: subprocess.Popen[bytes]
    family: list[int] = field(default_factory=list)


@pytest.fixture
def lead(tmp_path: Path) -> Iterator[Callable[[], Led]]:
    begun: list[Led] = []

    def start() -> Led:
        out = tmp_path / f"family-{len(begun)}"
        command = [sys.executable, str(HERE / "leading.py"), str(tmp_path / "demo"), str(out)]
        led = Led(tmp_path / "demo", subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL))
        begun.append(led)
        until(lambda: len(pids_in(out)) == FAMILY)
        led.family = pids_in(out)
        return led

    yield start
    for led in begun:
        for pid in (led.leader.pid, *led.family):
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)
        led.leader.wait()


@pytest.fixture
def bystander() -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    yield process
    process.kill()
    process.wait()


def note(folder: Path, role: str, pid: int, started: float, run: str = "0" * 32) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "run.json").write_text(
        json.dumps({"run": run, "processes": [{"role": role, "pid": pid, "started": started}]})
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_leader_that_is_told_to_stop_leaves_nothing_behind(lead: Callable[[], Led], number: signal.Signals) -> None:
    led = lead()
    led.leader.send_signal(number)
    assert led.leader.wait(20) != 0
    assert not [pid for pid in led.family if is_alive(pid)]
    assert not (led.folder / "run.json").exists()


def test_a_second_signal_does_not_interrupt_the_stopping(lead: Callable[[], Led]) -> None:
    led = lead()
    for _ in range(5):
        led.leader.send_signal(signal.SIGINT)
        time.sleep(0.1)
    led.leader.wait(20)
    assert not [pid for pid in led.family if is_alive(pid)]


@pytest.mark.parametrize("kill", [os.kill, os.killpg], ids=["leader", "group"])
def test_what_a_killed_leader_left_is_stopped_by_the_next_run(
    lead: Callable[[], Led], bystander: subprocess.Popen[bytes], kill: Callable[[int, int], None]
) -> None:
    led = lead()
    kill(led.leader.pid, signal.SIGKILL)
    led.leader.wait()
    assert all(is_alive(pid) for pid in led.family)
    with only_run(led.folder, "HUTONG_DEMO") as run:
        assert sorted(run.leftovers) == sorted(led.family)
        assert not [pid for pid in led.family if is_alive(pid)]
    assert bystander.poll() is None


def test_a_killed_leader_that_nobody_has_buried_yet_is_no_living_one(lead: Callable[[], Led]) -> None:
    led = lead()
    led.leader.kill()
    until(lambda: psutil.Process(led.leader.pid).status() == psutil.STATUS_ZOMBIE)
    with only_run(led.folder, "HUTONG_DEMO") as run:
        assert sorted(run.leftovers) == sorted(led.family)


def test_while_a_run_is_alive_a_second_is_refused_and_told_who_it_is(lead: Callable[[], Led]) -> None:
    led = lead()
    said = rf"already running .*process {led.leader.pid}.*kill {led.leader.pid}"
    with pytest.raises(AskedWrongly, match=said), only_run(led.folder, "HUTONG_DEMO"):
        pytest.fail("it began")
    assert all(is_alive(pid) for pid in (led.leader.pid, *led.family))


def test_a_run_whose_lock_was_deleted_still_counts_as_alive(lead: Callable[[], Led]) -> None:
    led = lead()
    (led.folder / "run.lock").unlink()
    with pytest.raises(AskedWrongly, match=f"process {led.leader.pid}"), only_run(led.folder, "HUTONG_DEMO"):
        pytest.fail("it began")
    assert all(is_alive(pid) for pid in led.family)


def test_runs_in_two_folders_do_not_touch_each_other(lead: Callable[[], Led], tmp_path: Path) -> None:
    led = lead()
    with only_run(tmp_path / "another", "HUTONG_DEMO") as run:
        assert run.leftovers == ()
    assert all(is_alive(pid) for pid in led.family)


def test_a_number_that_was_given_to_another_process_is_not_killed(
    tmp_path: Path, bystander: subprocess.Popen[bytes]
) -> None:
    started = psutil.Process(bystander.pid).create_time()
    note(tmp_path, "scheduler", bystander.pid, started - 5)
    assert stop_leftovers(tmp_path) == []
    assert bystander.poll() is None
    note(tmp_path, "scheduler", bystander.pid, started)
    assert stop_leftovers(tmp_path) == [bystander.pid]


def test_a_leader_whose_number_was_given_away_does_not_count_as_alive(
    tmp_path: Path, bystander: subprocess.Popen[bytes]
) -> None:
    note(tmp_path, "leader", bystander.pid, psutil.Process(bystander.pid).create_time() - 5)
    with only_run(tmp_path, "HUTONG_DEMO") as run:
        assert run.leftovers == ()
    assert bystander.poll() is None


@pytest.mark.parametrize("notes", ["", "{", "[]", '{"run": 1}', '{"run": "a", "processes": [{"pid": 1}]}'])
def test_notes_that_cannot_be_read_stand_in_nobodys_way(tmp_path: Path, notes: str) -> None:
    (tmp_path / "run.json").write_text(notes)
    with only_run(tmp_path, "HUTONG_DEMO") as run:
        assert run.leftovers == ()


def test_a_process_is_noted_with_its_start_time_and_marked_with_the_run(tmp_path: Path) -> None:
    with only_run(tmp_path, "HUTONG_DEMO") as run:
        child = run.start("sleeper", ("http.server", "0", "--bind", "127.0.0.1"), os.environ, tmp_path / "log")
        notes = json.loads((tmp_path / "run.json").read_text())
        roles = {one["role"]: Noted(**one) for one in notes["processes"]}
        assert notes["run"] == run.id
        assert (roles["leader"].pid, roles["sleeper"].pid) == (os.getpid(), child.pid)
        assert all(one.find() is not None for one in roles.values())
        while RUN_ID not in (environ := psutil.Process(child.pid).environ()):
            pass  # on a busy machine it is not yet the program that it is to become
        assert environ[RUN_ID] == run.id
        assert os.getsid(child.pid) == child.pid
    assert child.poll() is not None


def test_a_run_that_fails_stops_what_it_started(tmp_path: Path) -> None:
    started: list[subprocess.Popen[bytes]] = []

    def fail(run: Run) -> None:
        started.append(run.start("server", ("http.server", "0"), os.environ, tmp_path / "log"))
        raise OSError("something went wrong")

    with pytest.raises(OSError, match="something went wrong"), only_run(tmp_path, "HUTONG_DEMO") as run:
        fail(run)
    assert started[0].poll() is not None


def test_a_process_that_ends_by_itself_is_noticed(tmp_path: Path) -> None:
    with only_run(tmp_path, "HUTONG_DEMO") as run:
        run.start("short", ("this",), os.environ, tmp_path / "log").wait()
        assert run.ended() == {"short": 0}
