"""The rule `line`: a line, as geometry (WKB), source_crs, and its middle vertex as lon, lat."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import numpy as np
import shapely

from hutong.model import mapping
from hutong.normalise.reading import Raw, Reader, Unreadable, compile_look, number, number_or_text
from hutong.normalise.rules.context import Context
from hutong.normalise.rules.place import compile_system

HOW = "line"
NOWHERE = {"lon": None, "lat": None, "source_crs": None, "geometry": None}

Vertices = list[tuple[float, float]]


def compile_line(rule: mapping.Line, context: Context) -> Reader:
    """Reads two vertices or more; heights are left out. Raises UnknownCrs, MisfitRule."""
    for column in NOWHERE:
        context.field_called(column)
    path = rule.from_
    look = compile_look(path, rule.missing, HOW)
    system = compile_system(rule.crs, rule.axes, HOW)
    to_vertices: Callable[[Any, str], Vertices] = _from_array if rule.form == "array" else _from_text

    def read(raw: Raw, received_at: datetime) -> dict[str, Any]:
        value = look(raw)
        if value is None:
            return NOWHERE
        vertices = to_vertices(value, path)
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


def _from_array(value: Any, path: str) -> Vertices:
    if not isinstance(value, list):
        raise Unreadable(path, value, HOW)
    return [_vertex(vertex, number, path, value) for vertex in value]


def _from_text(value: Any, path: str) -> Vertices:
    if type(value) is not str:
        raise Unreadable(path, value, HOW)
    return [_vertex(vertex.split(","), number_or_text, path, value) for vertex in value.split(";")]


def _vertex(
    vertex: Any, to_number: Callable[[Any, str, str], int | float], path: str, value: Sequence[Any]
) -> tuple[float, float]:
    if not isinstance(vertex, list) or len(vertex) not in (2, 3):
        raise Unreadable(path, value, HOW)
    try:
        return float(to_number(vertex[0], path, HOW)), float(to_number(vertex[1], path, HOW))
    except Unreadable:
        raise Unreadable(path, value, HOW) from None
