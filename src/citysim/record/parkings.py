"""Parking facilities on lots that nobody has built on, beside a street."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass

import shapely

from citysim.measure.traffic import LaneLine
from citysim.record.buildings import vacant
from citysim.record.city import City, Point

COUNT = 30
BESIDE_M = 30.0
"""From the lot's edge to the kerb lane that leads to its gate."""
SPACE_M2 = 30.0
LEVELS = (1, 1, 1, 2, 3)
KINDS = ("公共停车场", "停车场", "社会停车场")


@dataclass(frozen=True, slots=True)
class Parking:
    """One facility; its ring is counter-clockwise and closed."""

    parking: str
    name_zh: str
    capacity: int
    charging_space_count: int
    edge: str
    point: Point
    ring: tuple[Point, ...]


def place(city: City, streets: Mapping[str, str], kerb: Mapping[str, LaneLine]) -> list[Parking]:
    """COUNT facilities, or as many as there are lots with a street on the right-hand side of which they lie.

    streets: per edge, its name. kerb: per edge, its motor lane at the kerb.
    """
    draw = random.Random(f"parkings {city.seed}")
    lanes = {edge: shapely.LineString(list(zip(lane.x_m, lane.y_m, strict=True))) for edge, lane in kerb.items()}
    # A line drawn a little to the right: of two directions of a street, the one on whose side the lot lies is nearer.
    right = {edge: line.offset_curve(-4.0) for edge, line in lanes.items()}
    found: list[Parking] = []
    names: dict[str, int] = {}
    for plot in draw.sample(free := vacant(city), len(free)):
        shape = shapely.Polygon(plot.ring)
        edge = min(right, key=lambda one: (right[one].distance(shape), one))
        if right[edge].distance(shape) > BESIDE_M:
            continue
        capacity = round(shape.area / SPACE_M2) * draw.choice(LEVELS)
        street = streets[edge]
        names[street] = names.get(street, 0) + 1
        found.append(
            Parking(
                parking=f"K{len(found) + 1:03d}",
                name_zh=f"{street}{draw.choice(KINDS)}{names[street]}号",
                capacity=capacity,
                charging_space_count=round(capacity * draw.uniform(0.05, 0.3)),
                edge=edge,
                point=(shape.centroid.x, shape.centroid.y),
                ring=plot.ring,
            )
        )
        if len(found) == COUNT:
            break
    return found
