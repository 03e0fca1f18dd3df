"""A flat sheet of metres over the city, for distances within it."""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, radians

import duckdb


@dataclass(frozen=True, slots=True)
class Plane:
    """Metres east and north of a point, equirectangular: both scales are those of WGS 84 at that point's latitude.

    Over a few kilometres this is wrong by less than a thousandth of the distance; between 28 and 32 degrees north
    the east-west scale changes by 0.1 % for every 10 km that one goes north.
    """

    lon: float
    lat: float

    @property
    def east_m_per_deg(self) -> float:
        """Length of a degree of longitude. Source: the series of the WGS 84 ellipsoid."""
        phi = radians(self.lat)
        return 111412.84 * cos(phi) - 93.5 * cos(3 * phi) + 0.118 * cos(5 * phi)

    @property
    def north_m_per_deg(self) -> float:
        """Length of a degree of latitude. Source: the series of the WGS 84 ellipsoid."""
        phi = radians(self.lat)
        return 111132.92 - 559.82 * cos(2 * phi) + 1.175 * cos(4 * phi)

    def east(self, lon: float) -> float:
        """Metres east of the origin.

        >>> round(Plane(106.55, 29.56).east(106.56))
        969
        """
        return (lon - self.lon) * self.east_m_per_deg

    def north(self, lat: float) -> float:
        """Metres north of the origin.

        >>> round(Plane(106.55, 29.56).north(29.57))
        1109
        """
        return (lat - self.lat) * self.north_m_per_deg

    def teach(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Give `connection` the SQL functions east(lon), north(lat) and apart(x, y, x, y), all in metres."""
        connection.execute(f"CREATE TEMP MACRO east(lon) AS (lon - {self.lon!r}) * {self.east_m_per_deg!r}")
        connection.execute(f"CREATE TEMP MACRO north(lat) AS (lat - {self.lat!r}) * {self.north_m_per_deg!r}")
        connection.execute(
            "CREATE TEMP MACRO apart(x1, y1, x2, y2) AS sqrt((x1 - x2) * (x1 - x2) + (y1 - y2) * (y1 - y2))"
        )


def plane_of(connection: duckdb.DuckDBPyConnection) -> Plane | None:
    """The plane around the middle of the city's junctions, taught to `connection`; None while there are none."""
    # Threads add up in any order, which shows in the last digits: a tenth of a metre is enough for an origin.
    middle = "SELECT round(avg(lon), 6), round(avg(lat), 6) FROM junction WHERE lon IS NOT NULL"
    found = connection.execute(middle).fetchone()
    if found is None or found[0] is None:
        return None
    plane = Plane(found[0], found[1])
    plane.teach(connection)
    return plane
