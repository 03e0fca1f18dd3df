"""Who knew first? Police, roadside sensing, the city model and the transport platform, asked together about accidents.

No platform can answer alone: the police know what happened but not where on the map of the others; roadside sensing
sees vehicles stop but does not know why; the city model knows the junction's name; the transport platform knows how
fast the section was.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from statistics import median

import duckdb

from hutong.model.declared import Words
from hutong.registry import Registry
from hutong.report.flow import Place, Section, Slowing, slowings
from hutong.report.instants import instant
from hutong.report.plane import Plane
from hutong.report.raw import RawJoin
from hutong.report.scene import RED_LIGHT_S, Sight, sights
from hutong.report.standing import standing

AT_JUNCTION_M = 60.0
"""From a junction's middle: half of a large crossing, and the error of the police's place. For the raw join too."""
SAME_JUNCTION_M = 30.0
"""Between a junction of the city model and the one of the police that is taken for it: less than half a block."""
NEAR_RSU_M = 150.0
"""The reach of a roadside unit."""


@dataclass(frozen=True, slots=True)
class Junction:
    """A junction of the city model. district: None when the record has no valid code.

    police_code: of the police's junction that lies within `SAME_JUNCTION_M`; None when it lists none there, as for most
    that have no signals.
    """

    id: str
    name: str | None
    district: Words | None
    away_m: float
    police_code: str | None


@dataclass(frozen=True, slots=True)
class Accident:
    """An accident, and what the other platforms know about it.

    number: the police's. started_at: as the police have it. recorded_at: `updated_at` of the newest revision, so a
    revised record was known earlier than it says. no: its number on the picture, by started_at.
    junction: the nearest one. rsus: the units in service within `NEAR_RSU_M`, nearest first.
    is_overseen: whether one of them sends participants. sight: None when no stopped vehicles were made out.
    slowing: None when no section is near.
    """

    no: int
    number: str
    started_at: datetime
    recorded_at: datetime
    lon: float
    lat: float
    x_m: float
    y_m: float
    road: str | None
    junction: Junction | None
    rsus: tuple[str, ...]
    is_overseen: bool
    sight: Sight | None
    slowing: Slowing | None

    @property
    def is_at_junction(self) -> bool:
        """Whether it lies within `AT_JUNCTION_M` of a junction."""
        return self.junction is not None and self.junction.away_m <= AT_JUNCTION_M

    @property
    def lead_s(self) -> float | None:
        """Seconds from the first sight of the stopped vehicles to the police's record; negative if that came first."""
        return None if self.sight is None else (self.recorded_at - self.sight.seen_at).total_seconds()


@dataclass(frozen=True, slots=True)
class KnewFirst:
    """The answer. accidents: those in the observed span, by started_at. without_place: others in it that have no place.

    span: first and last observation of roadside sensing; None while there are none.
    """

    span: tuple[datetime, datetime] | None
    raw: RawJoin
    accidents: tuple[Accident, ...]
    without_place: int

    @property
    def at_junction(self) -> tuple[Accident, ...]:
        """Those at a junction."""
        return tuple(one for one in self.accidents if one.is_at_junction)

    @property
    def overseen(self) -> tuple[Accident, ...]:
        """Those within reach of a unit that sends participants."""
        return tuple(one for one in self.accidents if one.is_overseen)

    @property
    def leads_s(self) -> tuple[float, ...]:
        """`lead_s` of those that were seen."""
        return tuple(one.lead_s for one in self.accidents if one.lead_s is not None)

    @property
    def sooner(self) -> int:
        """How many roadside sensing saw before the police's record."""
        return sum(lead > 0 for lead in self.leads_s)

    @property
    def median_lead_s(self) -> float | None:
        """Median of `leads_s`; None when nothing was seen."""
        return median(self.leads_s) if self.leads_s else None

    @property
    def sooner_when_sure(self) -> int:
        """How many stopped vehicles had outstayed any red light before the police's record."""
        return sum(lead > RED_LIGHT_S for lead in self.leads_s)

    @property
    def headline(self) -> Words:
        """The answer in one sentence."""
        lead = self.median_lead_s
        if lead is None:
            return Words(
                zh="路侧感知未识别出任何一起事故的停驶车辆",
                en="Roadside sensing made out no accident's stopped vehicles",
            )
        return Words(
            zh=f"路侧感知先于警方记录看到其覆盖范围内 {len(self.overseen)} 起事故中的 {self.sooner} 起，"
            f"中位数提前 {lead:.0f} 秒",
            en=f"Roadside sensing saw {self.sooner} of the {len(self.overseen)} accidents within its reach"
            f" before the police record, by a median of {lead:.0f} seconds",
        )


