"""The rule `point`: a place, as lon, lat and source_crs."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import Any

from hutong.model import mapping
from hutong.normalise.reading import Raw, Reader, Unreadable
from hutong.normalise.rules.context import Context
from hutong.normalise.rules.coordinates import HOW, compile_coordinates
from hutong.normalise.rules.place import compile_system, on_earth
from hutong.schema.units import scaling

NOWHERE = {"lon": None, "lat": None, "source_crs": None}


def compile_point(rule: mapping.Point, context: Context) -> Reader:
    """Reads two coordinates; where one of them is missing the whole place is null. Raises UnknownCrs, MisfitRule."""
    for column in NOWHERE:
        context.field_called(column)
    coordinates, scale = compile_coordinates(rule), scaling(Fraction(str(rule.scale)))
    system = compile_system(rule.crs, rule.axes, HOW)

    def read(raw: Raw, received_at: datetime) -> dict[str, Any]:
        found = coordinates(raw)
        if found is None:
            return NOWHERE
        crs, convert = system(raw)
        try:
            lon, lat = on_earth(convert, scale(found.x), scale(found.y), found.place, found.value, HOW)
        except OverflowError:
            raise Unreadable(found.place, found.value, HOW) from None
        return {"lon": lon, "lat": lat, "source_crs": crs}

    return read
