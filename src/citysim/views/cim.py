"""Roads and crossings as the city information model holds them: Gauss-Kruger metres, half a year old.

Coordinates are easting, northing, height above the 1985 datum, in the order in which GIS tools export EPSG:4545.
"""

import math
from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import numpy as np

from citysim.draws import keys_of
from citysim.faults import Weaknesses, one_of, whole
from citysim.planes import gauss_kruger
from citysim.views.city import City, Origin, Shown, View, once_per_city, rows_of, with_faults

PLATFORM = "cim"
SIGMA_M = 0.3
MISSING_SHARE = 0.015
RENAMED_SHARE = 0.015
"""Together 3 % of the edges: streets that opened, or were renamed, since the survey."""
SURVEYED = "2025-11-30"

GRADES = {"urban_expressway": "快速路", "arterial": "主干路", "sub_arterial": "次干路", "branch": "支路"}


def _far_line(random: Random, old: Any) -> list[list[float]]:
    """The line with one vertex thrown off the plane."""
    place = random.randrange(len(old))
    thrown = [random.choice((-1, 1)) * random.uniform(1e8, 1e9), random.uniform(1e8, 1e9), *old[place][2:]]
    return [*old[:place], thrown, *old[place + 1 :]]


def _far_point(random: Random, old: Any) -> list[float]:
    return [random.choice((-1, 1)) * random.uniform(1e8, 1e9), random.uniform(1e8, 1e9), *old[2:]]


_FIELDS = (
    "id", "geometry", "geometry.type", "geometry.coordinates", "properties", "properties.entityCode",
    "properties.name", "properties.adminCode", "properties.elevation85", "properties.updateDate", "properties.status",
)  # fmt: skip
_SENTINELS: dict[str, tuple[Any, ...]] = {
    "properties.elevation85": (-9999, 9999),
    "properties.adminCode": ("000000", "-"),
    "properties.updateDate": ("1900-01-01", "-"),
    "properties.name": ("null", "-", "???"),
}
_CODES = {"properties.status": whole((10, 99), (4, 8)), "properties.cimLevel": one_of("CIM0", "CIM8", "LOD3", "3")}
_IMPOSSIBLE = {
    "properties.elevation85": whole((20000, 99999), (-99999, -12000)),
    "properties.updateDate": one_of("2025-13-45", "2025-02-30", "9999-99-99"),
}

ROAD_SEGMENT = Weaknesses(
    stream="road_segment",
    fields=(*_FIELDS, "properties.roadGrade", "properties.laneCount", "properties.designSpeed", "properties.lengthM"),
    sentinels={**_SENTINELS, "properties.laneCount": (-1, 255), "properties.designSpeed": (-1, 255)},
    impossible={
        **_IMPOSSIBLE,
        "geometry.coordinates": _far_line,
        "properties.laneCount": whole((41, 200), (-99, -2)),
        "properties.designSpeed": whole((400, 999), (-99, -2)),
        "properties.lengthM": whole((-9999, -1)),
    },
    codes={**_CODES, "properties.roadGrade": one_of("高架路", "九级路", "X", "7")},
)
INTERSECTION = Weaknesses(
    stream="intersection",
    fields=_FIELDS,
    sentinels=_SENTINELS,
    impossible={**_IMPOSSIBLE, "geometry.coordinates": _far_point},
    codes=_CODES,
)


