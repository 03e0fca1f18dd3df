"""The rule `rate`: a count over a period."""

from __future__ import annotations

from datetime import datetime

from hutong.model import mapping
from hutong.normalise.reading import Raw, Reader, Unreadable, compile_fit, compile_look, number_reader
from hutong.normalise.rules.context import Context
from hutong.schema.units import conversion


def compile_rate(rule: mapping.Rate, context: Context) -> Reader:
    """Reads the count and its period, both null or neither. Raises UnknownUnit, IncompatibleUnits."""
    path, over = rule.from_, rule.over
    look, look_over = compile_look(path, rule.missing, "rate"), compile_look(over, rule.missing, "rate")
    number = number_reader(rule.as_text)
    convert, fit = conversion(rule.unit, context.unit()), compile_fit(context.need("double").type)

    def read(raw: Raw, received_at: datetime) -> int | float | None:
        count, period = look(raw), look_over(raw)
        if count is None or period is None:
            return None
        how_many, how_long = number(count, path, "rate"), number(period, over, "rate")
        if how_long <= 0:
            raise Unreadable(over, period, "rate")
        try:
            # Converted before it is divided, so that 186 in 300 s is 2232 in an hour and not 2231.9999.
            return fit(convert(how_many) / how_long)
        except (ValueError, OverflowError):
            raise Unreadable(path, count, "rate") from None

    return read
