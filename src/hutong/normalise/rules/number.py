"""The rule `number`: a number without a unit, such as a count."""

from __future__ import annotations

from datetime import datetime

from hutong.model import mapping
from hutong.normalise.reading import Raw, Reader, Unreadable, compile_fit, compile_look, number_reader
from hutong.normalise.rules.context import Context


def compile_number(rule: mapping.Number, context: Context) -> Reader:
    """Reads a number as the contract's type; a fraction does not go into a whole-number column, 5.0 does."""
    path = rule.from_
    look = compile_look(path, rule.missing, "number")
    to_number, fit = number_reader(rule.as_text), compile_fit(context.need("int", "long", "double").type)

    def read(raw: Raw, received_at: datetime) -> int | float | None:
        value = look(raw)
        if value is None:
            return None
        try:
            return fit(to_number(value, path, "number"))
        except ValueError:
            raise Unreadable(path, value, "number") from None

    return read
