"""The two shifted systems of Chinese maps, GCJ-02 and BD-09, taken back to WGS 84 a column at a time.

Neither shift has an inverse in closed form: the place is found whose shift leads to the one that was given. That takes
rounds, each of which leaves about a hundredth of the error before it. All but the last of GCJ-02 are worked out in
single precision, since the last, in double precision, hides what they miss: half the time of double precision
throughout, and nowhere in China further than 2e-10 degrees (0.02 mm) from the exact inverse. The rounds are of a fixed
number, so that a place is the same to the last bit whatever places stand beside it.

Source of the shifts: the published polynomial of GCJ-02 on the Krasovsky ellipsoid; no standard prints it.
"""

from __future__ import annotations

from math import pi
from typing import Any

import numpy as np
import numpy.typing as npt

Degrees = npt.NDArray[np.float64]
"""A column of longitudes or latitudes."""
_Reals = npt.NDArray[np.floating[Any]]

_AXIS, _ECCENTRICITY2 = 6378245.0, 0.00669342162296594323
_WEST, _EAST, _SOUTH, _NORTH = 72.004, 137.8347, 0.8293, 55.8271
_LON_0, _LAT_0 = 105.0, 35.0
_ROUGH_ROUNDS, _FINE_ROUNDS = 3, 1
_BD_ROUNDS = 5
_BD_TURN = pi * 3000 / 180
_BLOCK = 16_384
"""Places worked on at a time: the dozen columns in between then stay in the processor's cache."""


def gcj02_to_wgs84(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Places of GCJ-02 on WGS 84, to below 1e-9 degrees; those outside China's box, and NaN, unchanged.

    lon, lat: n values each. Returns new columns of n values.
    """
    return _by_blocks(_from_gcj02, lon, lat)


def bd09_to_wgs84(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    """Places of BD-09 on WGS 84, otherwise as `gcj02_to_wgs84`."""
    return _by_blocks(_from_bd09, lon, lat)


def _by_blocks(back: Any, lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    is_shifted = (lon >= _WEST) & (lon <= _EAST) & (lat >= _SOUTH) & (lat <= _NORTH)
    if not is_shifted.all():
        to_lon, to_lat = lon.copy(), lat.copy()
        to_lon[is_shifted], to_lat[is_shifted] = _by_blocks(back, lon[is_shifted], lat[is_shifted])
        return to_lon, to_lat
    to_lon, to_lat = np.empty_like(lon), np.empty_like(lat)
    for start in range(0, len(lon), _BLOCK):
        block = slice(start, start + _BLOCK)
        to_lon[block], to_lat[block] = back(lon[block], lat[block])
    return to_lon, to_lat


def _from_gcj02(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    x, y = lon, lat
    for kind in (np.float32,) * _ROUGH_ROUNDS + (np.float64,) * _FINE_ROUNDS:
        # Counted from the middle of the formula, before digits are dropped: single precision has only seven.
        east, north = _offset((x - _LON_0).astype(kind), (y - _LAT_0).astype(kind))
        x, y = lon - east, lat - north
    return x, y


def _from_bd09(lon: Degrees, lat: Degrees) -> tuple[Degrees, Degrees]:
    x, y = lon, lat
    for _ in range(_BD_ROUNDS):
        radius = np.hypot(x, y) + 0.00002 * np.sin(y * _BD_TURN)
        angle = np.arctan2(y, x) + 0.000003 * np.cos(x * _BD_TURN)
        x, y = x - (radius * np.cos(angle) + 0.0065 - lon), y - (radius * np.sin(angle) + 0.006 - lat)
    # A place at the very edge of the box may have left it.
    return gcj02_to_wgs84(x, y)


def _offset(x: _Reals, y: _Reals) -> tuple[_Reals, _Reals]:
    """How far GCJ-02 moves a place east and north, in degrees. x, y: degrees east of 105, north of 35."""
    root, product = np.sqrt(np.abs(x)), 0.1 * x * y
    wave = (40 / 3) * (np.sin(x * (6 * pi)) + np.sin(x * (2 * pi)))
    north = (40 / 3) * np.sin(y * pi)
    for height, length in ((80 / 3, 3), (320 / 3, 12), (640 / 3, 30)):
        north += height * np.sin(y * (pi / length))
    north += wave + product + 2 * x + y * (3 + 0.2 * y) + 0.2 * root - 100
    east = (40 / 3) * np.sin(x * pi)
    for height, length in ((80 / 3, 3), (100, 12), (200, 30)):
        east += height * np.sin(x * (pi / length))
    east += wave + product + x * (1 + 0.1 * x) + 2 * y + 0.1 * root + 300
    # From metres to degrees, along the ellipsoid's two radii of curvature.
    lat = (y + _LAT_0) * (pi / 180)
    curve = 1 - _ECCENTRICITY2 * np.sin(lat) ** 2
    curve_root = np.sqrt(curve)
    per_degree = _AXIS * pi / 180
    return (
        east * curve_root / (np.cos(lat) * per_degree),
        north * (curve * curve_root) / ((1 - _ECCENTRICITY2) * per_degree),
    )
