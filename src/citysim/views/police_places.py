"""How the police platform writes places: its own codes of crossings, streets with kilometre stones, and `dzzb`."""

import math
from collections.abc import Mapping

import numpy as np

from citysim import gcj02
from citysim.draws import keys_of
from citysim.planes import gauss_kruger
from citysim.views.city import City, once_per_city, rows_of

PLATFORM = "traffic_safety"
LONG_CODE_SHARE = 0.03
"""Crossings whose code was lengthened to 14 characters when a system changed hands."""
LEGS = ("北", "东北", "东", "东南", "南", "西南", "西", "西北")
"""Names of a crossing's legs by octant, clockwise from north; GA/T 1049.2 counts them from 1 in this order."""


@once_per_city
def cross_ids(city: City) -> Mapping[str, str]:
    """Per junction with a signal, its CrossID: six digits of the police unit, 80, four of the crossing.

    Numbers do not follow the order of the truth. A few have two characters more.
    """
    table = city.truth.junctions
    places = [row for row in rows_of(table, "junction", "district_code", "is_signalised") if row[2]]
    draws = city.draws(PLATFORM, "crossings")
    names = [junction for junction, _, _ in places]
    ranks = np.argsort(np.argsort(draws.bits("number", keys_of(names)))).tolist()
    return {
        junction: f"{district}80{rank + 1:04d}" + ("01" if draws.one("long", junction) < LONG_CODE_SHARE else "")
        for (junction, district, _), rank in zip(places, ranks, strict=True)
    }


@once_per_city
def crossing_names(city: City) -> Mapping[str, str]:
    """Per junction, its name."""
    return dict(rows_of(city.truth.junctions, "junction", "name_zh"))


@once_per_city
def streets(city: City) -> Mapping[str, tuple[str, str, str]]:
    """Per edge and per junction that an edge ends at: street name, district, road class."""
    known: dict[str, tuple[str, str, str]] = {}
    columns = rows_of(city.truth.edges, "edge", "to_junction", "name_zh", "district_code", "road_class")
    for edge, junction, street, district, road_class in columns:
        known[edge] = street, district, road_class
        known.setdefault(junction, (street, district, road_class))
    return known


@once_per_city
def lines(city: City) -> Mapping[str, tuple[list[float], list[float]]]:
    """Per edge, its longitudes and latitudes in driving direction."""
    return {edge: (lon, lat) for edge, lon, lat in rows_of(city.truth.edges, "edge", "lon", "lat")}


@once_per_city
def headings(city: City) -> Mapping[str, float]:
    """Per edge, the direction of travel on its last piece: degrees clockwise from north."""
    found = {}
    for edge, (lon, lat) in lines(city).items():
        x, y = city.plane().to_metres(np.array(lon[-2:]), np.array(lat[-2:]))
        found[edge] = math.degrees(math.atan2(x[1] - x[0], y[1] - y[0])) % 360
    return found


def leg(heading_deg: float) -> int:
    """Which leg of a crossing one arrives on, 0 to 7 as in LEGS: who travels west arrives on the eastern one.

    >>> LEGS[leg(270.0)]
    '东'
    """
    return round(((heading_deg + 180) % 360) / 45) % 8


@once_per_city
def _street_starts(city: City) -> Mapping[str, tuple[float, float]]:
    """Per street, its westernmost vertex: where its kilometres begin."""
    starts: dict[str, tuple[float, float]] = {}
    for street, lons, lats in rows_of(city.truth.edges, "name_zh", "lon", "lat"):
        west = min(zip(lons, lats, strict=True))
        starts[street] = min(starts.get(street, west), west)
    return starts


def chainage_m(city: City, street: str, lon: float, lat: float) -> int:
    """Metres from the street's beginning, as a patrol reads them off the kilometre stones: in tens."""
    start_lon, start_lat = _street_starts(city)[street]
    x, y = city.plane().to_metres(np.array([start_lon, lon]), np.array([start_lat, lat]))
    return round(math.hypot(x[1] - x[0], y[1] - y[0]) / 10) * 10


def coordinates(city: City, lon: float, lat: float, east_m: float, north_m: float) -> str:
    """dzzb: easting, northing (CGCS2000, the city's zone), then longitude, latitude in GCJ-02, of the same point.

    lon, lat: WGS-84. east_m, north_m: what the platform's position is off.
    """
    moved = city.plane().shifted(np.array([lon]), np.array([lat]), np.array([east_m]), np.array([north_m]))
    easting, northing = gauss_kruger(*moved, city.gk_epsg)
    gcj_lon, gcj_lat = gcj02.from_wgs84(*moved)
    return f"{easting[0]:.1f},{northing[0]:.1f},{gcj_lon[0]:.6f},{gcj_lat[0]:.6f}"
