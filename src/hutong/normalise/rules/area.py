"""The rule `area`: an area, as geometry (WKB), source_crs, and a point within it as lon, lat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import shapely

from hutong.model import mapping
from hutong.normalise.crs import ToWgs84
from hutong.normalise.reading import Raw, Reader, Unreadable, compile_look
from hutong.normalise.rules.context import Context
from hutong.normalise.rules.line import NOWHERE
from hutong.normalise.rules.place import compile_system
from hutong.normalise.rules.vertices import Vertices, from_array, from_text

HOW = "area"
UPRIGHT = 1e-13
"""Square degrees, about ten square centimetres: a surface that covers less, seen from above, is a wall."""

Rings = list[Vertices]
"""An outline and its holes."""


def compile_area(rule: mapping.Area, context: Context) -> Reader:
    """Reads an outline and its holes, or the surfaces of a body, without heights. Raises UnknownCrs, MisfitRule."""
    for column in NOWHERE:
        context.field_called(column)
    path, form = rule.from_, rule.form
    look, system = compile_look(path, rule.missing, HOW), compile_system(rule.crs, rule.axes, HOW)
    is_body = form in ("surfaces", "solid")

    def read(raw: Raw, received_at: datetime) -> Mapping[str, Any]:
        value = look(raw)
        if value is None:
            return NOWHERE
        surfaces = _surfaces(value, form, path) if is_body else [_rings(value, form, path)]
        if not all(all(rings) for rings in surfaces):
            raise Unreadable(path, value, HOW)
        crs, convert = system(raw)
        try:
            areas = [_polygon(rings, convert) for rings in surfaces]
        except ValueError:  # a ring of one vertex or two, or a place that is not on earth
            raise Unreadable(path, value, HOW) from None
        if is_body:
            areas = [area for area in areas if area.area > UPRIGHT]
        # What crosses itself has no inside that two programs would agree on.
        if not areas or not all(area.is_valid and not area.is_empty for area in areas):
            raise Unreadable(path, value, HOW)
        area = _seen_from_above(areas)
        (within,) = shapely.get_coordinates(shapely.point_on_surface(area)).tolist()
        return {"lon": within[0], "lat": within[1], "source_crs": crs, "geometry": shapely.to_wkb(area)}

    return read


def _polygon(rings: Rings, convert: ToWgs84) -> shapely.Polygon:
    outline, *holes = [np.column_stack(convert(*np.array(ring).T)) for ring in rings]
    if not all(np.isfinite(ring).all() for ring in (outline, *holes)):
        raise ValueError("the system has no such place")
    return shapely.Polygon(outline, holes)


def _seen_from_above(areas: Sequence[shapely.Polygon]) -> shapely.Geometry:
    """What all of them cover. One that covers the others stays as it was given, to its first corner."""
    largest = max(areas, key=lambda area: area.area)
    return largest if all(largest.covers(area) for area in areas) else shapely.union_all(areas)


def _surfaces(value: Any, form: str, path: str) -> list[Rings]:
    """The rings of each surface of a body."""
    shells = value if form == "solid" else [value]
    if not isinstance(shells, list) or not all(isinstance(shell, list) for shell in shells):
        raise Unreadable(path, value, HOW)
    try:
        return [_rings(surface, "rings", path) for shell in shells for surface in shell]
    except Unreadable:
        raise Unreadable(path, value, HOW) from None


def _rings(value: Any, form: str, path: str) -> Rings:
    if form == "text":
        return [from_text(value, path, HOW)]
    rings = [value] if form == "ring" else value
    if not isinstance(rings, list) or not rings:
        raise Unreadable(path, value, HOW)
    try:
        return [from_array(ring, path, HOW) for ring in rings]
    except Unreadable:
        raise Unreadable(path, value, HOW) from None
