"""Quiet hours, in the city's civil time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from hutong.model.bounds import Hours

ZONE = ZoneInfo("Asia/Shanghai")


def quiet_until(hours: Iterable[Hours], at: datetime) -> datetime | None:
    """When the quiet hours end in which `at` (aware) lies, in the city's time; None if it lies in none.

    A stretch begins with its first minute and ends before its last one; one that ends earlier than it begins goes over
    midnight.

    >>> from datetime import UTC
    >>> quiet_until(["22:00-06:00"], datetime(2026, 3, 17, 15, 30, tzinfo=UTC)).isoformat()
    '2026-03-18T06:00:00+08:00'
    >>> quiet_until(["22:00-06:00"], datetime(2026, 3, 17, 22, 0, tzinfo=UTC)) is None
    True
    """
    local = at.astimezone(ZONE)
    ends = [end for stretch in hours if (end := _end(stretch, local)) is not None]
    return max(ends, default=None)


def _end(stretch: Hours, local: datetime) -> datetime | None:
    begin, end = (time.fromisoformat(text) for text in stretch.split("-"))
    now, day = local.time(), local.date()
    if begin < end:
        is_quiet = begin <= now < end
    else:
        is_quiet = now >= begin or now < end
        day += timedelta(days=now >= begin)
    return datetime.combine(day, end, ZONE) if is_quiet else None
