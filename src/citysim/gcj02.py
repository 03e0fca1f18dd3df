"""GCJ-02, the shifted coordinates that Chinese map services publish."""

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

AXIS_M = 6378245.0
ECCENTRICITY_SQUARED = 0.00669342162296594323


def from_wgs84(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """GCJ-02 longitude and latitude in degrees of WGS-84 points in degrees. Only for points in mainland China.

    Source: the public polynomial on the Krasovsky ellipsoid, as used by every open converter.

    >>> lon, lat = from_wgs84(np.array([106.5516]), np.array([29.5630]))
    >>> f"{lon[0]:.9f} {lat[0]:.9f}"
    '106.555317650 29.560151274'
    """
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    ripple = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    north_m = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north_m += (ripple + 20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi * y / 3.0)) * 2.0 / 3.0
    north_m += (160.0 * np.sin(np.pi * y / 12.0) + 320.0 * np.sin(np.pi * y / 30.0)) * 2.0 / 3.0
    east_m = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east_m += (ripple + 20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi * x / 3.0)) * 2.0 / 3.0
    east_m += (150.0 * np.sin(np.pi * x / 12.0) + 300.0 * np.sin(np.pi * x / 30.0)) * 2.0 / 3.0
    phi = np.radians(lat)
    squash = 1.0 - ECCENTRICITY_SQUARED * np.sin(phi) ** 2
    meridian_m = AXIS_M * (1.0 - ECCENTRICITY_SQUARED) / (squash * np.sqrt(squash))
    parallel_m = AXIS_M / np.sqrt(squash) * np.cos(phi)
    return lon + np.degrees(east_m / parallel_m), lat + np.degrees(north_m / meridian_m)
