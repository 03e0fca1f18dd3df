"""The stretch of time that a pull asks for, and the cursor that says where the next one begins."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hutong.model.incremental import Incremental
from hutong.pages import look

log = logging.getLogger(__name__)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STEPS: Mapping[str, timedelta] = {
    "local": timedelta(seconds=1),
    "epoch_s": timedelta(seconds=1),
    "epoch_ms": timedelta(milliseconds=1),
    # Finer is allowed, but not every platform reads fractions, and a bound that is a second too wide loses nothing.
    "iso": timedelta(seconds=1),
}
"""The precision to which each form of a bound is written."""

_LOCAL = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[ T](\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,9}))?)?)?")
_NUMBER = re.compile(r"-?\d{1,18}(?:\.\d{1,9})?", re.ASCII)
_COMPACT = re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)()")


@dataclass(frozen=True, slots=True)
class Window:
    """From `start` up to, but without, `end`; both aware, in UTC, and whole multiples of `step`."""

    start: datetime
    end: datetime
    step: timedelta

    def halves(self) -> tuple[Window, Window]:
        """The earlier and the later half; they touch and do not overlap. Needs a length of two steps."""
        middle = _down(self.start + (self.end - self.start) / 2, self.step)
        return Window(self.start, middle, self.step), Window(middle, self.end, self.step)

    def cut(self, longest: timedelta) -> Iterator[Window]:
        """The window in parts of at most `longest`, oldest first; they touch and do not overlap."""
        length, start = max(_down_since_epoch(longest, self.step), self.step), self.start
        while start < self.end:
            yield Window(start, min(start + length, self.end), self.step)
            start += length

    def to_json(self) -> list[str]:
        """Start and end as ISO 8601 text."""
        return [self.start.isoformat(), self.end.isoformat()]

    @classmethod
    def of(cls, stated: Sequence[str], step: timedelta) -> Window:
        """The window that `to_json` wrote."""
        start, end = (datetime.fromisoformat(text) for text in stated)
        return cls(start, end, step)


def opening(
    incremental: Incremental, cursor: str | None, now: datetime, start: datetime | None = None
) -> Window | None:
    """What a new pull asks for: from `start`, else from the cursor less lateness (or `since` ago), up to `now` less
    what the platform needs to settle.

    The start is rounded down and the end up to what the platform's form can say. None when that leaves nothing: the
    cursor lies in the future. Raises ValueError when the cursor cannot be read.
    """
    is_stated = start is not None
    if start is None and cursor is None:
        start = now - incremental.since
    elif start is None:
        seen = instant(cursor, incremental.form, incremental.zone)
        if seen is None:
            raise ValueError(f"the cursor '{cursor}' cannot be read as {incremental.form}")
        start = seen - incremental.lateness
    if not is_stated:
        # A stretch that somebody asked for is asked for whole.
        now -= incremental.settle
    step = STEPS[incremental.param_form]
    start, end = _down(start, step), -_down_since_epoch(-(now - EPOCH), step) + EPOCH
    return Window(start, end, step) if start < end else None


def bounds(incremental: Incremental, window: Window) -> dict[str, str]:
    """The parameters that state `window`, in the platform's form and zone."""
    form, zone = incremental.param_form, incremental.param_zone
    named = {incremental.start_param: window.start, incremental.end_param: window.end}
    return {name: _written(moment, form, zone) for name, moment in named.items() if name is not None}


def instant(value: object, form: str, zone: str | None) -> datetime | None:
    """The instant that a record's `value` states, in UTC; None when it states none.

    value: text or number, as the source sent it or as a cursor kept it.

    >>> instant("2026-03-18 24:00:00", "local", "Asia/Shanghai")
    datetime.datetime(2026, 3, 18, 16, 0, tzinfo=datetime.timezone.utc)
    >>> instant(1773792927300, "epoch_ms", None)
    datetime.datetime(2026, 3, 18, 0, 15, 27, 300000, tzinfo=datetime.timezone.utc)
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        text = str(value).strip()
        if form in ("epoch_s", "epoch_ms"):
            return _epoch(text, 1_000_000 if form == "epoch_s" else 1_000)
        return _iso(text, zone) if form == "iso" else _local(text, zone)
    except (ValueError, OverflowError):
        return None


class Cursor:
    """The newest value of the incremental field so far, as the source wrote it (`text`) and the instant that it states
    (`at`); compared as instants, never as text.
    """

    def __init__(self, incremental: Incremental | None, text: str | None, end: datetime | None) -> None:
        self.text = text
        self._incremental, self._end = incremental, end
        self.at = instant(text, incremental.form, incremental.zone) if incremental and text is not None else None

    def see(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Move on to the newest value among `records`. What cannot be read does not move it."""
        if self._incremental is None:
            return
        # A platform repeats few values over many records, so each is parsed once.
        field, form, zone = self._incremental.cursor_path, self._incremental.form, self._incremental.zone
        met = {value for record in records if isinstance(value := look(record, field), str | int | float)}
        beyond = 0
        for value in met:
            seen = instant(value, form, zone)
            if seen is None:
                continue
            if self._end is not None and seen > self._end:
                # One device with a wrong clock would carry the cursor into the future, and later pulls would miss all.
                beyond += 1
            elif self.at is None or seen > self.at:
                self.text, self.at = str(value), seen
        if beyond:
            log.warning("cursor not moved: %d values of %s lie after the window that was asked for", beyond, field)


def _epoch(text: str, microseconds: int) -> datetime | None:
    if not _NUMBER.fullmatch(text):
        return None
    # Not through float, which cannot hold the microseconds of nanosecond stamps.
    return EPOCH + timedelta(microseconds=int(Decimal(text) * microseconds))


def _iso(text: str, zone: str | None) -> datetime | None:
    midnight = "T24:00:00" in text or " 24:00:00" in text
    found = datetime.fromisoformat(text.replace("24:00:00", "00:00:00", 1) if midnight else text)
    if found.tzinfo is None:
        if zone is None:
            return None
        found = found.replace(tzinfo=ZoneInfo(zone))
    return (found + timedelta(days=midnight)).astimezone(UTC)


def _local(text: str, zone: str | None) -> datetime | None:
    parts = _LOCAL.fullmatch(text) or _COMPACT.fullmatch(text)
    if parts is None or zone is None:
        return None
    year, month, day, hour, minute, second = (int(part or 0) for part in parts.groups()[:6])
    # Platforms write the end of a day as 24:00:00 of that day.
    midnight = (hour, minute, second) == (24, 0, 0)
    fraction = int((parts[7] or "").ljust(6, "0")[:6])
    found = datetime(year, month, day, 0 if midnight else hour, minute, second, fraction) + timedelta(days=midnight)
    # Of an hour that comes twice the first is taken: an earlier cursor reads again, a later one would skip.
    return found.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC)


def _written(moment: datetime, form: str, zone: str | None) -> str:
    if form in ("epoch_s", "epoch_ms"):
        return str((moment - EPOCH) // STEPS[form])
    if form == "iso":
        return moment.astimezone(ZoneInfo(zone or "UTC")).isoformat(timespec="seconds").replace("+00:00", "Z")
    assert zone is not None  # the registry asked for it
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M:%S}"


def _down(moment: datetime, step: timedelta) -> datetime:
    return EPOCH + _down_since_epoch(moment - EPOCH, step)


def _down_since_epoch(since: timedelta, step: timedelta) -> timedelta:
    return since // step * step
