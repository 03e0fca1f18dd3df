"""Buildings as outlines with a height, and the same buildings as solids."""

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from citysim.faults import Weaknesses, whole
from citysim.planes import gauss_kruger
from citysim.views.cim.plans import planned_roads, rectangle_beside
from citysim.views.cim.survey import (
    EXISTING,
    PLATFORM,
    Entry,
    Measured,
    degrees,
    entity_codes,
    epsg,
    far_ring,
    feature,
    positions,
    properties,
    together,
    values,
    weaknesses,
)
from citysim.views.city import City, Origin, Shown, View, once_per_city, rows_of, with_faults

SIGMA_M = 0.5
STOREY_M = 3.0
HEIGHT_SIGMA_M = 0.2
ON_PAPER_M = (36.0, 15.0)
"""Length and depth of the buildings that stand beside roads on paper."""
ASIDE_M = 30.0
"""From the road's line to the middle of such a building."""
LOD = "1"
"""A block: the outline drawn up to one height."""

_OWN_SENTINELS = {"buildingHeight": (-1, 0, 9999), "floors": (-1, 0)}
_OWN_IMPOSSIBLE = {"buildingHeight": whole((1200, 9000), (-99, -2)), "floors": whole((201, 999), (-99, -2))}

BUILDING = weaknesses(
    "building",
    far_ring,
    fields=("properties.classCode", "properties.buildingHeight", "properties.floors"),
    sentinels={f"properties.{name}": marks for name, marks in _OWN_SENTINELS.items()},
    impossible={f"properties.{name}": make for name, make in _OWN_IMPOSSIBLE.items()},
)
_HERE = "attributes."
"""Where a city object keeps what a feature keeps under its properties."""


def _moved(path: str) -> str:
    return path.replace("properties.", _HERE)


