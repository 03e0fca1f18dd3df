"""Concurrency: one locked file for each request that is under way.

The operating system holds the locks, so a process that dies in whatever way leaves no slot taken. They are flock's own,
since every page of every pull takes one: some microseconds, where filelock takes 50.

A pull asks again within a millisecond of its last answer, and who waits looks every few. So that it gets its turn too,
who waits holds a shared lock on one more file, and who sees that joins it instead of going first.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from hutong.budget.failures import told


class Slots:
    """So many requests may be under way to `platform` at one time, over all processes that use `folder`."""

    def __init__(self, folder: Path, platform: str, count: int) -> None:
        self._folder = folder
        self._paths = [str(folder / f"{platform}.slot-{number}") for number in range(1, count + 1)]
        self._queue = str(folder / f"{platform}.waiting")
        self._held: int | None = None
        self._place: int | None = None

    def take(self) -> bool:
        """Whether there was a free one; it is held now. Otherwise this one waits, until it gets one or gives up by
        `give_back`. Raises StoreError.
        """
        with told(self._folder):
            if self._place is not None or self._nobody_waits():
                for path in self._paths:
                    self._held = _locked(path)
                    if self._held is not None:
                        self._leave()
                        return True
            if self._place is None:
                self._place = _locked(self._queue, fcntl.LOCK_SH)
        return False

    def give_back(self) -> None:
        """Let go of the one that is held, or wait for none any longer."""
        self._leave()
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def in_use(self) -> int:
        """How many are held at this moment. Raises StoreError."""
        held = 0
        with told(self._folder):
            for path in self._paths:
                file = _locked(path)
                if file is None:
                    held += 1
                else:
                    os.close(file)
        return held

    def _nobody_waits(self) -> bool:
        file = _locked(self._queue)
        if file is not None:
            os.close(file)
        return file is not None

    def _leave(self) -> None:
        if self._place is not None:
            os.close(self._place)
            self._place = None


def _locked(path: str, how: int = fcntl.LOCK_EX) -> int | None:
    """The descriptor of `path`, locked for as long as it is open; None when another has locked it."""
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(file, how | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(file)
        return None
    except OSError:
        os.close(file)
        raise
    return file
