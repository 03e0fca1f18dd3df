"""Instants out of SQL, without asking the database for a time-zone library."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def instant(microseconds: int) -> datetime:
    """The aware instant `microseconds` after the epoch, as SQL's epoch_us counts them.

    >>> instant(1_773_792_927_300_000).isoformat()
    '2026-03-18T00:15:27.300000+00:00'
    """
    return _EPOCH + timedelta(microseconds=microseconds)
