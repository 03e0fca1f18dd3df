"""A disk that is full, and one that may no longer be written: real ones, of a few megabytes.

They are mounted in a namespace of the harness's own, which needs no root and vanishes with the harness.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.chaos.bench import Case
from tests.chaos.runner import started

SIZE = 16 * 2**20
"""Bytes of a disk; a lake needs one megabyte."""
LAKE = 900_000
"""Bytes that the script's lake needs at least."""
RUNS = 3
NAMESPACE = ["unshare", "--user", "--map-root-user", "--mount"]
INSIDE = "CHAOS_MAY_MOUNT"


def enter_namespace() -> None:
    """Begin this process anew where it may mount, if the machine lets it. Does nothing when it is there already."""
    if INSIDE in os.environ or not _is_allowed():
        return
    os.environ[INSIDE] = "yes"
    os.execvp(NAMESPACE[0], [*NAMESPACE, sys.executable, "-m", "tests.chaos", *sys.argv[1:]])


def _is_allowed() -> bool:
    mount = [*NAMESPACE, "mount", "-t", "tmpfs", "chaos", tempfile.gettempdir()]
    try:
        return subprocess.run(mount, capture_output=True).returncode == 0
    except FileNotFoundError:
        return False


def why_not() -> str | None:
    """Why no disk can be mounted here; None where it can."""
    return None if INSIDE in os.environ else "this machine allows no mounts in a namespace of one's own (unshare -Urm)"


def full(case: Case) -> None:
    """Runs on a disk that fills up, each time at another place; each must end with an error that says so."""
    draw = case.draw()
    with _mounted(Path(case.store.root)) as disk, case.read_throughout():
        for _ in range(RUNS):
            # What the whole lake needs is divided by twice the runs, so that none of them has enough.
            with _filled(disk, free=draw.randint(0, LAKE // (2 * RUNS))):
                _must_fail(case)
        case.conclude()


def read_only(case: Case) -> None:
    """A disk that becomes read-only while a run is at work, and stays so for the next."""
    with _mounted(Path(case.store.root)) as disk, case.read_throughout():
        with started(case.work()) as run:
            run.until(commits=case.draw().randint(1, 30))
            _remount(disk, "ro")
            case.judge_fault(run.finish())
            case.count(faults=1, recoveries=1)
        _must_fail(case)
        _remount(disk, "rw")
        case.conclude()


KINDS = frozenset({"full disk", "read-only disk"})


def _must_fail(case: Case) -> None:
    with started(case.work()) as run:
        ended = run.finish()
    if ended is not None and ended.how == "done":
        case.complain("a run says that it is done, on a disk that cannot be written")
    case.judge_fault(ended)
    case.count(faults=1, recoveries=1)


@contextlib.contextmanager
def _mounted(place: Path) -> Iterator[Path]:
    """A small disk of its own at `place`, gone afterwards."""
    place.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "chaos", place], check=True)
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


@contextlib.contextmanager
def _filled(disk: Path, free: int) -> Iterator[None]:
    """The disk with only `free` bytes left."""
    left = os.statvfs(disk)
    filler = disk / "filler"
    try:
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(1, left.f_bavail * left.f_bsize - free))
        yield
    finally:
        filler.unlink()


def _remount(disk: Path, how: str) -> None:
    """Remount `disk` rw or ro; the latter is refused for as long as somebody is writing a file there."""
    while subprocess.run(["mount", "-o", f"remount,{how}", disk], stderr=subprocess.DEVNULL).returncode != 0:
        pass
