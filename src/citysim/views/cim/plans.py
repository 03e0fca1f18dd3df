"""What stands in the model but not in the street: roads that are planned or being built, and alignments given up.

Everything else that is planned or gone lies along these: their lanes, crossings, buildings, car parks and poles.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from citysim.draws import Floats
from citysim.views.cim.survey import ABANDONED, PLANNED, PLATFORM, UNDER_CONSTRUCTION, Entry
from citysim.views.city import City, once_per_city, rows_of

COUNTS = {PLANNED: 6, UNDER_CONSTRUCTION: 3, ABANDONED: 3}
LENGTHS_M = (180.0, 400.0)
CLEAR_OF_JUNCTIONS_M = 150.0
"""How far the end of a new road must lie from every crossing: they lead out of the city."""
ASIDE_M = (18.0, 30.0)
"""How far to the right of today's street the alignment lay that was given up."""
STREETS = ("规划一路", "规划二路", "规划三路", "规划四路", "规划五路", "规划六路", "规划七路", "规划八路", "规划九路")


@dataclass(frozen=True, slots=True)
class Road(Entry):
    """One direction of a street as the model knows it."""

    edge: str
    """Of the truth: the edge itself, or the one that a road on paper continues or ran beside."""
    road_class: str
    lane_count: int
    speed_limit_mps: float
    length_m: float
    lon: list[float]
    lat: list[float]


@once_per_city
def planned_roads(city: City) -> tuple[Road, ...]:
    """Roads out of the city that are planned or being built, then alignments that were given up."""
    table, draws = city.truth.edges, city.draws(PLATFORM, "plans")
    edges = table.column("edge").to_pylist()
    order = sorted(range(len(edges)), key=lambda at: draws.one("rank", edges[at]))
    leading_out = [(at, line) for at in order if (line := _continued(city, table, at)) is not None]
    new = [lifecycle for lifecycle in (PLANNED, UNDER_CONSTRUCTION) for _ in range(COUNTS[lifecycle])]
    taken: set[str] = set()
    roads: list[Road] = []
    for at, line in leading_out:
        # Both directions of a street, and two streets that meet, lead to the same field.
        end = str(table.column("to_junction")[at])
        if end in taken or len(roads) == len(new):
            continue
        taken.add(end)
        roads.append(_road(city, table, at, new[len(roads)], STREETS[len(roads)], *line))
    gone = [at for at in order if edges[at] not in {road.edge for road in roads}][: COUNTS[ABANDONED]]
    for at in gone:
        roads.append(
            _road(city, table, at, ABANDONED, "老" + table.column("name_zh")[at].as_py(), *_aside(city, table, at))
        )
    return tuple(roads)


def beside(city: City, road: Road, along_m: float, right_m: float) -> tuple[float, float]:
    """Longitude and latitude of a place so many metres from the road's beginning, and so many to its right."""
    ((lon,), (lat,)) = _in_road(city, road, [along_m], [right_m])
    return lon, lat


def rectangle_beside(
    city: City, road: Road, right_m: float, long_m: float, deep_m: float
) -> tuple[list[float], list[float]]:
    """A closed ring, counter-clockwise, of a rectangle whose middle lies to the right of the road's middle."""
    middle = road.length_m / 2
    ahead = [middle + share * long_m for share in (-0.5, -0.5, 0.5, 0.5, -0.5)]
    right = [right_m + share * deep_m for share in (-0.5, 0.5, 0.5, -0.5, -0.5)]
    return _in_road(city, road, ahead, right)


def _in_road(city: City, road: Road, ahead_m: list[float], right_m: list[float]) -> tuple[list[float], list[float]]:
    """Places in the road's own axes: from its first point towards its last, and to the right of that."""
    x, y = city.plane().to_metres(np.array(road.lon)[[0, -1]], np.array(road.lat)[[0, -1]])
    towards = np.array([np.diff(x)[0], np.diff(y)[0]])
    towards /= np.hypot(*towards)
    ahead, right = np.array(ahead_m), np.array(right_m)
    moved = city.plane().to_degrees(
        x[0] + ahead * towards[0] + right * towards[1], y[0] + ahead * towards[1] - right * towards[0]
    )
    return moved[0].tolist(), moved[1].tolist()


def shifted_right(
    city: City, lon: Sequence[float], lat: Sequence[float], right_m: float
) -> tuple[list[float], list[float]]:
    """The line as a whole, moved to the right of its direction by metres."""
    x, y = city.plane().to_metres(np.array(lon), np.array(lat))
    (right_x,), (right_y,) = _right_of(x[[0, -1]], y[[0, -1]], right_m)
    moved = city.plane().to_degrees(x + right_x, y + right_y)
    return moved[0].tolist(), moved[1].tolist()


def _right_of(x: Floats, y: Floats, right_m: float) -> Iterator[Floats]:
    """Metres east and north from the line between two points to `right_m` on its right."""
    east, north = np.diff(x), np.diff(y)
    length = np.hypot(east, north)
    yield right_m * north / length
    yield -right_m * east / length


def _continued(city: City, table: Any, at: int) -> tuple[list[float], list[float]] | None:
    """The edge's street drawn on beyond its end; None where that would lead into the city."""
    draws = city.draws(PLATFORM, "plans")
    lon, lat = np.array(table.column("lon")[at].as_py()), np.array(table.column("lat")[at].as_py())
    x, y = city.plane().to_metres(lon[[0, -1]], lat[[0, -1]])
    shortest, longest = LENGTHS_M
    length = shortest + (longest - shortest) * draws.one("length", str(table.column("edge")[at]))
    step = np.array([np.diff(x)[0], np.diff(y)[0]])
    step *= length / np.hypot(*step)
    others = np.column_stack(_junctions(city))
    if np.hypot(*(others - (np.array([x[1], y[1]]) + step)).T).min() < CLEAR_OF_JUNCTIONS_M:
        return None
    far_lon, far_lat = city.plane().to_degrees(
        x[1] + step[0] * np.array([0.5, 1.0]), y[1] + step[1] * np.array([0.5, 1.0])
    )
    return [float(lon[-1]), *far_lon.tolist()], [float(lat[-1]), *far_lat.tolist()]


def _aside(city: City, table: Any, at: int) -> tuple[list[float], list[float]]:
    nearest, farthest = ASIDE_M
    share = city.draws(PLATFORM, "plans").one("aside", str(table.column("edge")[at]))
    lon, lat = table.column("lon")[at].as_py(), table.column("lat")[at].as_py()
    return shifted_right(city, lon, lat, nearest + (farthest - nearest) * share)


def _road(city: City, table: Any, at: int, lifecycle: str, name: str, lon: list[float], lat: list[float]) -> Road:
    ((edge, road_class, lanes, limit_mps, district, elevation),) = rows_of(
        table.slice(at, 1), "edge", "road_class", "lane_count", "speed_limit_mps", "district_code", "elevation_m"
    )
    x, y = city.plane().to_metres(np.array(lon), np.array(lat))
    length_m = float(np.hypot(np.diff(x), np.diff(y)).sum())
    return Road(
        f"{lifecycle}/{edge}",
        name,
        district,
        elevation,
        lifecycle,
        edge,
        road_class,
        lanes,
        limit_mps,
        length_m,
        lon,
        lat,
    )


@once_per_city
def _junctions(city: City) -> tuple[Floats, Floats]:
    table = city.truth.junctions
    return city.plane().to_metres(*(np.array(table.column(name).to_pylist()) for name in ("lon", "lat")))
