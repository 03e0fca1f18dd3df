"""Buildings in the blocks of the city: what hides road users from roadside sensing."""

from __future__ import annotations

import random
from dataclasses import dataclass

from citysim.record.city import SPACING_M, City, Point, Site, blocks

GAP_TO_SIDEWALK_M = 5.0
YARD_M = 9.0
"""Between neighbours in a block."""
KIOSK_SHARE = 0.5
KIOSK_M = (7.0, 2.6)
"""Along the street, and deep."""
SQUEEZE = 1.16
"""The bend may make a cell a seventh narrower than it is drawn."""


@dataclass(frozen=True, slots=True)
class Building:
    """A footprint (local metres, closed ring, counter-clockwise) with its floors."""

    ring: tuple[Point, ...]
    floors: int


@dataclass(frozen=True, slots=True)
class Plot:
    """A lot on which nobody has built."""

    ring: tuple[Point, ...]
    block: Site
    """South-west corner of its block."""


def build(city: City) -> list[Building]:
    """About a dozen buildings per block, with kiosks along the streets near its corners.

    None stands on a street or its sidewalks. The kiosks are what hides people from sensing at the corners: down a
    street that is free of them a pole sees everything.
    """
    return _built_and_vacant(city)[0]


def vacant(city: City) -> list[Plot]:
    """The lots that `build` left free: about one in ten."""
    return _built_and_vacant(city)[1]


def _built_and_vacant(city: City) -> tuple[list[Building], list[Plot]]:
    draw = random.Random(f"buildings {city.seed}")
    built: list[Building] = []
    free: list[Plot] = []
    for u, v in blocks(city):
        west, east = (_margin(city, city.column_classes[column]) for column in (u, u + 1))
        south, north = (_margin(city, city.row_classes[row]) for row in (v, v + 1))
        lots = [
            (left, low, right, high)
            for left, right in _lots(draw, u + west, u + 1 - east)
            for low, high in _lots(draw, v + south, v + 1 - north)
        ]
        for lot in lots:
            if draw.random() < 0.9:
                built.append(Building(_ring(city, *lot), draw.choice((3, 6, 6, 8, 11, 18, 26, 33))))
            else:
                free.append(Plot(_ring(city, *lot), (u, v)))
        built += [Building(_ring(city, *spot), 1) for spot in _kiosks(draw, city, u, v)]
    return built, free


def _kiosks(draw: random.Random, city: City, u: int, v: int) -> list[tuple[float, float, float, float]]:
    """Spots (west, south, east, north, in cells) along the four sides of block (u, v), at its corners."""
    length, depth = (size / SPACING_M for size in KIOSK_M)
    spots = []
    for side, road_class in enumerate(
        (city.row_classes[v], city.row_classes[v + 1], city.column_classes[u], city.column_classes[u + 1])
    ):
        inner = SQUEEZE * (city.half_width(road_class) + 0.3) / SPACING_M
        near = inner if side % 2 == 0 else 1 - inner - depth
        for is_far_end in (False, True):
            if draw.random() < KIOSK_SHARE:
                start = draw.uniform(30, 55) / SPACING_M
                start = 1 - start - length if is_far_end else start
                west, south, east, north = (
                    (start, near, start + length, near + depth)
                    if side < 2
                    else (near, start, near + depth, start + length)
                )
                spots.append((u + west, v + south, u + east, v + north))
    return spots


def _ring(city: City, west: float, south: float, east: float, north: float) -> tuple[Point, ...]:
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return tuple(city.bend.point(*corner) for corner in corners)


def _margin(city: City, road_class: str) -> float:
    """The strip along a street that stays free, in cells."""
    return SQUEEZE * (city.half_width(road_class) + GAP_TO_SIDEWALK_M) / SPACING_M


def _lots(draw: random.Random, start: float, end: float) -> list[tuple[float, float]]:
    """Three or four lots between two bounds, with yards between them."""
    count = draw.choice((3, 4))
    yard = YARD_M / SPACING_M
    size = (end - start + yard) / count
    return [(start + number * size, start + (number + 1) * size - yard) for number in range(count)]
