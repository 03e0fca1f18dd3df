"""The rules `time` and `elapsed`: an instant in UTC, in one of the forms of `clock`, and how long ago it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from hutong.model import mapping
from hutong.normalise import clock
from hutong.normalise.reading import (
    Raw,
    Reader,
    Unreadable,
    compile_fit,
    compile_look,
    number_reader,
    text,
)
from hutong.normalise.rules.context import Context, MisfitRule
from hutong.schema.units import conversion

Instant = mapping.Time | mapping.Elapsed


def compile_time(rule: mapping.Time, context: Context) -> Reader:
    """Reads an instant by the rule's form. Raises MisfitRule when the form lacks a path or a zone."""
    context.need("timestamp")
    read_instant, path = _FORMS[rule.form](rule), _all_paths(rule)[0]
    if context.column != "observed_at":
        return read_instant

    def read(raw: Raw, received_at: datetime) -> datetime | None:
        instant: datetime | None = read_instant(raw, received_at)
        # Platforms write the end of all time where they mean "never"; its last hours have no date in China.
        if instant is not None and instant >= clock.END_OF_DATES:
            raise Unreadable(path, instant.isoformat(), rule.rule)
        return instant

    return read


def compile_elapsed(rule: mapping.Elapsed, context: Context) -> Reader:
    """Reads an instant and gives its distance from the receipt. Raises MisfitRule, UnknownUnit, IncompatibleUnits."""
    read_instant, path = _FORMS[rule.form](rule), _all_paths(rule)[0]
    convert, fit = conversion("us", context.unit()), compile_fit(context.need("int", "long", "double").type)
    sign, other = 1 if rule.counts == "since" else -1, _epoch_at(rule.at, rule)

    def read(raw: Raw, received_at: datetime) -> int | float | None:
        instant: datetime | None = read_instant(raw, received_at)
        reference = received_at if rule.at is None else other(raw)
        if instant is None or reference is None:
            return None
        # Whole microseconds, so that nothing is rounded before the unit is.
        elapsed = (reference - instant) // clock.MICROSECOND * sign
        try:
            return fit(convert(elapsed))
        except ValueError:
            raise Unreadable(path, instant.isoformat(), rule.rule) from None

    return read


def _iso(rule: Instant) -> Reader:
    zone = _zone(rule)
    return _one_value(rule, lambda value, place: clock.iso(text(value, place, rule.rule).strip(), zone))


def _local(rule: Instant) -> Reader:
    zone = _needed_zone(rule)
    return _one_value(rule, lambda value, place: clock.local(text(value, place, rule.rule).strip(), zone))


def _epoch_s(rule: Instant) -> Reader:
    number = number_reader(rule.as_text)
    return _one_value(rule, lambda value, place: clock.epoch(number(value, place, rule.rule), 1))


def _epoch_ms(rule: Instant) -> Reader:
    number = number_reader(rule.as_text)
    return _one_value(rule, lambda value, place: clock.epoch(number(value, place, rule.rule), 1000))


def _one_value(rule: Instant, instant: Callable[[Any, str], datetime]) -> Reader:
    (path,) = _paths(rule, 1)
    look = compile_look(path, rule.missing, rule.rule)

    def read(raw: Raw, received_at: datetime) -> datetime | None:
        value = look(raw)
        if value is None:
            return None
        try:
            return instant(value, path)
        except ValueError:
            raise Unreadable(path, value, rule.rule) from None

    return read


def _moy_secmark(rule: Instant) -> Reader:
    moy_path, mark_path = _paths(rule, 2)
    look_moy, look_mark = (compile_look(path, rule.missing, rule.rule) for path in (moy_path, mark_path))
    near, whole = _near(rule), _whole(rule)

    def read(raw: Raw, received_at: datetime) -> datetime | None:
        moy, mark = look_moy(raw), look_mark(raw)
        if moy is None or mark is None:
            return None
        minute, millisecond = whole(moy, moy_path), whole(mark, mark_path)
        try:
            return clock.moy_secmark(minute, millisecond, near(raw), received_at)
        except ValueError:
            raise Unreadable(moy_path, moy, rule.rule) from None

    return read


