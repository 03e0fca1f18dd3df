"""The rule `stake`: a stake number 桩号, kilometres and metres along a road."""

from __future__ import annotations

from datetime import datetime

from hutong.model import mapping
from hutong.normalise.reading import Raw, Reader, Unreadable, compile_fit, compile_look, number_or_text
from hutong.normalise.rules.context import Context
from hutong.schema.units import conversion


def compile_stake(rule: mapping.Stake, context: Context) -> Reader:
    """Reads both parts, null if one of them is. Stakes are written both as numbers and as text, so both are read."""
    km_path, m_path = rule.from_
    look_km, look_m = (compile_look(path, rule.missing, "stake") for path in rule.from_)
    convert, fit = conversion("m", context.field.unit or "m"), compile_fit(context.need("double").type)

    def read(raw: Raw, received_at: datetime) -> int | float | None:
        km, m = look_km(raw), look_m(raw)
        if km is None or m is None:
            return None
        along = number_or_text(km, km_path, "stake") * 1000 + number_or_text(m, m_path, "stake")
        try:
            return fit(convert(along))
        except (ValueError, OverflowError):
            raise Unreadable(km_path, km, "stake") from None

    return read
