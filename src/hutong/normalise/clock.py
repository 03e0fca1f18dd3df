"""Instants: each way in which a platform writes a time, read as an aware datetime in UTC, to the microsecond.

Every function raises ValueError for what is not such a time, and None means that the platform said "unavailable".
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CHINA = ZoneInfo("Asia/Shanghai")
"""The one civil time of all of China."""

END_OF_DATES = datetime(9999, 12, 31, 16, tzinfo=UTC)
"""From here on it is the year 10000 in China, of which no calendar here knows a date."""

MOY_UNAVAILABLE = 527040
SEC_MARK_UNAVAILABLE = 60000
HOUR_MARK_FAR, HOUR_MARK_UNKNOWN = 36000, 36001

MICROSECOND = timedelta(microseconds=1)
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)

_TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{1,2}):(?P<second>\d{1,2})(?:\.(?P<fraction>\d{1,9}))?"
_CIVIL = re.compile(
    rf"(?P<year>\d{{4}})(?P<sep>[-/])(?P<month>\d{{1,2}})(?P=sep)(?P<day>\d{{1,2}})(?:[ T]{_TIME})?", re.ASCII
)
_COMPACT = re.compile(
    r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)(?:(?P<hour>\d\d)(?P<minute>\d\d)(?P<second>\d\d))?(?P<fraction>)",
    re.ASCII,
)
_ISO = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)"
    r"(?:[Tt ](?P<hour>\d\d):(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?P<offset>[Zz]|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)


def local(text: str, zone: ZoneInfo) -> datetime:
    """Civil time without a zone: `2026-03-18 08:12:37`, `2026/3/5 8:4:3`, `20260318081237`, or a date alone, which is
    `2026-03-18` or `20260318`.

    The first two may have a fraction. `24:00:00` is the next day's midnight. A time that the zone's clocks skipped or
    showed twice is refused.

    >>> local("2026-03-18 24:00:00", CHINA)
    datetime.datetime(2026, 3, 18, 16, 0, tzinfo=datetime.timezone.utc)
    """
    found = _CIVIL.fullmatch(text) or _COMPACT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    return _to_utc(_civil(found), zone)


def iso(text: str, zone: ZoneInfo | None) -> datetime:
    """ISO 8601 with an offset or `Z`; without one, civil time of `zone`, and refused if there is no `zone`."""
    found = _ISO.fullmatch(text)
    if found is None:
        raise ValueError(text)
    civil, offset = _civil(found), found["offset"]
    if offset is None:
        if zone is None:
            raise ValueError(text)
        return _to_utc(civil, zone)
    if offset in "Zz":
        return civil.replace(tzinfo=UTC)
    return _shift(civil.replace(tzinfo=UTC), -_offset(offset))


def epoch(value: int | float, per_second: int) -> datetime:
    """Seconds (`per_second` 1) or milliseconds (1000) since 1970."""
    try:
        # Whole numbers stay whole, so that no digit is lost; 5.0 is one.
        microseconds = (
            int(value) * (1_000_000 // per_second) if value == int(value) else round(value * 1_000_000 / per_second)
        )
    except OverflowError:
        raise ValueError(value) from None
    return _shift(EPOCH, microseconds=microseconds)


def moy_secmark(moy: int, sec_mark: int, near: datetime | None, received_at: datetime) -> datetime | None:
    """Minute of the UTC year and millisecond of the minute, as T/CSAE 53 writes an instant.

    near: an instant within half a minute, which settles the year and moves the minute by one where minute and
    millisecond were taken on two sides of a rollover. Without it the time of receipt settles the year. Of the minute
    a receipt can only say that it is too late, because a record may arrive long after its instant, but never before.

    >>> moy_secmark(525150, 0, None, datetime(2025, 12, 31, 16, 30, 1, tzinfo=UTC))
    datetime.datetime(2025, 12, 31, 16, 30, tzinfo=datetime.timezone.utc)
    """
    if moy == MOY_UNAVAILABLE or sec_mark >= SEC_MARK_UNAVAILABLE:
        return None
    if not 0 <= moy < MOY_UNAVAILABLE or sec_mark < 0:
        raise ValueError(moy)
    reference = near or received_at
    instant = min(
        _in_years_around(reference.year, moy, sec_mark), key=lambda candidate: abs(candidate - reference), default=None
    )
    if instant is None:
        raise ValueError(moy)
    if near is not None:
        return min(instant, instant - _MINUTE, instant + _MINUTE, key=lambda candidate: abs(candidate - near))
    return instant - _MINUTE if instant - received_at > _MINUTE / 2 else instant


def moy(minute: int, near: datetime) -> datetime | None:
    """The beginning of a minute of the UTC year, as T/CSAE 53 writes times that need no seconds: of the year in which
    it lies nearest to `near`.

    >>> moy(525150, datetime(2026, 1, 1, 0, 10, tzinfo=UTC))
    datetime.datetime(2025, 12, 31, 16, 30, tzinfo=datetime.timezone.utc)
    """
    if minute == MOY_UNAVAILABLE:
        return None
    candidates = _in_years_around(near.year, minute, 0) if 0 <= minute < MOY_UNAVAILABLE else []
    if not candidates:
        raise ValueError(minute)
    return min(candidates, key=lambda candidate: abs(candidate - near))


def hour_mark(mark: int, near: datetime) -> datetime | None:
    """Tenths of a second within a UTC hour, as T/CSAE 53 writes the end of a phase: the instant nearest to `near`.

    A phase ends within minutes and a message comes within minutes, so half an hour either way settles the hour. None
    for the marks that say "in more than an hour" and "unknown".

    >>> hour_mark(15, datetime(2026, 3, 18, 0, 59, 58, tzinfo=UTC))
    datetime.datetime(2026, 3, 18, 1, 0, 1, 500000, tzinfo=datetime.timezone.utc)
    """
    if mark in (HOUR_MARK_FAR, HOUR_MARK_UNKNOWN):
        return None
    if not 0 <= mark < HOUR_MARK_FAR:
        raise ValueError(mark)
    instant = near.replace(minute=0, second=0, microsecond=0) + mark * timedelta(milliseconds=100)
    around = (_shift(instant, hours) for hours in (-_HOUR, timedelta(), _HOUR))
    return min(around, key=lambda candidate: abs(candidate - near))


def _in_years_around(year: int, moy: int, sec_mark: int) -> list[datetime]:
    within = timedelta(minutes=moy, milliseconds=sec_mark)
    starts = [datetime(each, 1, 1, tzinfo=UTC) for each in range(max(year - 1, 2), min(year + 1, 9998) + 1)]
    # The last day of a leap year has minutes that other years lack.
    return [start + within for start in starts if (start + within).year == start.year]


def interval_start(end: datetime, length_s: float) -> datetime:
    """The start of an interval that is stamped with its `end`."""
    return _shift(end, seconds=-length_s)


def civil_date(instant: datetime) -> date:
    """The date on China's calendars at `instant`."""
    return instant.astimezone(CHINA).date()


