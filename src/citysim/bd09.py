"""BD-09, the coordinates of one map service: GCJ-02, shifted once more."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

RIPPLE = np.pi * 3000.0 / 180.0


def from_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """BD-09 longitude and latitude in degrees of GCJ-02 points in degrees.

    Source: the public polynomial, as used by every open converter.

    >>> lon, lat = from_gcj02(np.array([106.555317650]), np.array([29.560151274]))
    >>> f"{lon[0]:.8f} {lat[0]:.8f}"
    '106.56174823 29.56646599'
    """
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(RIPPLE * lat)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(RIPPLE * lon)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006