def who_knew_first(
    connection: duckdb.DuckDBPyConnection, registry: Registry, plane: Plane, sections: list[Section], raw: RawJoin
) -> KnewFirst:
    """The answer for the time span that roadside sensing observed. connection: of `lake.connect`, taught by `plane`."""
    first_us, last_us = connection.execute(
        "SELECT epoch_us(min(observed_at)), epoch_us(max(observed_at)) FROM participant_observation"
    ).fetchall()[0]
    if first_us is None:
        return KnewFirst(None, raw, (), 0)
    span = instant(first_us), instant(last_us)
    without_place = _select_accidents(connection, span)
    seen = sights(connection)
    facts = _facts(connection)
    places = {
        number: Place(sight.seen_at, sight.x_m, sight.y_m, sight.heading_deg)
        if (sight := seen.get(number))
        else Place(started, x, y, None)
        for number, started, x, y in ((fact.number, fact.started_at, fact.x_m, fact.y_m) for fact in facts)
    }
    slowed = slowings(connection, places, sections)
    junctions, rsus = _nearest_junctions(connection, registry), _rsus_near(connection)
    accidents = [
        Accident(
            no=place,
            number=fact.number,
            started_at=fact.started_at,
            recorded_at=fact.recorded_at,
            lon=fact.lon,
            lat=fact.lat,
            x_m=fact.x_m,
            y_m=fact.y_m,
            road=fact.road,
            junction=junctions.get(fact.number),
            rsus=rsus.get(fact.number, ((), False))[0],
            is_overseen=rsus.get(fact.number, ((), False))[1],
            sight=seen.get(fact.number),
            slowing=slowed.get(fact.number),
        )
        for place, fact in enumerate(facts, start=1)
    ]
    return KnewFirst(span, raw, tuple(accidents), without_place)


@dataclass(frozen=True, slots=True)
class _Fact:
    number: str
    started_at: datetime
    recorded_at: datetime
    lon: float
    lat: float
    x_m: float
    y_m: float
    road: str | None


def _select_accidents(connection: duckdb.DuckDBPyConnection, span: tuple[datetime, datetime]) -> int:
    """Make the table `accident` of those within `span` that have a place; returns how many have none."""
    connection.execute(
        """CREATE OR REPLACE TEMP TABLE accident AS
           SELECT source_id AS number, started_at, coalesce(updated_at, received_at) AS recorded_at, lon, lat,
                  east(lon) AS x, north(lat) AS y, road_name
           FROM traffic_event
           WHERE source_platform = 'traffic_safety' AND event_kind = 'accident'
             AND started_at BETWEEN $first AND $last""",
        {"first": span[0], "last": span[1]},
    )
    without = connection.execute("SELECT count(*) FROM accident WHERE lon IS NULL").fetchall()[0][0]
    connection.execute("DELETE FROM accident WHERE lon IS NULL")
    return int(without)


def _facts(connection: duckdb.DuckDBPyConnection) -> list[_Fact]:
    return [
        _Fact(number, instant(started), instant(recorded), *rest)
        for number, started, recorded, *rest in connection.execute(
            """SELECT number, epoch_us(started_at), epoch_us(recorded_at), lon, lat, x, y, road_name
               FROM accident ORDER BY started_at, number"""
        ).fetchall()
    ]


def _nearest_junctions(connection: duckdb.DuckDBPyConnection, registry: Registry) -> dict[str, Junction]:
    # The list also holds words such as `unmapped`, which name no district.
    districts = registry.codes["gbt2260"]
    found = connection.execute(
        f"""WITH nearest AS (
                SELECT a.number, j.source_id, j.name, j.admin_code, east(j.lon) AS x, north(j.lat) AS y,
                       apart(a.x, a.y, east(j.lon), north(j.lat)) AS away
                FROM accident a
                JOIN junction j ON j.source_platform = 'cim' AND j.lon IS NOT NULL AND {standing("j.lifecycle")}
                QUALIFY row_number() OVER (PARTITION BY a.number ORDER BY away, j.source_id) = 1
            )
            SELECT n.number, n.source_id, n.name, n.admin_code, n.away,
                   arg_min(p.police_code, (apart(n.x, n.y, east(p.lon), north(p.lat)), p.police_code))
            FROM nearest n LEFT JOIN junction p
              ON p.source_platform = 'traffic_safety' AND p.police_code IS NOT NULL AND p.lon IS NOT NULL
             AND apart(n.x, n.y, east(p.lon), north(p.lat)) <= {SAME_JUNCTION_M}
            GROUP BY ALL"""
    ).fetchall()
    return {
        number: Junction(
            junction,
            name,
            Words(zh=districts[code].zh, en=districts[code].en) if code in districts and code.isdigit() else None,
            away,
            police_code,
        )
        for number, junction, name, code, away, police_code in found
    }


def _rsus_near(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[tuple[str, ...], bool]]:
    """By accident number, the units in service nearby, nearest first, and whether one of them sends participants."""
    found = connection.execute(
        f"""WITH near AS (
                SELECT a.number, r.serial_no, apart(a.x, a.y, east(r.lon), north(r.lat)) AS away
                FROM accident a JOIN roadside_facility r
                  ON r.facility_kind = 'rsu' AND r.facility_state = 'online' AND r.serial_no IS NOT NULL
                 AND apart(a.x, a.y, east(r.lon), north(r.lat)) <= {NEAR_RSU_M}
            ), sensing AS (SELECT DISTINCT rsu_id FROM participant_observation)
            SELECT number, list(serial_no ORDER BY away, serial_no),
                   bool_or(serial_no IN (SELECT rsu_id FROM sensing))
            FROM near GROUP BY number"""
    ).fetchall()
    return {number: (tuple(serials), bool(sends)) for number, serials, sends in found}
