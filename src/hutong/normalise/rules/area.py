"""The rule `area`: an area, as geometry (WKB), source_crs, and a point within it as lon, lat."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import numpy as np
import shapely

from hutong.model import mapping
from hutong.normalise.reading import Raw, Reader, Unreadable, compile_look
from hutong.normalise.rules.context import Context
from hutong.normalise.rules.line import NOWHERE
from hutong.normalise.rules.place import compile_system
from hutong.normalise.rules.vertices import Vertices, from_array, from_text

HOW = "area"


def compile_area(rule: mapping.Area, context: Context) -> Reader:
    """Reads an outline and its holes; heights are left out. Raises UnknownCrs, MisfitRule."""
    for column in NOWHERE:
        context.field_called(column)
    path, form = rule.from_, rule.form
    look, system = compile_look(path, rule.missing, HOW), compile_system(rule.crs, rule.axes, HOW)

    def read(raw: Raw, received_at: datetime) -> Mapping[str, Any]:
        value = look(raw)
        if value is None:
            return NOWHERE
        rings = _rings(value, form, path)
        if not all(rings):
            raise Unreadable(path, value, HOW)
        crs, convert = system(raw)
        outline, *holes = [np.column_stack(convert(*np.array(ring).T)) for ring in rings]
        if not all(np.isfinite(ring).all() for ring in (outline, *holes)):
            raise Unreadable(path, value, HOW)
        try:
            area = shapely.Polygon(outline, holes)
        except ValueError:  # a ring of one vertex or two
            raise Unreadable(path, value, HOW) from None
        # What crosses itself has no inside that two programs would agree on.
        if not area.is_valid or area.is_empty:
            raise Unreadable(path, value, HOW)
        within = area.representative_point()
        return {"lon": within.x, "lat": within.y, "source_crs": crs, "geometry": shapely.to_wkb(area)}

    return read


def _rings(value: Any, form: str, path: str) -> list[Vertices]:
    if form == "text":
        return [from_text(value, path, HOW)]
    rings = [value] if form == "ring" else value
    if not isinstance(rings, list) or not rings:
        raise Unreadable(path, value, HOW)
    try:
        return [from_array(ring, path, HOW) for ring in rings]
    except Unreadable:
        raise Unreadable(path, value, HOW) from None
