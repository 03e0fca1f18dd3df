"""The rule `flag`: true or false, by the platform's own words for them."""

from __future__ import annotations

from datetime import datetime

from hutong.model import mapping
from hutong.normalise.reading import Raw, Reader, Unreadable, compile_look, compile_match
from hutong.normalise.rules.context import Context


def compile_flag(rule: mapping.Flag, context: Context) -> Reader:
    """Reads one of the stated words; any other is unreadable, because 1 may mean no."""
    context.need("boolean")
    path = rule.from_
    look = compile_look(path, rule.missing, "flag")
    is_true, is_false = compile_match(rule.true), compile_match(rule.false)

    def read(raw: Raw, received_at: datetime) -> bool | None:
        value = look(raw)
        if value is None:
            return None
        if is_true(value):
            return True
        if is_false(value):
            return False
        raise Unreadable(path, value, "flag")

    return read