@once_per_city
def road_segment(city: City) -> View:
    """One LineString per edge of the truth that the survey knew; both directions of a street are features."""
    table, draws = city.truth.edges, city.draws(PLATFORM, "road_segment")
    codes = _codes(city, "road_segment", "0205", table.column("edge").to_pylist(), _districts(table))
    names = sorted(set(table.column("name_zh").to_pylist()))
    records = []
    columns = rows_of(
        table, "edge", "name_zh", "road_class", "lane_count", "speed_limit_mps", "length_m", "district_code",
        "elevation_m", "lon", "lat",
    )  # fmt: skip
    for edge, name, road_class, lanes, limit_mps, length_m, district, elevation, lon, lat in columns:
        fate = draws.one("since the survey", edge)
        if fate < MISSING_SHARE:
            continue
        if fate < MISSING_SHARE + RENAMED_SHARE:
            name = _earlier_name(draws.sequence("earlier name", edge), name, names)
        coordinates, noise = _surveyed(city, "road_segment", edge, lon, lat, elevation)
        properties = {
            **_shared_properties(codes[edge], name, district, elevation),
            "roadGrade": GRADES[road_class],
            "laneCount": lanes,
            "designSpeed": round(limit_mps * 3.6),
            "lengthM": round(length_m, 1),
        }
        records.append(
            _feature(codes[edge], "LineString", coordinates, properties, Origin(edge, lon[0], lat[0], noise_m=noise))
        )
    return with_faults(city, ROAD_SEGMENT, sorted(records, key=lambda one: one.record_id))


@once_per_city
def intersection(city: City) -> View:
    """One Point per junction of the truth."""
    table = city.truth.junctions
    codes = _codes(city, "intersection", "0206", table.column("junction").to_pylist(), _districts(table))
    records = []
    columns = rows_of(table, "junction", "name_zh", "district_code", "elevation_m", "lon", "lat")
    for junction, name, district, elevation, lon, lat in columns:
        coordinates, noise = _surveyed(city, "intersection", junction, [lon], [lat], elevation)
        properties = _shared_properties(codes[junction], name, district, elevation)
        origin = Origin(junction, lon, lat, noise_m=noise)
        records.append(_feature(codes[junction], "Point", coordinates[0], properties, origin))
    return with_faults(city, INTERSECTION, sorted(records, key=lambda one: one.record_id))


def truth_of(city: City, stream: str) -> Mapping[str, Origin]:
    """Per entityCode of "road_segment" or "intersection", its edge or junction; of a line, the first vertex."""
    return (road_segment if stream == "road_segment" else intersection)(city).origins()


def _shared_properties(code: str, name: str, district: str, elevation: float) -> dict[str, Any]:
    return {
        "entityCode": code,
        "name": name,
        "cimLevel": "CIM3",
        "adminCode": district,
        "elevation85": round(elevation, 1),
        "updateDate": SURVEYED,
        "status": 1,
    }


def _feature(code: str, shape: str, coordinates: Sequence[Any], properties: dict[str, Any], origin: Origin) -> Shown:
    record = {
        "type": "Feature",
        "id": code,
        "geometry": {"type": shape, "coordinates": coordinates},
        "properties": properties,
    }
    return Shown(code, -math.inf, 0.0, record, origin)


def _surveyed(
    city: City, stream: str, entity: str, lon: Sequence[float], lat: Sequence[float], elevation: float
) -> tuple[list[list[float]], tuple[float, float]]:
    """The points as measured, and the metres east and north that the first of them is off."""
    draws, vertices = city.draws(PLATFORM, stream), np.arange(len(lon))
    east, north, up = (SIGMA_M * draws.normal(axis, entity, vertices) for axis in ("east", "north", "up"))
    moved = city.plane().shifted(np.array(lon), np.array(lat), east, north)
    easting, northing = gauss_kruger(*moved)
    points = np.column_stack([easting, northing, elevation + up]).round(2)
    return points.tolist(), (float(east[0]), float(north[0]))


def _codes(city: City, stream: str, kind: str, entities: Sequence[str], districts: Sequence[str]) -> dict[str, str]:
    """Per entity, its code of 16 digits: district, class, serial. Serials do not follow the order of the truth."""
    ranks = np.argsort(np.argsort(city.draws(PLATFORM, stream).bits("serial", keys_of(entities))))
    return {
        entity: f"{district}{kind}{rank + 1:06d}"
        for entity, district, rank in zip(entities, districts, ranks.tolist(), strict=True)
    }


def _districts(table: Any) -> list[str]:
    return list(table.column("district_code").to_pylist())


def _earlier_name(random: Random, name: str, names: Sequence[str]) -> str:
    """What the street was called before it was renamed."""
    earlier = ("老" + name, name.removesuffix("大道").removesuffix("路").removesuffix("街") + "支路", "规划一路")
    return random.choice([one for one in earlier if one not in names])
