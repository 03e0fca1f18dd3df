"""Places on WGS 84, from EPSG systems and from the two shifted systems of Chinese maps, GCJ-02 and BD-09.

CGCS2000 is taken as equal to WGS 84 (at most 0.7 m apart in 2026).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Protocol, TypeVar

import numpy as np

from hutong.model.mapping import Axes
from hutong.normalise.shift import Degrees, bd09_to_wgs84, gcj02_to_wgs84

Of = TypeVar("Of", float, Degrees)
"""One number, or a column of them."""


class ToWgs84(Protocol):
    """From two coordinates to longitude and latitude in degrees: of one place, or of as many as two columns hold.

    A place comes out the same to the last bit, alone or in a column.
    """

    def __call__(self, first: Of, second: Of, /) -> tuple[Of, Of]:
        """Longitude and latitude."""


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
    convert = _easting_first(crs, is_geographic=axes in ("lon_lat", "lat_lon"))
    return convert if axes in ("lon_lat", "east_north") else _turned(convert)


def _easting_first(crs: str, is_geographic: bool) -> ToWgs84:
    shifted = {"GCJ-02": gcj02_to_wgs84, "BD-09": bd09_to_wgs84}.get(crs)
    if shifted is None and not re.fullmatch(r"EPSG:\d{4,6}", crs):
        raise UnknownCrs(f"'{crs}' is no coordinate system; known: EPSG:<code>, GCJ-02, BD-09")
    if shifted is not None:
        if not is_geographic:
            raise UnknownCrs(f"{crs} is in degrees: its axes are lon_lat or lat_lon")
        return _alone_too(shifted)
    # pyproj takes a quarter of a second to import, and many streams need none of it.
    if crs in _AS_THEY_ARE and is_geographic:
        return _as_they_are
    from pyproj import CRS, Transformer
    from pyproj.exceptions import CRSError

    try:
        source = CRS.from_user_input(crs)
    except CRSError:
        raise UnknownCrs(f"'{crs}' is in no register of coordinate systems") from None
    if not source.is_geographic and not source.is_projected:
        raise UnknownCrs(f"{crs} ({source.name}) says no place on a map; name a geographic or a projected system")
    if source.is_geographic != is_geographic:
        right = "lon_lat or lat_lon" if source.is_geographic else "east_north or north_east"
        raise UnknownCrs(f"the axes of {crs} ({source.name}) are {right}")
    transform: ToWgs84 = Transformer.from_crs(source, "EPSG:4326", always_xy=True).transform
    return transform


_AS_THEY_ARE = frozenset({"EPSG:4326", "EPSG:4490"})


def _as_they_are(lon: Of, lat: Of, /) -> tuple[Of, Of]:
    return lon, lat


def _turned(convert: ToWgs84) -> ToWgs84:
    def turned(first: Of, second: Of, /) -> tuple[Of, Of]:
        return convert(second, first)

    return turned


def _alone_too(convert: Callable[[Degrees, Degrees], tuple[Degrees, Degrees]]) -> ToWgs84:
    """`convert` for one place as well, which goes the way of a column: another one might end in other bits."""

    def either(first: Of, second: Of, /) -> tuple[Of, Of]:
        if isinstance(first, np.ndarray):
            return convert(first, second)
        lon, lat = convert(np.array([first], np.float64), np.array([second], np.float64))
        return float(lon[0]), float(lat[0])

    return either
