"""The rule `time`: an instant in UTC, in one of the forms of `clock`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hutong.model import mapping
from hutong.normalise import clock
from hutong.normalise.reading import Raw, Reader, Unreadable, compile_look, number, text
from hutong.normalise.rules.context import Context, MisfitRule
from hutong.schema.units import conversion

HOW = "time"


def compile_time(rule: mapping.Time, context: Context) -> Reader:
    """Reads an instant by the rule's form. Raises MisfitRule when the form lacks a path or a zone."""
    context.need("timestamp")
    return _FORMS[rule.form](rule)


def _iso(rule: mapping.Time) -> Reader:
    zone = _zone(rule)
    return _one_value(rule, lambda value, place: clock.iso(text(value, place, HOW).strip(), zone))


def _local(rule: mapping.Time) -> Reader:
    zone = _needed_zone(rule)
    return _one_value(rule, lambda value, place: clock.local(text(value, place, HOW).strip(), zone))


def _epoch_s(rule: mapping.Time) -> Reader:
    return _one_value(rule, lambda value, place: clock.epoch(number(value, place, HOW), 1))


def _epoch_ms(rule: mapping.Time) -> Reader:
    return _one_value(rule, lambda value, place: clock.epoch(number(value, place, HOW), 1000))


def _one_value(rule: mapping.Time, instant: Callable[[Any, str], datetime]) -> Reader:
    (path,) = _paths(rule, 1)
    look = compile_look(path, rule.missing, HOW)

    def read(raw: Raw, received_at: datetime) -> datetime | None:
        value = look(raw)
        if value is None:
            return None
        try:
            return instant(value, path)
        except ValueError:
            raise Unreadable(path, value, HOW) from None

    return read


def _moy_secmark(rule: mapping.Time) -> Reader:
    moy_path, mark_path = _paths(rule, 2)
    look_moy, look_mark = (compile_look(path, rule.missing, HOW) for path in (moy_path, mark_path))
    near_path = rule.near
    look_near = None if near_path is None else compile_look(near_path, rule.missing, HOW)

    def near(raw: Raw) -> datetime | None:
        if look_near is None or near_path is None:
            return None
        value = look_near(raw)
        if value is None:
            return None
        try:
            return clock.epoch(number(value, near_path, HOW), 1000)
        except ValueError:
            raise Unreadable(near_path, value, HOW) from None

    def read(raw: Raw, received_at: datetime) -> datetime | None:
        moy, mark = look_moy(raw), look_mark(raw)
        if moy is None or mark is None:
            return None
        for value, place in ((moy, moy_path), (mark, mark_path)):
            if number(value, place, HOW) != int(value) or value < 0:
                raise Unreadable(place, value, HOW)
        try:
            return clock.moy_secmark(int(moy), int(mark), near(raw), received_at)
        except ValueError:
            raise Unreadable(moy_path, moy, HOW) from None

    return read


def _interval_end(rule: mapping.Time) -> Reader:
    end_path, length_path = _paths(rule, 2)
    look_end, look_length = (compile_look(path, rule.missing, HOW) for path in (end_path, length_path))
    zone, to_seconds = _needed_zone(rule), conversion(rule.period_unit, "s")

    def read(raw: Raw, received_at: datetime) -> datetime | None:
        end, length = look_end(raw), look_length(raw)
        if end is None or length is None:
            return None
        seconds = number(length, length_path, HOW)
        if seconds <= 0:
            raise Unreadable(length_path, length, HOW)
        try:
            instant = clock.local(text(end, end_path, HOW).strip(), zone)
        except ValueError:
            raise Unreadable(end_path, end, HOW) from None
        try:
            return clock.interval_start(instant, to_seconds(seconds))
        except (ValueError, OverflowError):
            raise Unreadable(length_path, length, HOW) from None

    return read


_FORMS: Mapping[str, Callable[[mapping.Time], Reader]] = {
    "iso": _iso,
    "local": _local,
    "epoch_s": _epoch_s,
    "epoch_ms": _epoch_ms,
    "moy_secmark": _moy_secmark,
    "interval_end": _interval_end,
}


def _paths(rule: mapping.Time, count: int) -> list[str]:
    paths = [rule.from_] if isinstance(rule.from_, str) else list(rule.from_)
    if len(paths) != count:
        raise MisfitRule(f"the form {rule.form} reads {count} path{'s' if count > 1 else ''}, not {len(paths)}")
    return paths


def _zone(rule: mapping.Time) -> ZoneInfo | None:
    try:
        return None if rule.zone is None else ZoneInfo(rule.zone)
    except (ZoneInfoNotFoundError, ValueError):
        raise MisfitRule(f"'{rule.zone}' is no time zone; write it as IANA does, such as Asia/Shanghai") from None


def _needed_zone(rule: mapping.Time) -> ZoneInfo:
    zone = _zone(rule)
    if zone is None:
        raise MisfitRule(f"the form {rule.form} carries no zone; state `zone`, such as Asia/Shanghai")
    return zone
