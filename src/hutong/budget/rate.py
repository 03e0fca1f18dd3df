"""Requests per minute: pyrate-limiter's sliding window.

Its bucket in an SQLite file behind a file lock is what its documentation names for several processes. Only the bucket
is used: its `Limiter` would sleep with the lock in its hands, and could not be called off by a pause.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from filelock import FileLock
from pyrate_limiter import AbstractBucket, InMemoryBucket, Rate, RateItem, SQLiteBucket

from hutong.budget.failures import PATIENCE_S, guard, told

WINDOW_MS = 61_000
"""A minute as it is counted: a second more, for not every request takes equally long to reach the platform."""
LEAST_STEP_MS = 1000
"""A clock that is set back by less is only being slewed."""


class RequestRate:
    """Counts requests in `bucket`.

    lock: keeps other processes away from it. file: where it lies, for errors. clock: nanoseconds.
    """

    def __init__(
        self, bucket: AbstractBucket, lock: AbstractContextManager[object], file: Path, clock: Callable[[], int]
    ) -> None:
        self._bucket, self._lock, self._file, self._clock = bucket, lock, file, clock

    def take(self) -> float:
        """0 when one more request may be made now, which is counted; else the seconds until it makes sense to ask
        again. Raises StoreError.
        """
        with told(self._file), self._lock:
            now = self._now()
            self._keep_up(now)
            self._bucket.leak(now)
            item = RateItem("request", now)
            return 0.0 if self._bucket.put(item) else _integer(self._bucket.waiting(item)) / 1000

    def count(self) -> int:
        """Requests of the last minute. Raises StoreError."""
        with told(self._file), self._lock:
            self._bucket.leak(self._now())
            return _integer(self._bucket.count())

    def close(self) -> None:
        """Close its file."""
        self._bucket.close()

    def _now(self) -> int:
        return self._clock() // 1_000_000

    def _keep_up(self, now: int) -> None:
        newest = self._bucket.peek(0)
        if isinstance(newest, RateItem) and newest.timestamp > now + LEAST_STEP_MS:
            # The clock was set back. Nothing is known of the last minute then, so it counts as spent.
            self._bucket.flush()
            self._bucket.put(RateItem("unknown", now, weight=self._bucket.rates[0].limit))


def shared_rate(file: Path, per_minute: int) -> RequestRate:
    """`per_minute` over all processes that open `file`. Raises StoreError."""
    with told(file):
        with guard(file):
            pass  # so that a process which was stopped with the lock in its hands is met with bounded patience here
        bucket = SQLiteBucket.init_from_file(
            [Rate(per_minute, WINDOW_MS)], table="requests", db_path=str(file), use_file_lock=True
        )
    own = bucket.lock
    assert isinstance(own, FileLock)  # what use_file_lock means
    own.timeout = PATIENCE_S
    return RequestRate(bucket, own, file, time.time_ns)


def share_of_rate(per_minute: int, slots: int) -> RequestRate:
    """One slot's share of `per_minute`, for a process that knows of no other.

    Evenly spaced, and as if one had been made just now: the process that had the slot before may have asked a moment
    ago. So the requests of all that follow one another in a slot lie as far apart as those of one.
    """
    whole = per_minute // slots
    interval_ms = math.ceil(WINDOW_MS / whole if whole else WINDOW_MS * slots / per_minute)
    rate = RequestRate(InMemoryBucket([Rate(1, interval_ms)]), nullcontext(), Path(), time.monotonic_ns)
    rate.take()
    return rate


def _integer(found: object) -> int:
    """What a bucket that is not asynchronous says."""
    assert isinstance(found, int)
    return found
