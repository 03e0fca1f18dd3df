"""How a platform fares, as all processes together have seen it: the circuit breaker.

After `failures` busy answers in a row it opens and nobody asks for `pause`. Then one process tries: whoever comes first
puts the end off by another `pause`, so that the others go on waiting for what it finds; if it dies, the next one tries.
(pybreaker keeps its state where one likes, but half open it lets every process through.)
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from hutong.budget.failures import PATIENCE_S, guard, told
from hutong.model.bounds import Breaker

LONGEST_HOLD_S = 3600.0
"""Longest time for which a platform is left alone because its Retry-After says so; some say years."""

_TABLE = """CREATE TABLE IF NOT EXISTS standing (
    one INTEGER PRIMARY KEY CHECK (one = 1), failures INTEGER NOT NULL, open_until REAL NOT NULL,
    held_until REAL NOT NULL)"""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen last. failures: in a row. open_until, held_until: seconds since 1970; 0 when never."""

    failures: int
    open_until: float
    held_until: float


class Standing:
    """The circuit breaker of one platform in `file`. file: None for one that no other process sees."""

    def __init__(self, file: Path | None, breaker: Breaker) -> None:
        self._file, self._breaker = file or Path(), breaker
        self._pause_s = breaker.pause.total_seconds()
        # Of several that make a file at once, SQLite turns some away without waiting: they come one by one.
        with told(self._file), guard(file) if file else nullcontext():
            # Transactions are begun by hand: reading decides what is written.
            self._db = sqlite3.connect(file or ":memory:", timeout=PATIENCE_S, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=NORMAL")
            self._db.execute(_TABLE)
            self._db.execute("INSERT OR IGNORE INTO standing VALUES (1, 0, 0, 0)")

    def look(self) -> Seen:
        """How it stands now. Raises StoreError."""
        with told(self._file):
            return self._read()

    def open_for_s(self, seen: Seen) -> float:
        """For how many seconds nobody may ask."""
        left = seen.open_until - time.time()
        # More than a whole pause is left only when the clock was set back.
        return left if seen.failures >= self._breaker.failures and left <= self._pause_s else 0.0

    def held_for_s(self, seen: Seen) -> float:
        """For how many seconds the platform asks to be left alone."""
        left = seen.held_until - time.time()
        return left if left <= LONGEST_HOLD_S else 0.0

    def may_try(self, seen: Seen) -> bool:
        """Whether this process may ask. Of an open breaker whose pause is over it may, and the others may not."""
        if seen.failures < self._breaker.failures:
            return True
        with self._changing():
            seen = self._read()
            if seen.failures >= self._breaker.failures and self.open_for_s(seen) > 0:
                return False
            self._db.execute("UPDATE standing SET open_until = ?", (time.time() + self._pause_s,))
            return True

    def failed(self, wait_s: float | None) -> None:
        """One more in a row. wait_s: how long the platform asks to be left alone."""
        now = time.time()
        held_until = now + min(wait_s, LONGEST_HOLD_S) if wait_s else 0.0
        with self._changing():
            seen = self._read()
            is_open = seen.failures + 1 >= self._breaker.failures
            self._db.execute(
                "UPDATE standing SET failures = ?, open_until = ?, held_until = ?",
                (
                    seen.failures + 1,
                    now + self._pause_s if is_open else 0.0,
                    max(held_until, seen.held_until if self.held_for_s(seen) > 0 else 0.0),
                ),
            )

    def answered(self) -> None:
        """It is well again."""
        with self._changing():
            self._db.execute("UPDATE standing SET failures = 0, open_until = 0")

    def close(self) -> None:
        """Close its file."""
        self._db.close()

    def _read(self) -> Seen:
        return Seen(*self._db.execute("SELECT failures, open_until, held_until FROM standing").fetchone())

    @contextmanager
    def _changing(self) -> Iterator[None]:
        with told(self._file):
            self._db.execute("BEGIN IMMEDIATE")
            with self._db:  # commits, or rolls back
                yield
