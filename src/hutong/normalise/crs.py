"""Places on WGS 84, from EPSG systems and from the two shifted systems of Chinese maps, GCJ-02 and BD-09.

Source of the shifts: the published polynomial of GCJ-02 on the Krasovsky ellipsoid; no standard prints it.
CGCS2000 is taken as equal to WGS 84 (at most 0.7 m apart in 2026).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from math import atan2, cos, hypot, pi, radians, sin, sqrt

from hutong.model.mapping import Axes

ToWgs84 = Callable[[float, float], tuple[float, float]]


class UnknownCrs(ValueError):
    """A coordinate system that is neither EPSG:<code>, GCJ-02 nor BD-09, or whose axes are not those stated."""


@cache
def to_wgs84(crs: str, axes: Axes) -> ToWgs84:
    """A function from two coordinates in `crs`, in the order of `axes`, to longitude and latitude in degrees.

    The function gives infinities where the system has no such place. Raises UnknownCrs.

    >>> lon, lat = to_wgs84("GCJ-02", "lat_lon")(29.560151274, 106.555317650)
    >>> round(lon, 7), round(lat, 7)
    (106.5516, 29.563)
    """
    first_is_x = axes in ("lon_lat", "east_north")
    convert = _easting_first(crs, is_geographic=axes in ("lon_lat", "lat_lon"))
    return convert if first_is_x else lambda first, second: convert(second, first)


def _easting_first(crs: str, is_geographic: bool) -> ToWgs84:
    shifted = {"GCJ-02": gcj02_to_wgs84, "BD-09": bd09_to_wgs84}.get(crs)
    if shifted is None and not re.fullmatch(r"EPSG:\d{4,6}", crs):
        raise UnknownCrs(f"'{crs}' is no coordinate system; known: EPSG:<code>, GCJ-02, BD-09")
    if shifted is not None:
        if not is_geographic:
            raise UnknownCrs(f"{crs} is in degrees: its axes are lon_lat or lat_lon")
        return shifted
    # pyproj takes a quarter of a second to import, and many streams need none of it.
    if crs in _AS_THEY_ARE and is_geographic:
        return lambda lon, lat: (lon, lat)
    from pyproj import CRS, Transformer
    from pyproj.exceptions import CRSError

    try:
        source = CRS.from_user_input(crs)
    except CRSError:
        raise UnknownCrs(f"'{crs}' is in no register of coordinate systems") from None
    if source.is_geographic != is_geographic:
        right = "lon_lat or lat_lon" if source.is_geographic else "east_north or north_east"
        raise UnknownCrs(f"the axes of {crs} ({source.name}) are {right}")
    transform = Transformer.from_crs(source, "EPSG:4326", always_xy=True).transform
    return lambda x, y: transform(x, y)


_AS_THEY_ARE = frozenset({"EPSG:4326", "EPSG:4490"})

_AXIS, _ECCENTRICITY2 = 6378245.0, 0.00669342162296594323
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271
_BD_TURN = pi * 3000 / 180
_CLOSE = 1e-12
"""Degrees. The offsets change by less than a hundredth of a degree per degree, so a round gains two or more digits."""
_ROUNDS = 20


def wgs84_to_gcj02(lon: float, lat: float) -> tuple[float, float]:
    """A place of WGS 84 in GCJ-02; outside China's box unchanged. Degrees."""
    if not _in_china(lon, lat):
        return lon, lat
    return _shifted(lon, lat)


def gcj02_to_wgs84(lon: float, lat: float) -> tuple[float, float]:
    """A place of GCJ-02 on WGS 84, inverse of `wgs84_to_gcj02` to below 1e-9 degrees; outside China's box unchanged."""
    if not _in_china(lon, lat):
        return lon, lat
    return _inverse(_shifted, lon, lat)


def gcj02_to_bd09(lon: float, lat: float) -> tuple[float, float]:
    """A place of GCJ-02 in BD-09; outside China's box unchanged. Degrees."""
    if not _in_china(lon, lat):
        return lon, lat
    return _turned(lon, lat)


def bd09_to_wgs84(lon: float, lat: float) -> tuple[float, float]:
    """A place of BD-09 on WGS 84, to below 1e-9 degrees; outside China's box unchanged."""
    if not _in_china(lon, lat):
        return lon, lat
    return gcj02_to_wgs84(*_inverse(_turned, lon, lat))


def _in_china(lon: float, lat: float) -> bool:
    return _WEST <= lon <= _EAST and _SOUTH <= lat <= _NORTH


def _inverse(forward: ToWgs84, lon: float, lat: float) -> tuple[float, float]:
    """The place that `forward` takes to `lon`, `lat`, by fixed point."""
    x, y = lon, lat
    for _ in range(_ROUNDS):
        there = forward(x, y)
        off_x, off_y = there[0] - lon, there[1] - lat
        x, y = x - off_x, y - off_y
        if abs(off_x) < _CLOSE and abs(off_y) < _CLOSE:
            break
    return x, y


def _shifted(lon: float, lat: float) -> tuple[float, float]:
    x, y = lon - 105.0, lat - 35.0
    wave = 20 * sin(6 * pi * x) + 20 * sin(2 * pi * x)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * sqrt(abs(x))
    north += (wave + 20 * sin(pi * y) + 40 * sin(pi * y / 3) + 160 * sin(pi * y / 12) + 320 * sin(pi * y / 30)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * sqrt(abs(x))
    east += (wave + 20 * sin(pi * x) + 40 * sin(pi * x / 3) + 150 * sin(pi * x / 12) + 300 * sin(pi * x / 30)) * 2 / 3
    curve = 1 - _ECCENTRICITY2 * sin(radians(lat)) ** 2
    lat_off = north * 180 / (_AXIS * (1 - _ECCENTRICITY2) / (curve * sqrt(curve)) * pi)
    lon_off = east * 180 / (_AXIS / sqrt(curve) * cos(radians(lat)) * pi)
    return lon + lon_off, lat + lat_off


def _turned(lon: float, lat: float) -> tuple[float, float]:
    radius = hypot(lon, lat) + 0.00002 * sin(lat * _BD_TURN)
    angle = atan2(lat, lon) + 0.000003 * cos(lon * _BD_TURN)
    return radius * cos(angle) + 0.0065, radius * sin(angle) + 0.006