BUILDING_MODEL = Weaknesses(
    stream="building_model",
    fields=(
        "type", "attributes", "attributes.name", "attributes.adminCode", "attributes.elevation85",
        "attributes.updateDate", "attributes.status", "attributes.buildingHeight", "attributes.floors", "geometry",
    ),
    sentinels={_moved(path): marks for path, marks in BUILDING.sentinels.items()},
    impossible={_moved(path): make for path, make in BUILDING.impossible.items() if path.startswith("properties.")},
    codes={_moved(path): make for path, make in BUILDING.codes.items()},
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Block(Entry):
    """A building as the model knows it."""

    floors: int
    height_m: float
    """Above the ground."""
    measured: Measured
    """Its outline, a closed ring, counter-clockwise."""
    lon: float
    """WGS-84, of the outline's first corner in truth."""
    lat: float


@once_per_city
def known_buildings(city: City) -> tuple[Block, ...]:
    """The truth's buildings, and one beside each road on paper."""
    draws = city.draws(PLATFORM, "building")

    def block(entry: Entry, floors: int, lon: list[float], lat: list[float]) -> Block:
        height_m = STOREY_M * floors + HEIGHT_SIGMA_M * draws.one_normal("height", entry.entity)
        measured = together(city, draws, entry.entity, lon, lat, SIGMA_M)
        return Block(
            entry.entity, entry.name, entry.district, entry.elevation_m, entry.lifecycle,
            floors, height_m, measured, lon[0], lat[0],
        )  # fmt: skip

    return tuple(block(*one) for one in (*_built(city), *_on_paper(city)))


@once_per_city
def building_codes(city: City) -> dict[str, str]:
    """Per entity of `known_buildings`, its code."""
    return entity_codes(city, "building", "0401", known_buildings(city))


@once_per_city
def building(city: City) -> View:
    """One Polygon per building."""
    codes, records = building_codes(city), []
    for one in known_buildings(city):
        code = codes[one.entity]
        ring = positions(city, one.measured.lon, one.measured.lat, one.elevation_m)
        told = {**_values(one, code), "lod": None, "geometry": degrees(one.measured)}
        origin = Origin(one.truth_id, one.lon, one.lat, noise_m=one.measured.noise_m, values=told)
        records.append(feature(code, "Polygon", [ring], {**properties(code, one), **_attributes(one)}, origin))
    return with_faults(city, BUILDING, sorted(records, key=lambda one: one.record_id))


@once_per_city
def building_model(city: City) -> View:
    """The same buildings as city objects (CityJSON): solids of level 1, whose corners are given as coordinates.

    Easting first in every variant, as CityJSON demands of all systems. Source: CityJSON 2.0, sections 3.3 and 4.
    """
    codes, records = building_codes(city), []
    for one in known_buildings(city):
        code = codes[one.entity]
        attributes = {**properties(code, one), **_attributes(one)}
        del attributes["entityCode"]
        record = {
            "type": "Building",
            "attributes": attributes,
            "geometry": [{"type": "Solid", "lod": LOD, "boundaries": [_solid(city, one)]}],
        }
        told = {**_values(one, code), "lod": LOD}
        origin = Origin(one.truth_id, one.lon, one.lat, noise_m=one.measured.noise_m, values=told)
        records.append(Shown(code, -math.inf, 0.0, record, origin))
    return with_faults(city, BUILDING_MODEL, sorted(records, key=lambda one: one.record_id))


def _attributes(one: Block) -> dict[str, Any]:
    return {"classCode": "0401", "buildingHeight": round(one.height_m, 1), "floors": one.floors}


def _values(one: Block, code: str) -> dict[str, Any]:
    return {
        **values(one),
        "source_id": code,
        "class_code": "0401",
        "height_above_ground_m": one.height_m,
        "floor_count": one.floors,
        "cim_level": "CIM3",
    }


def _solid(city: City, one: Block) -> list[list[list[list[float]]]]:
    """The surfaces of the block, each a list of rings without their last corner: ground, roof, walls."""
    easting, northing = gauss_kruger(one.measured.lon, one.measured.lat, epsg(city))
    corners = np.column_stack([easting, northing]).round(3)[:-1].tolist()
    ground, roof = (
        [[*corner, round(height, 3)] for corner in corners]
        for height in (one.elevation_m, one.elevation_m + one.height_m)
    )
    walls = [[[ground[at], ground[after], roof[after], roof[at]]] for at, after in pairwise([*range(len(corners)), 0])]
    # Seen from outside the corners go round counter-clockwise, so that those of the ground are turned.
    return [[[ground[0], *ground[:0:-1]]], [roof], *walls]


Outline = tuple[Entry, int, list[float], list[float]]
"""Entry, storeys, and the closed ring in longitudes and latitudes of the truth."""


def _built(city: City) -> Iterator[Outline]:
    """Named by a street of the nearest crossing and a number, in its district and on its height."""
    junctions, table = city.truth.junctions, city.truth.buildings
    near = _nearest_junctions(city, table.column("lon").to_pylist(), table.column("lat").to_pylist())
    columns = ("name_zh", "district_code", "elevation_m")
    names, districts, heights = (junctions.column(name).to_pylist() for name in columns)
    numbers: Counter[int] = Counter()
    for (building, floors, lon, lat), at in zip(rows_of(table, "building", "floors", "lon", "lat"), near, strict=True):
        numbers[at] += 1
        street = names[at].removesuffix("路口").split("与")[numbers[at] % 2]
        entry = Entry(building, f"{street}{numbers[at]}号楼", districts[at], heights[at], EXISTING)
        yield entry, floors, lon, lat


def _on_paper(city: City) -> Iterator[Outline]:
    long_m, deep_m = ON_PAPER_M
    for road in planned_roads(city):
        draws = city.draws(PLATFORM, "plans")
        entry = Entry(f"{road.entity}/building", f"{road.name}1号楼", road.district, road.elevation_m, road.lifecycle)
        floors = 3 + int(30 * draws.one("floors", road.entity))
        yield entry, floors, *rectangle_beside(city, road, ASIDE_M, long_m, deep_m)


def _nearest_junctions(city: City, lons: list[list[float]], lats: list[list[float]]) -> list[int]:
    """For each outline, the number of the crossing that lies nearest to its first corner."""
    table, plane = city.truth.junctions, city.plane()
    x, y = plane.to_metres(*(np.array([ring[0] for ring in rings]) for rings in (lons, lats)))
    there_x, there_y = plane.to_metres(*(np.array(table.column(name).to_pylist()) for name in ("lon", "lat")))
    nearest: list[int] = np.hypot(x[:, None] - there_x, y[:, None] - there_y).argmin(axis=1).tolist()
    return nearest
