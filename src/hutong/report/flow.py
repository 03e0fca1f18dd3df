"""How fast the section was on which an accident happened: before it, and at its slowest after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import degrees

import duckdb
import numpy as np
import shapely

from hutong.report.plane import Plane

NEAREST_M = 40.0
"""A section further away than this is another street's."""
FACING_DEG = 45.0
"""Vehicles and section point the same way within this; the two directions of a street lie beside one another."""
ALONG_M = 15.0
"""The section's direction is measured over this much on either side."""
AFTER_S = 900
"""How long after the accident its lowest speed is looked for."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when to ask. heading_deg: of the vehicles concerned, clockwise from north; None if unknown."""

    at: datetime
    x_m: float
    y_m: float
    heading_deg: float | None


@dataclass(frozen=True, slots=True)
class Slowing:
    """A section's speeds in m/s, None where the platform has none.

    before_mps: of the last period that had ended. lowest_mps: of the one then running and those begun within `AFTER_S`.
    """

    section: str
    road: str | None
    before_mps: float | None
    lowest_mps: float | None


@dataclass(frozen=True, slots=True)
class Section:
    """A road section on the report's plane, as one line in the direction of travel."""

    id: str
    name: str | None
    line: shapely.LineString


def sections_of(connection: duckdb.DuckDBPyConnection, plane: Plane) -> list[Section]:
    """The sections of the transport platform that have a line."""
    found = connection.execute(
        """SELECT source_id, name, geometry FROM road_segment
           WHERE grain = 'section' AND geometry IS NOT NULL ORDER BY source_platform, source_id"""
    ).fetchall()
    return [Section(number, name, line) for number, name, wkb in found if (line := on_plane(wkb, plane)) is not None]


def on_plane(wkb: bytes, plane: Plane) -> shapely.LineString | None:
    """The line in `wkb` (degrees) in metres; None when it is no line."""
    line = shapely.from_wkb(wkb)
    if not isinstance(line, shapely.LineString) or line.is_empty:
        return None
    lon, lat = shapely.get_coordinates(line).T
    return shapely.LineString(np.column_stack([plane.east(lon), plane.north(lat)]))


def slowings(
    connection: duckdb.DuckDBPyConnection, places: Mapping[str, Place], sections: Sequence[Section]
) -> dict[str, Slowing]:
    """By the keys of `places`, the nearest section that points the right way; places without one are left out."""
    chosen = _nearest(places, sections)
    found: dict[str, Slowing] = {}
    for number, section in chosen.items():
        answer = connection.execute(
            f"""SELECT arg_max(speed_mps, period_end) FILTER (period_end <= $at),
                       min(speed_mps) FILTER (period_end > $at AND period_start < $at + INTERVAL {AFTER_S} SECOND)
                FROM traffic_flow WHERE target_kind = 'section' AND target_id = $section AND speed_mps IS NOT NULL""",
            {"at": places[number].at, "section": section.id},
        ).fetchone()
        assert answer is not None  # an aggregate always answers
        found[number] = Slowing(section.id, section.name, *answer)
    return found


def _nearest(places: Mapping[str, Place], sections: Sequence[Section]) -> dict[str, Section]:
    if not places or not sections:
        return {}
    lines = np.array([section.line for section in sections], dtype=object)
    points = shapely.points([(place.x_m, place.y_m) for place in places.values()])
    away = shapely.distance(points[:, None], lines[None, :])
    found: dict[str, Section] = {}
    for row, (number, place) in zip(away, places.items(), strict=True):
        near = [index for index in np.argsort(row, kind="stable") if row[index] <= NEAREST_M]
        facing = [index for index in near if _faces(lines[index], place)]
        if facing or near:
            found[number] = sections[(facing or near)[0]]
    return found


def _faces(line: shapely.LineString, place: Place) -> bool:
    if place.heading_deg is None:
        return True
    along = line.project(shapely.Point(place.x_m, place.y_m))
    start, end = line.interpolate(max(along - ALONG_M, 0)), line.interpolate(min(along + ALONG_M, line.length))
    bearing = degrees(np.arctan2(end.x - start.x, end.y - start.y))
    return abs((bearing - place.heading_deg + 180) % 360 - 180) <= FACING_DEG
