"""Buildings in the blocks of the city: what hides road users from roadside sensing."""

from __future__ import annotations

import random
from dataclasses import dataclass

from citysim.record.city import SPACING_M, City, Point, blocks

GAP_TO_SIDEWALK_M = 5.0
YARD_M = 9.0
"""Between neighbours in a block."""


@dataclass(frozen=True, slots=True)
class Building:
    """A footprint (local metres, closed ring, counter-clockwise) with its floors."""

    ring: tuple[Point, ...]
    floors: int


def build(city: City) -> list[Building]:
    """About a dozen buildings per block, none on a street or its sidewalks."""
    draw = random.Random(f"buildings {city.seed}")
    built = []
    for u, v in blocks(city):
        west, east = (_margin(city, city.column_classes[column]) for column in (u, u + 1))
        south, north = (_margin(city, city.row_classes[row]) for row in (v, v + 1))
        for left, right in _lots(draw, u + west, u + 1 - east):
            for low, high in _lots(draw, v + south, v + 1 - north):
                if draw.random() < 0.9:
                    corners = [(left, low), (right, low), (right, high), (left, high), (left, low)]
                    ring = tuple(city.bend.point(*corner) for corner in corners)
                    built.append(Building(ring, draw.choice((3, 6, 6, 8, 11, 18, 26, 33))))
    return built


def _margin(city: City, road_class: str) -> float:
    """The strip along a street that stays free, in cells. The bend may squeeze a cell, hence the tenth more."""
    return 1.1 * (city.half_width(road_class) + GAP_TO_SIDEWALK_M) / SPACING_M


def _lots(draw: random.Random, start: float, end: float) -> list[tuple[float, float]]:
    """Three or four lots between two bounds, with yards between them."""
    count = draw.choice((3, 4))
    yard = YARD_M / SPACING_M
    size = (end - start + yard) / count
    return [(start + number * size, start + (number + 1) * size - yard) for number in range(count)]
