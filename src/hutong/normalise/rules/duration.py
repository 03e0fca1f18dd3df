"""The rule `duration`: hours, minutes and seconds, in the contract's unit."""

from __future__ import annotations

import re
from datetime import datetime

from hutong.model import mapping
from hutong.normalise.reading import Raw, Reader, Unreadable, compile_fit, compile_look
from hutong.normalise.rules.context import Context
from hutong.schema.units import conversion

_CLOCK = re.compile(r"(\d{1,6}):([0-5]\d):([0-5]\d)", re.ASCII)
"""Timetables write 6:05:00 as well as 06:05:00. Minutes and seconds always have two digits, or 6:5 could be either."""


def compile_duration(rule: mapping.Duration, context: Context) -> Reader:
    """Reads `h:mm:ss`. Raises UnknownUnit, IncompatibleUnits, MisfitRule."""
    path = rule.from_
    look = compile_look(path, rule.missing, "duration")
    fit, convert = compile_fit(context.need("int", "long", "double").type), conversion("s", context.unit())

    def read(raw: Raw, received_at: datetime) -> int | float | None:
        value = look(raw)
        if value is None:
            return None
        parts = _CLOCK.fullmatch(value.strip()) if isinstance(value, str) else None
        if parts is None:
            raise Unreadable(path, value, "duration")
        hours, minutes, seconds = map(int, parts.groups())
        try:
            return fit(convert(hours * 3600 + minutes * 60 + seconds))
        except (ValueError, OverflowError):
            raise Unreadable(path, value, "duration") from None

    return read