def _civil(found: re.Match[str]) -> datetime:
    """The matched civil time, without a zone."""
    day = datetime(int(found["year"]), int(found["month"]), int(found["day"]))
    hour, minute, second = (int(found[part] or 0) for part in ("hour", "minute", "second"))
    microsecond = int((found["fraction"] or "")[:6].ljust(6, "0"))
    if hour == 24 and not (minute or second or microsecond):
        return _shift(day, days=1)
    return day.replace(hour=hour, minute=minute, second=second, microsecond=microsecond)


def _to_utc(civil: datetime, zone: ZoneInfo) -> datetime:
    offset = civil.replace(tzinfo=zone).utcoffset()
    if offset is None or offset != civil.replace(tzinfo=zone, fold=1).utcoffset():
        raise ValueError(civil)
    return _shift(civil.replace(tzinfo=UTC), -offset)


def _offset(text: str) -> timedelta:
    hours, minutes = int(text[1:3]), int(text[-2:]) if len(text) > 3 else 0
    if minutes > 59:
        raise ValueError(text)
    size = timedelta(hours=hours, minutes=minutes)
    timezone(size)  # refuses a day and more
    return -size if text[0] == "-" else size


def _shift(instant: datetime, by: timedelta | None = None, **parts: float) -> datetime:
    try:
        return instant + (timedelta(**parts) if by is None else by)
    except OverflowError:
        raise ValueError(instant) from None
