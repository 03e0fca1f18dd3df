"""The processes of one run on this machine: started in sessions of their own, noted in a file, found and stopped again.

`run.json` says who belongs to a run: each process by its number *and* its start time, since numbers are given out
again. Airflow's processes have children that leave their parents' sessions and outlive them; those are known by the
run's id, which every process of the run carries in its environment.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

import psutil

from hutong.errors import AskedWrongly

RUN_ID, ROLE = "HUTONG_RUN_ID", "HUTONG_RUN_ROLE"
"""Mark every process of a run in its environment: with the run, and with the role of the process it comes of."""

LEADER = "leader"
"""The role of the process that starts the others."""

GRACE_S = 1.0
"""How long a process may take to stop when asked, before it is made to. What tasks publish survives that."""

_NOTES, _LOCK = "run.json", "run.lock"
_SAME_START_S = 0.05  # start times come in ticks of 10 ms


@dataclass(frozen=True, slots=True)
class Noted:
    """A process as `run.json` knows it. started: seconds since 1970."""

    role: str
    pid: int
    started: float

    def find(self) -> psutil.Process | None:
        """The process itself; None when it is gone and when its number now belongs to another."""
        with suppress(psutil.Error):
            process = psutil.Process(self.pid)
            if abs(process.create_time() - self.started) < _SAME_START_S:
                return process
        return None


class Run:
    """A run that has begun: it starts processes and stops every one of them. leftovers: those of an earlier run."""

    def __init__(self, folder: Path, leftovers: Sequence[int] = ()) -> None:
        self.folder = folder
        self.leftovers = tuple(leftovers)
        self.id = secrets.token_hex(16)
        self._noted: list[Noted] = []
        self._children: dict[str, subprocess.Popen[bytes]] = {}
        self._passing: set[str] = set()
        # Written before anything is started: from here on no process of this run is without a trace.
        self._note(LEADER, os.getpid())

    def start(
        self,
        role: str,
        module: Sequence[str],
        environment: Mapping[str, str],
        log: Path,
        *,
        piped: bool = False,
        stays: bool = True,
        folder: Path | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start `python -m` `module` with its arguments, in a session of its own.

        What it prints is added to `log`; with `piped` its standard output can be read from the answer instead.
        stays: whether it is meant to stay, so that its end is worth telling. folder: where it runs, if not here.
        """
        with log.open("ab") as out:
            # S603: only this environment's own modules are started, with arguments that this package makes.
            # -P: what lies in the current folder must not be taken for a module.
            child = subprocess.Popen(  # noqa: S603
                [sys.executable, "-P", "-m", *module],
                # Airflow renames its processes; without SPT_NOENV the new name would overwrite the mark.
                env={**environment, RUN_ID: self.id, ROLE: role, "SPT_NOENV": "1"},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if piped else out,
                stderr=out,
                start_new_session=True,
            )
        self._children[role] = child
        if not stays:
            self._passing.add(role)
        self._note(role, child.pid)
        return child

    def ended(self) -> dict[str, int]:
        """Role -> exit code of the processes that are no longer there, of those that are meant to stay."""
        staying = {role: child for role, child in self._children.items() if role not in self._passing}
        return {role: code for role, child in staying.items() if (code := child.poll()) is not None}

    def complete(self, role: str, module: Sequence[str], environment: Mapping[str, str], log: Path) -> int:
        """Run `python -m` `module` to its end. Returns its exit code."""
        code = self.start(role, module, environment, log).wait()
        del self._children[role]
        return code

    def output(self, role: str) -> int:
        """The file descriptor from which the standard output of a process that was started `piped` is read."""
        out = self._children[role].stdout
        assert out is not None
        return out.fileno()

    def drop(self, role: str) -> None:
        """Stop one process, ended or not, with all that came of it, so that another can take its role."""
        child = self._children.pop(role)
        child.kill()
        _end({RUN_ID: self.id, ROLE: role})
        child.wait()
        if child.stdout is not None:
            child.stdout.close()

    def stop(self) -> None:
        """Stop everything that was started, last come first, with all that came of it. Can be called twice."""
        for child in reversed(self._children.values()):
            with suppress(ProcessLookupError):
                child.terminate()
        deadline = time.monotonic() + GRACE_S
        for child in self._children.values():
            with suppress(subprocess.TimeoutExpired):
                child.wait(max(0.0, deadline - time.monotonic()))
        _end({RUN_ID: self.id}, [noted for noted in self._noted if noted.role != LEADER])
        for child in self._children.values():
            child.wait()
            if child.stdout is not None:
                child.stdout.close()
        (self.folder / _NOTES).unlink(missing_ok=True)

    def _note(self, role: str, pid: int) -> None:
        self._noted = [noted for noted in self._noted if noted.role != role]
        with suppress(psutil.NoSuchProcess):
            self._noted.append(Noted(role, pid, psutil.Process(pid).create_time()))
        notes = {"run": self.id, "processes": [asdict(noted) for noted in self._noted]}
        fresh = self.folder / f"{_NOTES}.new"
        fresh.write_text(json.dumps(notes, indent=1))
        fresh.replace(self.folder / _NOTES)


