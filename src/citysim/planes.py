"""Between degrees and metres: the city's own plane, and the planes that official maps use."""

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from pyproj import Transformer

Floats = npt.NDArray[np.float64]


class CityPlane:
    """The recording's metres: transverse Mercator around its origin on WGS-84."""

    def __init__(self, origin_lon: float, origin_lat: float) -> None:
        plane = f"+proj=tmerc +lat_0={origin_lat} +lon_0={origin_lon} +k=1 +x_0=0 +y_0=0 +ellps=WGS84 +units=m +no_defs"
        self._to_plane = Transformer.from_crs("EPSG:4326", plane, always_xy=True)

    def to_metres(self, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        """x (east) and y (north) in metres of WGS-84 degrees."""
        x, y = self._to_plane.transform(lon, lat)
        return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)

    def to_degrees(self, x_m: Floats, y_m: Floats) -> tuple[Floats, Floats]:
        """WGS-84 longitude and latitude of plane metres."""
        lon, lat = self._to_plane.transform(x_m, y_m, direction="INVERSE")
        return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)

    def shifted(self, lon: Floats, lat: Floats, east_m: Floats, north_m: Floats) -> tuple[Floats, Floats]:
        """The points moved by metres east and north, in degrees again."""
        x, y = self.to_metres(lon, lat)
        return self.to_degrees(x + east_m, y + north_m)


def gauss_kruger(lon: Floats, lat: Floats, epsg: int = 4545) -> tuple[Floats, Floats]:
    """Easting and northing of WGS-84 degrees in a three-degree zone of CGCS2000.

    epsg: 4513 to 4533 (the zone's number stands in front of the easting) or 4534 to 4554; 4545 is Chongqing's.
    CGCS2000 and WGS-84 count as equal here; their ellipsoids differ by at most 0.1 mm.
    """
    easting, northing = _to_gauss_kruger(epsg).transform(lon, lat)
    return np.asarray(easting, dtype=np.float64), np.asarray(northing, dtype=np.float64)


@lru_cache(maxsize=16)
def _to_gauss_kruger(epsg: int) -> Transformer:
    return Transformer.from_crs("EPSG:4490", f"EPSG:{epsg}", always_xy=True)
