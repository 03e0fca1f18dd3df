"""What the rules `point`, `line` and `area` share: coordinates, and the system they are in."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from hutong.model.mapping import Axes, Crs
from hutong.normalise.crs import ToWgs84, to_wgs84
from hutong.normalise.reading import Raw, Unreadable, compile_path

System = Callable[[Raw], tuple[str, ToWgs84]]


def compile_system(crs: str | Crs, axes: Axes, how: str) -> System:
    """A function from a record to the name of its coordinate system and the way from there to WGS 84.

    The function raises Unreadable of kind `unknown_crs` when the record names a system that the mapping's table lacks.
    Raises UnknownCrs.
    """
    if isinstance(crs, str):
        fixed = (crs, to_wgs84(crs, axes))
        return lambda raw: fixed
    path = crs.from_
    look = compile_path(path, how)
    known: Mapping[str, tuple[str, ToWgs84]] = {word: (name, to_wgs84(name, axes)) for word, name in crs.table.items()}

    def named(raw: Raw) -> tuple[str, ToWgs84]:
        word = look(raw)
        if type(word) is not str or word not in known:
            raise Unreadable(path, word, how, "unknown_crs")
        return known[word]

    return named


def on_earth(convert: ToWgs84, first: float, second: float, place: str, value: Any, how: str) -> tuple[float, float]:
    """Longitude and latitude. Raises Unreadable when the system has no such place."""
    lon, lat = convert(first, second)
    if not (math.isfinite(lon) and math.isfinite(lat)):
        raise Unreadable(place, value, how)
    return lon, lat