@contextmanager
def only_run(folder: Path, elsewhere: str) -> Iterator[Run]:
    """A run in `folder`, alone there: leftovers of an earlier one are stopped first, and its own processes at the end.

    elsewhere: the variable that names another folder. It ends the same way on SIGTERM and SIGHUP as on Ctrl-C, when
    called in the main thread.
    Raises AskedWrongly when another run is alive there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / _LOCK).open("a") as lock:
        _take(lock, folder, elsewhere)
        with _signals_end_it():
            run = Run(folder, stop_leftovers(folder))
            try:
                yield run
            finally:
                # A second Ctrl-C must not leave half of them behind.
                with _deaf():
                    run.stop()


def stop_leftovers(folder: Path) -> list[int]:
    """Stop what an earlier run in `folder` left behind, exactly that. Returns the numbers of the processes.

    They are not asked first: whatever they were publishing is whole or not there, and waits to be done again.
    """
    run_id, noted = _read(folder)
    if not run_id:
        return []
    stopped = _end({RUN_ID: run_id}, noted)
    (folder / _NOTES).unlink(missing_ok=True)
    return stopped


def living(folder: Path) -> list[Noted]:
    """The noted processes of the run in `folder` that are alive, its leader first; none of them when no run is."""
    _, noted = _read(folder)
    return [one for one in noted if (process := one.find()) is not None and _is_alive(process)]


def leader_of(folder: Path) -> Noted | None:
    """The living leader of the run in `folder`; None when there is none, though what it started may be left."""
    return next((one for one in living(folder) if one.role == LEADER), None)


def stop_run(folder: Path, within_s: float) -> list[int]:
    """Have the run in `folder` stop itself, and stop what is left of it then: what it noted, and nothing else.

    Returns the numbers of the noted processes that were alive.
    """
    were_alive = [one.pid for one in living(folder)]
    if (leader := leader_of(folder)) is not None and (process := leader.find()) is not None:
        with suppress(psutil.Error):
            process.terminate()
            process.wait(within_s)
    return sorted({*were_alive, *stop_leftovers(folder)})


def _take(lock: IO[str], folder: Path, elsewhere: str) -> None:
    """Hold `lock`, or say who does. The system gives it back when its holder dies, however it dies."""
    leader = leader_of(folder)
    with suppress(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Whoever deletes the folder under a living run takes its lock away, but not its life.
        if leader is None or leader.pid == os.getpid():
            return
    who, how = (f" (process {leader.pid})", f", or stop it with `kill {leader.pid}`") if leader else ("", "")
    raise AskedWrongly(
        f"hutong is already running in {folder}{who}",
        f"wait for it to end{how}; {elsewhere} names another folder for a second one",
    )


def _read(folder: Path) -> tuple[str, list[Noted]]:
    """The id of the run that `folder` knows, and its processes; an empty id where there is none."""
    try:
        notes = json.loads((folder / _NOTES).read_text())
        return str(notes["run"]), [Noted(**noted) for noted in notes["processes"]]
    except (OSError, ValueError, KeyError, TypeError):
        return "", []


def _end(marks: Mapping[str, str], noted: Sequence[Noted] = ()) -> list[int]:
    """Kill the noted processes and all that carry `marks`, until none is left: a dying one may still fork."""
    stopped: set[int] = set()
    for _ in range(50):
        found = {process.pid: process for process in _carrying(marks)}
        found |= {process.pid: process for one in noted if (process := one.find()) is not None}
        found.pop(os.getpid(), None)
        living = [process for process in found.values() if _is_alive(process)]
        if not living:
            break
        for process in living:
            with suppress(psutil.Error):
                process.send_signal(signal.SIGKILL)
            stopped.add(process.pid)
        psutil.wait_procs(living, timeout=0.2)
    return sorted(stopped)


def _carrying(marks: Mapping[str, str]) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            if marks.items() <= process.environ().items():
                yield process


def _is_alive(process: psutil.Process) -> bool:
    # A zombie is dead already and waits for its parent only.
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


@contextmanager
def _signals_end_it() -> Iterator[None]:
    def end(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    with _handling({signal.SIGTERM: end, signal.SIGHUP: end}):
        yield


@contextmanager
def _deaf() -> Iterator[None]:
    with _handling(dict.fromkeys((signal.SIGINT, signal.SIGTERM, signal.SIGHUP), signal.SIG_IGN)):
        yield


@contextmanager
def _handling(handlers: Mapping[signal.Signals, object]) -> Iterator[None]:
    before = {}
    # Only the main thread may set handlers; elsewhere whoever owns the process sees to it.
    with suppress(ValueError):
        for number, handler in handlers.items():
            before[number] = signal.signal(number, handler)  # type: ignore[arg-type]
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