def _moy(rule: Instant) -> Reader:
    return _near_by(rule, clock.moy)


def _hour_mark(rule: Instant) -> Reader:
    return _near_by(rule, clock.hour_mark)


def _near_by(rule: Instant, instant: Callable[[int, datetime], datetime | None]) -> Reader:
    """Reads one whole number, which is an instant close to another."""
    (path,) = _paths(rule, 1)
    look, near, whole = compile_look(path, rule.missing, rule.rule), _near(rule), _whole(rule)

    def read(raw: Raw, received_at: datetime) -> datetime | None:
        mark = look(raw)
        if mark is None:
            return None
        count = whole(mark, path)
        try:
            return instant(count, near(raw) or received_at)
        except ValueError:
            raise Unreadable(path, mark, rule.rule) from None

    return read


def _whole(rule: Instant) -> Callable[[Any, str], int]:
    """A function from a value at a place to a whole number from 0 on."""
    number = number_reader(rule.as_text)

    def whole(value: Any, place: str) -> int:
        found = number(value, place, rule.rule)
        if found != int(found) or found < 0:
            raise Unreadable(place, value, rule.rule)
        return int(found)

    return whole


def _near(rule: Instant) -> Callable[[Raw], datetime | None]:
    """A function from a record to the instant at `near`, if there is one."""
    return _epoch_at(rule.near, rule)


def _epoch_at(path: str | None, rule: Instant) -> Callable[[Raw], datetime | None]:
    """A function from a record to the instant that stands at `path` as an epoch in milliseconds, if there is one."""
    if path is None:
        return lambda raw: None
    look, number = compile_look(path, rule.missing, rule.rule), number_reader(rule.as_text)

    def near(raw: Raw) -> datetime | None:
        value = look(raw)
        if value is None:
            return None
        try:
            return clock.epoch(number(value, path, rule.rule), 1000)
        except ValueError:
            raise Unreadable(path, value, rule.rule) from None

    return near


def _interval_end(rule: Instant) -> Reader:
    end_path, length_path = _paths(rule, 2)
    look_end, look_length = (compile_look(path, rule.missing, rule.rule) for path in (end_path, length_path))
    zone, to_seconds = _needed_zone(rule), conversion(rule.period_unit, "s")
    number = number_reader(rule.as_text)

    def read(raw: Raw, received_at: datetime) -> datetime | None:
        end, length = look_end(raw), look_length(raw)
        if end is None or length is None:
            return None
        seconds = number(length, length_path, rule.rule)
        if seconds <= 0:
            raise Unreadable(length_path, length, rule.rule)
        try:
            instant = clock.local(text(end, end_path, rule.rule).strip(), zone)
        except ValueError:
            raise Unreadable(end_path, end, rule.rule) from None
        try:
            return clock.interval_start(instant, to_seconds(seconds))
        except (ValueError, OverflowError):
            raise Unreadable(length_path, length, rule.rule) from None

    return read


_FORMS: Mapping[str, Callable[[Instant], Reader]] = {
    "iso": _iso,
    "local": _local,
    "epoch_s": _epoch_s,
    "epoch_ms": _epoch_ms,
    "moy": _moy,
    "moy_secmark": _moy_secmark,
    "hour_mark": _hour_mark,
    "interval_end": _interval_end,
}


def _all_paths(rule: Instant) -> list[str]:
    return [rule.from_] if isinstance(rule.from_, str) else list(rule.from_)


def _paths(rule: Instant, count: int) -> list[str]:
    paths = _all_paths(rule)
    if len(paths) != count:
        raise MisfitRule(f"the form {rule.form} reads {count} path{'s' if count > 1 else ''}, not {len(paths)}")
    return paths


def _zone(rule: Instant) -> ZoneInfo | None:
    return None if rule.zone is None else ZoneInfo(rule.zone)


def _needed_zone(rule: Instant) -> ZoneInfo:
    zone = _zone(rule)
    if zone is None:
        raise MisfitRule(f"the form {rule.form} carries no zone; state `zone`, such as Asia/Shanghai")
    return zone
