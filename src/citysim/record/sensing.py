"""Roadside units: where their poles stand, which of them sense, what they can see."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import shapely
from shapely.strtree import STRtree

from citysim.record.buildings import Building
from citysim.record.city import SPACING_M, City, Point, Site, junction_id

SENSING_COUNT = 40
POLE_BEHIND_SIDEWALK_M = 4.0
ANTENNA_M = 6.0


@dataclass(frozen=True, slots=True)
class Rsu:
    """One unit on a pole at a corner of a junction."""

    rsu: str
    site: Site
    point: Point
    has_sensing: bool


def poles(city: City, busy: Mapping[Site, float]) -> list[Rsu]:
    """One unit per junction; the busiest with signals sense, then the busiest without, 40 in all.

    busy: vehicles that pass each junction.
    """
    draw = random.Random(f"poles {city.seed}")
    order = sorted(city.sites, key=lambda site: (site not in city.signalised, -busy.get(site, 0.0), site))
    sensing = set(order[:SENSING_COUNT])
    units = []
    for number, site in enumerate(city.sites):
        aside = (city.half_width(city.column_classes[site[0]]) + POLE_BEHIND_SIDEWALK_M) / SPACING_M
        along = (city.half_width(city.row_classes[site[1]]) + POLE_BEHIND_SIDEWALK_M) / SPACING_M
        corner = city.bend.point(site[0] + draw.choice((-1, 1)) * aside, site[1] + draw.choice((-1, 1)) * along)
        units.append(Rsu(f"R{number + 1:03d}", site, corner, site in sensing))
    return units


class Sight:
    """Answers whether a building stands between two points."""

    def __init__(self, buildings: Sequence[Building]) -> None:
        self._footprints = STRtree([shapely.Polygon(building.ring) for building in buildings])

    def is_clear(self, start: Point, end: Point) -> bool:
        """Whether the straight line from `start` to `end` meets no building."""
        line = shapely.LineString([start, end])
        return len(self._footprints.query(line, predicate="intersects")) == 0


def named(units: Sequence[Rsu]) -> dict[str, Rsu]:
    """Units by their junction's id."""
    return {junction_id(unit.site): unit for unit in units}
