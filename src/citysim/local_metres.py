"""Local metres east and north of the city's origin, as WGS84 degrees.

The local plane is a transverse Mercator with scale 1 and no false origin on the WGS84 ellipsoid (for the recording that
ships `+proj=tmerc +lat_0=29.56 +lon_0=106.55 +k=1 +x_0=0 +y_0=0 +ellps=WGS84`), so no library is needed to leave it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ORIGIN = (106.55, 29.56)
"""Longitude and latitude of a recording's local (0, 0), degrees."""

_A = 6378137.0
_F = 1 / 298.257223563
_E2 = _F * (2 - _F)
_EP2 = _E2 / (1 - _E2)


def _meridian_arc(latitude: float) -> float:
    """Metres along the meridian from the equator to `latitude` (radians)."""
    e2, e4, e6 = _E2, _E2**2, _E2**3
    return _A * float(
        (1 - e2 / 4 - 3 * e4 / 64 - 5 * e6 / 256) * latitude
        - (3 * e2 / 8 + 3 * e4 / 32 + 45 * e6 / 1024) * np.sin(2 * latitude)
        + (15 * e4 / 256 + 45 * e6 / 1024) * np.sin(4 * latitude)
        - (35 * e6 / 3072) * np.sin(6 * latitude)
    )


def to_lonlat(
    x_m: NDArray[np.float64], y_m: NDArray[np.float64], origin: tuple[float, float] = ORIGIN
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Longitude and latitude (WGS84 degrees) of local metres around `origin` (lon, lat), element by element.

    Good to a millimetre within 50 km of the origin.
    Source: J. P. Snyder, Map Projections: A Working Manual (USGS PP 1395), equations 3-26, 8-17 and 8-18.
    """
    e2, e4, e6 = _E2, _E2**2, _E2**3
    mu = (_meridian_arc(np.radians(origin[1])) + y_m) / (_A * (1 - e2 / 4 - 3 * e4 / 64 - 5 * e6 / 256))
    e1 = (1 - np.sqrt(1 - e2)) / (1 + np.sqrt(1 - e2))
    foot = (
        mu
        + (3 * e1 / 2 - 27 * e1**3 / 32) * np.sin(2 * mu)
        + (21 * e1**2 / 16 - 55 * e1**4 / 32) * np.sin(4 * mu)
        + (151 * e1**3 / 96) * np.sin(6 * mu)
    )
    sine, cosine = np.sin(foot), np.cos(foot)
    tangent2, c1 = (sine / cosine) ** 2, _EP2 * cosine**2
    curvature = 1 - e2 * sine**2
    n1 = _A / np.sqrt(curvature)
    r1 = _A * (1 - e2) / (curvature * np.sqrt(curvature))
    d = x_m / n1
    latitude = foot - (n1 * sine / cosine / r1) * (
        d**2 / 2 - (5 + 3 * tangent2 + 10 * c1 - 4 * c1**2 - 9 * _EP2) * d**4 / 24
    )
    longitude = np.radians(origin[0]) + (d - (1 + 2 * tangent2 + c1) * d**3 / 6) / cosine
    return np.degrees(longitude), np.degrees(latitude)
