"""Concurrency: one locked file for each request that is under way.

The operating system holds the locks, so a process that dies in whatever way leaves no slot taken.
"""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from hutong.budget.failures import told


class Slots:
    """So many requests may be under way to `platform` at one time, over all processes that use `folder`."""

    def __init__(self, folder: Path, platform: str, count: int) -> None:
        self._folder = folder
        self._locks = [
            FileLock(folder / f"{platform}.slot-{number}", timeout=0, mode=0o600, thread_local=False)
            for number in range(1, count + 1)
        ]
        self._held: FileLock | None = None

    def take(self) -> bool:
        """Whether there was a free one; it is held now. Raises StoreError."""
        with told(self._folder):
            self._held = next((lock for lock in self._locks if _locked(lock)), None)
        return self._held is not None

    def give_back(self) -> None:
        """Let go of the one that is held, if any."""
        if self._held is not None:
            self._held.release()
            self._held = None

    def in_use(self) -> int:
        """How many are held by others at this moment. Raises StoreError."""
        free = 0
        with told(self._folder):
            for lock in self._locks:
                free += _locked(lock)
                lock.release()
        return len(self._locks) - free


def _locked(lock: FileLock) -> bool:
    try:
        lock.acquire()
    except Timeout:
        return False
    return True
