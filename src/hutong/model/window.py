"""A stretch of time that somebody asks a stream for, and the chunks that it is brought in.

A chunk is known by its bounds alone, so whoever asks for it (a command, a DAG, Airflow's own backfill) means the same
sequence, and what is there already is not asked for again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter, ValidationError

from hutong.errors import AskedWrongly

MOST_CHUNKS = 10_000
"""Each is a sequence of its own, which every table of the stream keeps a number for."""

_ORIGIN = datetime(2001, 1, 1, tzinfo=ZoneInfo("Asia/Shanghai"))
"""Chunks begin at whole multiples of their length from here: midnight, and the beginning of a week. The city's civil
time had its last summer time in 1991, so that every day has 24 hours.
"""
_YEARS = range(1970, 2200)
_SECOND = timedelta(seconds=1)
_SHORT = re.compile(r"([0-9]{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_ISO = TypeAdapter(timedelta)


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """From `start` up to, but without, `end`: aware, whole seconds, kept in UTC. Raises AskedWrongly."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        for name in ("start", "end"):
            moment = getattr(self, name)
            if moment.tzinfo is None:
                raise AskedWrongly(f"'{moment.isoformat()}' has no zone", f"add it, such as {moment.isoformat()}+08:00")
            if moment.year not in _YEARS:
                raise AskedWrongly(f"'{moment.isoformat()}' lies outside {_YEARS[0]} to {_YEARS[-1]}", "write the year")
            if moment.microsecond:
                raise AskedWrongly(f"'{moment.isoformat()}' is no whole second", "leave out what is behind the second")
            object.__setattr__(self, name, moment.astimezone(UTC))
        if self.start >= self.end:
            raise AskedWrongly(
                f"the window's start {self.start.isoformat()} is not before its end {self.end.isoformat()}",
                "exchange them",
            )

    @classmethod
    def read(cls, start: str, end: str) -> Window:
        """The window between two ISO 8601 instants with their zones. Raises AskedWrongly.

        >>> Window.read("2026-03-17T08:00+08:00", "2026-03-18T00:00Z").run
        'backfill/20260317T000000-20260318T000000'
        """
        return cls(_instant(start), _instant(end))

    @property
    def run(self) -> str:
        """What a backfill of it is called within its sequence (`Sequence.run`), in UTC."""
        return f"backfill/{self.start:%Y%m%dT%H%M%S}-{self.end:%Y%m%dT%H%M%S}"

    def chunks(self, every: timedelta, of: int = 1) -> list[Window]:
        """The window in chunks of `every`, oldest first; they touch and do not overlap.

        They are cut where the city's civil time is a multiple of `every`, so two windows that overlap share theirs;
        the first and the last may be shorter. of: so many cities and shards bring each of them. Raises AskedWrongly.

        >>> noon = Window.read("2026-03-17T12:00+08:00", "2026-03-19T00:00+08:00")
        >>> [one.run for one in noon.chunks(timedelta(days=1))]
        ['backfill/20260317T040000-20260317T160000', 'backfill/20260317T160000-20260318T160000']
        """
        if every < _SECOND or every % _SECOND:
            raise AskedWrongly(f"a chunk of {every} is no whole number of seconds", "write one such as 1h or 1d")
        many = (self.end - self.start) // every * of
        if many > MOST_CHUNKS:
            raise AskedWrongly(
                f"chunks of {every} would be {many}, more than {MOST_CHUNKS}", "make them longer, or the window shorter"
            )
        cuts, cut = [self.start], _ORIGIN + (self.start - _ORIGIN) // every * every + every
        while cut < self.end:
            cuts.append(cut)
            cut += every
        return [Window(start, end) for start, end in zip(cuts, [*cuts[1:], self.end], strict=True)]


def read_length(text: str) -> timedelta:
    """The length of time in `text`: `1h`, `30m`, `1d`, or ISO 8601 as in connectors. Raises AskedWrongly.

    >>> read_length("1h") == read_length("PT1H")
    True
    """
    short = _SHORT.fullmatch(text)
    if short is not None:
        return timedelta(**{_UNITS[short[2]]: int(short[1])})
    try:
        if text.startswith("P"):
            return _ISO.validate_python(text)
    except ValidationError:
        pass
    raise AskedWrongly(f"'{text}' is no length of time", "write it like 30m, 1h, 1d or PT1H")


def _instant(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise AskedWrongly(f"'{text}' is no instant", "write it like 2026-03-18T08:00+08:00") from None
