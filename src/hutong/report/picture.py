"""What the picture shows, on a plane in metres, without a date in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
import shapely

from hutong.model.declared import Words
from hutong.report.flow import Section, on_plane
from hutong.report.knew_first import KnewFirst
from hutong.report.plane import Plane
from hutong.report.standing import standing
from hutong.report.summary import StreamFates

Point = tuple[float, float]
Line = tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class DrawnSection:
    """A section and the speed of its slowest period in m/s; None when it has no speed at all."""

    line: Line
    lowest_mps: float | None


@dataclass(frozen=True, slots=True)
class DrawnUnit:
    """A roadside unit in service. has_sensing: it sends participants."""

    place: Point
    has_sensing: bool


@dataclass(frozen=True, slots=True)
class DrawnAccident:
    """An accident, where it is and where its raw longitude and latitude would put it. minute: of the observed span."""

    no: int
    place: Point
    as_sent: Point | None
    is_seen: bool
    minute: float


@dataclass(frozen=True, slots=True)
class Picture:
    """The city, and the ledger of each stream. Lengths in metres east and north of the plane's origin."""

    headline: Words
    roads: tuple[Line, ...]
    junctions: tuple[Point, ...]
    sections: tuple[DrawnSection, ...]
    units: tuple[DrawnUnit, ...]
    accidents: tuple[DrawnAccident, ...]
    streams: tuple[StreamFates, ...]


def picture_of(
    connection: duckdb.DuckDBPyConnection,
    plane: Plane,
    sections: Sequence[Section],
    knew_first: KnewFirst,
    streams: tuple[StreamFates, ...],
) -> Picture:
    """What is there to be drawn. connection: of `lake.connect`, taught by `plane`."""
    roads = [
        line
        for (wkb,) in connection.execute(
            f"""SELECT geometry FROM road_segment
                WHERE grain = 'centreline' AND geometry IS NOT NULL AND {standing("lifecycle")}
                ORDER BY source_id"""
        ).fetchall()
        if (line := on_plane(wkb, plane)) is not None
    ]
    lowest = dict(
        connection.execute(
            "SELECT target_id, min(speed_mps) FROM traffic_flow WHERE target_kind = 'section' GROUP BY target_id"
        ).fetchall()
    )
    junctions = connection.execute(
        f"""SELECT east(lon), north(lat) FROM junction
            WHERE source_platform = 'cim' AND lon IS NOT NULL AND {standing("lifecycle")} ORDER BY source_id"""
    ).fetchall()
    units = connection.execute(
        """SELECT east(lon), north(lat), serial_no IN (SELECT DISTINCT rsu_id FROM participant_observation)
           FROM roadside_facility
           WHERE facility_kind = 'rsu' AND facility_state = 'online' AND lon IS NOT NULL ORDER BY source_id"""
    ).fetchall()
    return Picture(
        headline=knew_first.headline,
        roads=tuple(map(_line, roads)),
        junctions=tuple((x, y) for x, y in junctions),
        sections=tuple(DrawnSection(_line(section.line), lowest.get(section.id)) for section in sections),
        units=tuple(DrawnUnit((x, y), bool(has_sensing)) for x, y, has_sensing in units),
        accidents=_accidents(knew_first, plane),
        streams=streams,
    )


def _accidents(knew_first: KnewFirst, plane: Plane) -> tuple[DrawnAccident, ...]:
    if knew_first.span is None:
        return ()
    begin = knew_first.span[0]
    sent = knew_first.raw.as_sent
    return tuple(
        DrawnAccident(
            one.no,
            (one.x_m, one.y_m),
            (plane.east(sent[one.number][0]), plane.north(sent[one.number][1])) if one.number in sent else None,
            one.sight is not None,
            (one.started_at - begin).total_seconds() / 60,
        )
        for one in knew_first.accidents
    )


def _line(line: shapely.LineString) -> Line:
    # Half a metre is a sixth of the width of the thinnest line drawn.
    found = shapely.get_coordinates(line.simplify(0.5))
    return tuple((float(x), float(y)) for x, y in np.round(found, 1))
