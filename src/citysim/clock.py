"""City time: which second of the recording is now, and how Beijing writes it."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China has one civil time and no summer time since 1991, so a fixed offset is exact."""

TEXT_FORMAT = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class CityClock:
    """A clock that started at `clock_start` and runs `speed` city seconds per real second."""

    recording_start: datetime
    clock_start: datetime
    speed: float = 1.0
    _started_s: float = field(default_factory=time.monotonic)

    def now(self) -> datetime:
        """City time now, aware, in UTC."""
        # The monotonic clock: a service must not jump when the machine's own clock is set.
        passed = (time.monotonic() - self._started_s) * self.speed
        return (self.clock_start + timedelta(seconds=passed)).astimezone(UTC)

    def now_s(self) -> float:
        """Seconds between the recording's first second and now; negative before it."""
        return (self.now() - self.recording_start).total_seconds()


def default_recording_start(clock_start: datetime) -> datetime:
    """45 minutes before `clock_start`, floored to 5 minutes in Beijing: the whole half hour has already happened."""
    earlier = clock_start.astimezone(BEIJING) - timedelta(minutes=45)
    return earlier.replace(minute=earlier.minute - earlier.minute % 5, second=0, microsecond=0)


def beijing_text(moment: datetime) -> str:
    """`moment` as the police and transport platforms write it: Beijing time without a zone."""
    return moment.astimezone(BEIJING).strftime(TEXT_FORMAT)


def interval_end_text(moment: datetime) -> str:
    """The end of an interval as the transport platform writes it: midnight is 24:00:00 of the earlier day."""
    local = moment.astimezone(BEIJING)
    if (local.hour, local.minute, local.second) == (0, 0, 0):
        return (local - timedelta(days=1)).strftime("%Y-%m-%d") + " 24:00:00"
    return local.strftime(TEXT_FORMAT)


def from_beijing_text(text: str) -> datetime:
    """The aware moment that a "yyyy-MM-dd HH:mm:ss" text names. Raises ValueError on any other form."""
    return datetime.strptime(text, TEXT_FORMAT).replace(tzinfo=BEIJING)


def minute_of_utc_year(moment: datetime) -> int:
    """Minutes since 1 January 00:00 UTC, as V2X messages count them (T/CSAE 53-2020, MinuteOfTheYear)."""
    utc = moment.astimezone(UTC)
    return int((utc - datetime(utc.year, 1, 1, tzinfo=UTC)).total_seconds() // 60)
