"""The rule `angle`: a direction of travel, clockwise from north."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from hutong.model import mapping
from hutong.normalise.reading import Raw, Reader, Unreadable, compile_look, number_reader
from hutong.normalise.rules.context import Context, MisfitRule
from hutong.schema.units import conversion

TO_TRAVEL: Mapping[str, Callable[[float], float]] = {
    "north_clockwise": lambda angle: angle,
    "east_counter_clockwise": lambda angle: 450 - angle,
    # The leg of a crossing is named by where it lies; who arrives on the eastern leg travels west.
    "approach_leg": lambda angle: angle + 180,
}


def compile_angle(rule: mapping.Angle, context: Context) -> Reader:
    """Reads an angle within one full turn either way, as degrees in [0, 360). Raises UnknownUnit, IncompatibleUnits."""
    path = rule.from_
    look = compile_look(path, rule.missing, "angle")
    to_number, to_travel = number_reader(rule.as_text), TO_TRAVEL[rule.convention]
    to_degrees = conversion(rule.unit, "deg")
    context.need("double")
    if context.field.unit not in (None, "deg"):
        raise MisfitRule(
            f"{context.dataset.id}.{context.column} is in {context.field.unit}, the rule angle makes degrees"
        )

    def read(raw: Raw, received_at: datetime) -> float | None:
        value = look(raw)
        if value is None:
            return None
        degrees = to_degrees(to_number(value, path, "angle"))
        # Wrapping would make any nonsense a direction.
        if not -360 <= degrees <= 360:
            raise Unreadable(path, value, "angle")
        # The second turn catches what rounding lifts to 360.
        return to_travel(degrees) % 360 % 360

    return read
