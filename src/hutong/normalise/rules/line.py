"""The rule `line`: a line, as geometry (WKB), source_crs, and its middle vertex as lon, lat."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import numpy as np
import shapely

from hutong.model import mapping
from hutong.normalise.reading import Raw, Reader, Unreadable, compile_look
from hutong.normalise.rules.context import Context
from hutong.normalise.rules.place import compile_system
from hutong.normalise.rules.vertices import compile_vertices

HOW = "line"
NOWHERE = {"lon": None, "lat": None, "source_crs": None, "geometry": None}


def compile_line(rule: mapping.Line, context: Context) -> Reader:
    """Reads two vertices or more; heights are left out. Raises UnknownCrs, MisfitRule."""
    for column in NOWHERE:
        context.field_called(column)
    path = rule.from_
    look, system = compile_look(path, rule.missing, HOW), compile_system(rule.crs, rule.axes, HOW)
    to_vertices = compile_vertices(rule, HOW)

    def read(raw: Raw, received_at: datetime) -> dict[str, Any]:
        value = look(raw)
        if value is None:
            return NOWHERE
        vertices = to_vertices(raw, value)
        if len(vertices) < 2:
            raise Unreadable(path, value, HOW)
        crs, convert = system(raw)
        lon, lat = convert(*np.array(vertices).T)
        if not (np.isfinite(lon).all() and np.isfinite(lat).all()):
            raise Unreadable(path, value, HOW)
        middle = len(vertices) // 2
        geometry = shapely.to_wkb(shapely.linestrings(lon, lat))
        return {"lon": float(lon[middle]), "lat": float(lat[middle]), "source_crs": crs, "geometry": geometry}

    return read
