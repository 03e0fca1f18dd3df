"""Centrelines: both directions of a street, as the last survey knew them, and roads on paper."""

from collections.abc import Sequence
from random import Random

import numpy as np

from citysim.faults import one_of, whole
from citysim.views.cim.plans import Road, planned_roads
from citysim.views.cim.survey import (
    EXISTING,
    PLATFORM,
    degrees,
    entity_codes,
    far_line,
    feature,
    one_by_one,
    positions,
    properties,
    values,
    weaknesses,
)
from citysim.views.city import City, Origin, View, once_per_city, rows_of, with_faults

SIGMA_M = 0.3
MISSING_SHARE = 0.015
RENAMED_SHARE = 0.015
"""Together 3 % of the edges: streets that opened, or were renamed, since the survey."""
GRADES = {"urban_expressway": "快速路", "arterial": "主干路", "sub_arterial": "次干路", "branch": "支路"}

ROAD_SEGMENT = weaknesses(
    "road_segment",
    far_line,
    fields=("properties.roadGrade", "properties.laneCount", "properties.designSpeed", "properties.lengthM"),
    sentinels={"properties.laneCount": (-1, 255), "properties.designSpeed": (-1, 255)},
    impossible={
        "properties.laneCount": whole((41, 200), (-99, -2)),
        "properties.designSpeed": whole((400, 999), (-99, -2)),
        "properties.lengthM": whole((-9999, -1)),
    },
    codes={"properties.roadGrade": one_of("高架路", "九级路", "X", "7")},
)


@once_per_city
def known_roads(city: City) -> tuple[Road, ...]:
    """The truth's edges without those that the survey missed, some by an earlier name, and the roads on paper."""
    table, draws = city.truth.edges, city.draws(PLATFORM, "road_segment")
    names = sorted(set(table.column("name_zh").to_pylist()))
    roads = []
    columns = rows_of(
        table, "edge", "name_zh", "district_code", "elevation_m", "road_class", "lane_count", "speed_limit_mps",
        "length_m", "lon", "lat",
    )  # fmt: skip
    for edge, name, district, elevation, road_class, lanes, limit_mps, length_m, lon, lat in columns:
        fate = draws.one("since the survey", edge)
        if fate < MISSING_SHARE:
            continue
        if fate < MISSING_SHARE + RENAMED_SHARE:
            name = _earlier_name(draws.sequence("earlier name", edge), name, names)
        roads.append(
            Road(edge, name, district, elevation, EXISTING, edge, road_class, lanes, limit_mps, length_m, lon, lat)
        )
    return (*roads, *planned_roads(city))


@once_per_city
def road_codes(city: City) -> dict[str, str]:
    """Per entity of `known_roads`, its code."""
    return entity_codes(city, "road_segment", "0205", known_roads(city))


@once_per_city
def road_segment(city: City) -> View:
    """One LineString per road that the model knows."""
    draws, codes = city.draws(PLATFORM, "road_segment"), road_codes(city)
    records = []
    for road in known_roads(city):
        code = codes[road.entity]
        measured = one_by_one(city, draws, road.entity, road.lon, road.lat, SIGMA_M)
        up_m = SIGMA_M * draws.normal("up", road.entity, np.arange(len(road.lon)))
        attributes = {
            **properties(code, road),
            "roadGrade": GRADES[road.road_class],
            "laneCount": road.lane_count,
            "designSpeed": round(road.speed_limit_mps * 3.6),
            "lengthM": round(road.length_m, 1),
        }
        told = {
            **values(road),
            "source_id": code,
            "grain": "centreline",
            "road_class": road.road_class,
            "lane_count": road.lane_count,
            "design_speed_mps": road.speed_limit_mps,
            "length_m": road.length_m,
            "geometry": degrees(measured),
        }
        origin = Origin(road.truth_id, road.lon[0], road.lat[0], noise_m=measured.noise_m, values=told)
        coordinates = positions(city, measured.lon, measured.lat, road.elevation_m + up_m)
        records.append(feature(code, "LineString", coordinates, attributes, origin))
    return with_faults(city, ROAD_SEGMENT, sorted(records, key=lambda one: one.record_id))


def _earlier_name(random: Random, name: str, names: Sequence[str]) -> str:
    """What the street was called before it was renamed."""
    earlier = ("老" + name, name.removesuffix("大道").removesuffix("路").removesuffix("街") + "支路", "规划一路")
    return random.choice([one for one in earlier if one not in names])
