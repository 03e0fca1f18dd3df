"""The rule `bit`: whether one bit of a word of bits is set."""

from __future__ import annotations

import re
from datetime import datetime

from hutong.model import mapping
from hutong.normalise.reading import Look, Raw, Reader, Unreadable, compile_look, number_reader
from hutong.normalise.rules.context import Context


def compile_bit(rule: mapping.Bit, context: Context) -> Reader:
    """Reads a whole number from 0 on, where 3.0 is one, since JSON does not tell it from 3; or a text of 0 and 1."""
    context.need("boolean")
    path, mask, at = rule.from_, 1 << rule.at, rule.at
    look, to_number = compile_look(path, rule.missing, "bit"), number_reader(rule.as_text)
    if rule.form == "string":
        return _of_string(look, path, at)

    def read(raw: Raw, received_at: datetime) -> bool | None:
        value = look(raw)
        if value is None:
            return None
        found = to_number(value, path, "bit")
        if found < 0 or found != int(found):
            raise Unreadable(path, value, "bit")
        return bool(int(found) & mask)

    return read


def _of_string(look: Look, path: str, at: int) -> Reader:
    def read(raw: Raw, received_at: datetime) -> bool | None:
        value = look(raw)
        if value is None:
            return None
        if type(value) is not str or not _BITS.fullmatch(value) or len(value) <= at:
            raise Unreadable(path, value, "bit")
        return value[at] == "1"

    return read


_BITS = re.compile("[01]+")
