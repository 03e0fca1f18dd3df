"""When roadside sensing first saw the stopped vehicles of an accident, told from the lake alone.

A vehicle that stands is not news in a city: red lights and queues make hundreds of them. An accident is taken to be two
vehicles that come to rest beside one another within moments and stay on their spot longer than any red light lasts,
close to where and when the police say that it happened. The first such pair is taken, because the queue behind an
accident forms after it. So an accident of a single vehicle, or one cleared within a red light's time, is not found.

Numbers of participants are temporary and belong to one roadside unit, so two tracks may be one vehicle seen twice:
only tracks that stand a vehicle's width apart count as two.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from hutong.report.instants import instant

STILL_MPS = 1.0
"""Slower than this is standing: sensors give a standing vehicle some tenths of a metre per second."""
RED_LIGHT_S = 75
"""A vehicle that stays longer does not wait for a light."""
BRIDGED_S = 5
"""Sightings missed in between do not end a stay of a vehicle that is seen again on the same spot this soon."""
STEP_M = 5.0
"""Two sightings in a row further apart than any error of position are two stays."""
SPREAD_M = 2.0
"""A vehicle that stands scatters by the sensor's error; more than this is creeping."""
POLICE_M = 30.0
"""The police's place is good to some ten metres."""
POLICE_S = 120
"""The police's time is as reported and rounded: the stop is looked for this much before and after it."""
ONE_SCENE_M = 15.0
"""Two vehicles, bumper to bumper."""
ONE_SCENE_S = 30
"""From the first vehicle's stop to the second's."""
ONE_VEHICLE_M = 1.0
"""Tracks whose middles lie closer together are the same vehicle, seen by two units."""


@dataclass(frozen=True, slots=True)
class Sight:
    """The stopped vehicles of an accident as roadside sensing saw them.

    seen_at: the first instant at which two of them stood. stood_s: for how long they then stood together.
    x_m, y_m: between them, on the report's plane. heading_deg: the way they faced when they moved last, clockwise from
    north; None when no sensor gave it. units: the roadside units that saw them.
    """

    seen_at: datetime
    stood_s: float
    x_m: float
    y_m: float
    heading_deg: float | None
    units: tuple[str, ...]


def sights(connection: duckdb.DuckDBPyConnection) -> dict[str, Sight]:
    """By accident number, what participant_observation shows of those in the table `accident`.

    accident: number, started_at, x, y. connection: knows the functions of `Plane.teach`.
    """
    connection.execute(f"""
        CREATE OR REPLACE TEMP TABLE stay AS
        WITH still AS (
            SELECT a.number, a.started_at, p.rsu_id, p.participant_no, p.observed_at AS moment, p.heading_deg,
                   east(p.lon) AS x, north(p.lat) AS y
            FROM participant_observation p JOIN accident a
              ON p.observed_at >= a.started_at - INTERVAL {POLICE_S + BRIDGED_S + 1} SECOND
             AND apart(east(p.lon), north(p.lat), a.x, a.y) <= {POLICE_M}
            WHERE p.participant_kind = 'motor' AND p.speed_mps < {STILL_MPS}
        ), cut AS (
            SELECT *, coalesce(moment - lag(moment) OVER track > INTERVAL {BRIDGED_S} SECOND
                               OR apart(x, y, lag(x) OVER track, lag(y) OVER track) > {STEP_M}, true)::INT AS begins
            FROM still WINDOW track AS (PARTITION BY number, rsu_id, participant_no ORDER BY moment)
        ), numbered AS (
            SELECT *, sum(begins) OVER (PARTITION BY number, rsu_id, participant_no ORDER BY moment) AS stay FROM cut
        )
        SELECT number, rsu_id, participant_no, stay, min(moment) AS since, max(moment) AS until,
               median(x) AS x, median(y) AS y,
               avg(sin(radians(heading_deg))) AS faces_east, avg(cos(radians(heading_deg))) AS faces_north
        FROM numbered GROUP BY number, started_at, rsu_id, participant_no, stay
        HAVING max(moment) - min(moment) > INTERVAL {RED_LIGHT_S} SECOND
           AND sqrt(var_samp(x) + var_samp(y)) <= {SPREAD_M}
           AND abs(epoch_ms(min(moment)) - epoch_ms(started_at)) <= {POLICE_S} * 1000""")
    found = connection.execute(f"""
        WITH pair AS (
            SELECT a.number, greatest(a.since, b.since) AS seen_at, least(a.until, b.until) AS until,
                   (a.x + b.x) / 2 AS x, (a.y + b.y) / 2 AS y, a.rsu_id AS one, b.rsu_id AS other,
                   degrees(atan2(a.faces_east + b.faces_east, a.faces_north + b.faces_north)) AS heading
            FROM stay a JOIN stay b ON a.number = b.number
             AND (a.rsu_id, a.participant_no, a.stay) < (b.rsu_id, b.participant_no, b.stay)
             AND apart(a.x, a.y, b.x, b.y) BETWEEN {ONE_VEHICLE_M} AND {ONE_SCENE_M}
             AND abs(epoch_ms(a.since) - epoch_ms(b.since)) <= {ONE_SCENE_S} * 1000
        )
        SELECT number, epoch_us(seen_at), (epoch_ms(until) - epoch_ms(seen_at)) / 1000.0, x, y, heading, one, other
        FROM pair WHERE until - seen_at > INTERVAL {RED_LIGHT_S} SECOND
        QUALIFY row_number() OVER (PARTITION BY number ORDER BY seen_at, one, other, x, y) = 1""").fetchall()
    return {
        number: Sight(
            instant(seen_us), stood_s, x, y, None if heading is None else heading % 360, tuple(sorted({one, other}))
        )
        for number, seen_us, stood_s, x, y, heading, one, other in found
    }
