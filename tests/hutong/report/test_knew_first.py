"""The figures of "who knew first?" against what really happened."""

from __future__ import annotations

from datetime import timedelta
from math import hypot
from typing import Any

import pytest

from citysim.views import cim, cloud_control, police_signals, transport_info
from citysim.views.city import City
from hutong.lake import connect
from hutong.report import Answer
from hutong.report.knew_first import AT_JUNCTION_M, NEAR_RSU_M, Accident
from hutong.report.plane import plane_of
from hutong.report.scene import sights
from tests.conftest import CityLake
from tests.hutong.report.true_street import TrueAccident, by_number, metres, shifted, shown_places

pytestmark = pytest.mark.xdist_group("city")

WITHIN_S = 10.0
DOUBTFUL_M = 3.0
"""Closer than this to a limit the platforms' own errors decide."""


@pytest.fixture(scope="module")
def true_ones(city_lake: CityLake) -> dict[str, TrueAccident]:
    return by_number(city_lake.city)


@pytest.fixture(scope="module")
def happened(asked: Answer, true_ones: dict[str, TrueAccident]) -> list[tuple[Accident, TrueAccident]]:
    """Accidents of the answer that the truth knows, with what it knows."""
    return [(one, true_ones[one.number]) for one in asked.knew_first.accidents if one.number in true_ones]


def test_nearly_all_recorded_accidents_of_the_half_hour_are_asked_about(
    asked: Answer, true_ones: dict[str, TrueAccident], happened: list[tuple[Accident, TrueAccident]]
) -> None:
    assert len(happened) >= 0.9 * len(true_ones)
    assert len(happened) >= 8
    numbers = [one.number for one in asked.knew_first.accidents]
    assert len(set(numbers)) == len(numbers)


def test_places_are_those_of_the_police_in_wgs84(asked: Answer, city_lake: CityLake) -> None:
    shown = shown_places(city_lake.city)
    off = [
        _apart(city_lake.city, (one.lon, one.lat), shown[one.number])
        for one in asked.knew_first.accidents
        if one.number in shown
    ]
    assert len(off) >= 0.95 * len(asked.knew_first.accidents)
    assert max(off) < 1.0


def test_raw_answers_put_no_accident_at_a_junction_by_longitude_and_latitude(asked: Answer) -> None:
    raw = asked.knew_first.raw
    assert raw.accidents >= len(asked.knew_first.accidents)
    assert raw.junctions > 100
    assert raw.rsus > 100
    assert (raw.readings[0].at_junction, raw.readings[0].near_rsu) == (0, 0)


def test_raw_positions_lie_half_a_kilometre_off(asked: Answer, city_lake: CityLake) -> None:
    sent = asked.knew_first.raw.as_sent
    off = [_apart(city_lake.city, sent[one.number], (one.lon, one.lat)) for one in asked.knew_first.accidents]
    assert min(off) > 470
    assert max(off) < 490


def test_accidents_at_junctions_are_those_the_truth_has_there(asked: Answer, city_lake: CityLake) -> None:
    city = city_lake.city
    kept = set(_column(city_lake, "SELECT source_id FROM junction WHERE lon IS NOT NULL"))
    entities = {
        code: origin
        for code, origin in cim.intersection(city).origins().items()
        if code in kept and origin.truth_id is not None
    }
    true_names = dict(
        zip(*(city.truth.junctions.column(name).to_pylist() for name in ("junction", "name_zh")), strict=True)
    )
    true_districts = dict(
        zip(*(city.truth.junctions.column(name).to_pylist() for name in ("junction", "district_code")), strict=True)
    )
    shown = shown_places(city)
    checked, named, districts = 0, 0, city_lake.registry.codes["gbt2260"]
    for one in asked.knew_first.accidents:
        x, y = metres(city, *shown[one.number])
        away, nearest = min(
            (hypot(x - u, y - v), origin.truth_id)
            for origin in entities.values()
            for u, v in [metres(city, origin.lon, origin.lat)]
        )
        if abs(away - AT_JUNCTION_M) < DOUBTFUL_M:
            continue
        checked += 1
        assert one.is_at_junction == (away <= AT_JUNCTION_M), one.number
        assert one.junction is not None
        assert one.junction.away_m == pytest.approx(away, abs=DOUBTFUL_M)
        if one.is_at_junction:
            named += one.junction.name == true_names[nearest]
            assert one.junction.district is None or one.junction.district.zh == districts[true_districts[nearest]].zh
    assert checked >= 0.9 * len(asked.knew_first.accidents)
    # The city model was surveyed before some streets were renamed.
    assert named >= 0.75 * len(asked.knew_first.at_junction) > 0


def test_the_police_code_is_that_of_the_very_crossing(asked: Answer, city_lake: CityLake) -> None:
    city = city_lake.city
    entities = cim.intersection(city).origins()
    code_of = {one.origin.truth_id: one.origin.values["police_code"] for one in police_signals.crossings(city).shown}
    sql = "SELECT police_code FROM junction WHERE source_platform = 'traffic_safety' AND lon IS NOT NULL"
    listed = set(_column(city_lake, sql))
    found = [one.junction for one in asked.knew_first.accidents if one.junction is not None]
    known = [(junction, code_of.get(entities[junction.id].truth_id)) for junction in found]
    assert len([code for _, code in known if code in listed]) > 5
    for junction, code in known:
        assert junction.police_code == (code if code in listed else None)


def test_units_listed_are_those_in_service_within_reach(asked: Answer, city_lake: CityLake) -> None:
    city, shown = city_lake.city, shown_places(city_lake.city)
    online = "SELECT serial_no FROM roadside_facility WHERE facility_state = 'online' AND lon IS NOT NULL"
    in_service = set(_column(city_lake, online))
    units = {serial: shifted(city, origin) for serial, origin in cloud_control.truth_of(city, "rsus").items()}
    for one in asked.knew_first.accidents:
        for serial, place in units.items():
            away = _apart(city, shown[one.number], place)
            if abs(away - NEAR_RSU_M) > DOUBTFUL_M:
                assert (serial in one.rsus) == (away < NEAR_RSU_M and serial in in_service), (one.number, serial)


def test_stopped_vehicles_are_seen_within_ten_seconds_for_four_in_five(
    happened: list[tuple[Accident, TrueAccident]],
) -> None:
    seeable = [(one, true) for one, true in happened if true.is_seeable]
    off = [
        None if one.sight is None else (one.sight.seen_at - true.stopped_at).total_seconds() for one, true in seeable
    ]
    right = sum(seconds is not None and abs(seconds) <= WITHIN_S for seconds in off)
    assert len(seeable) >= 8
    assert right >= 0.8 * len(seeable), off


def test_scrapes_that_no_unit_could_see_are_not_seen(asked: Answer, true_ones: dict[str, TrueAccident]) -> None:
    scrapes = [one for one in asked.knew_first.accidents if one.number not in true_ones]
    assert len(scrapes) >= 8
    assert [one.number for one in scrapes if one.sight is not None] == []


def test_queues_at_red_lights_are_not_taken_for_accidents(city_lake: CityLake) -> None:
    """Asked at every junction with sensing, every four minutes: what is seen must be an accident in truth."""
    city = city_lake.city
    connection = connect(city_lake.registry, city_lake.store)
    plane = plane_of(connection)
    assert plane is not None
    connection.execute(
        """CREATE TEMP TABLE accident AS
           SELECT j.source_id || '/' || t AS number, $start + to_seconds(t) AS started_at,
                  east(j.lon) AS x, north(j.lat) AS y
           FROM junction j, range(120, 1700, 240) later(t)
           WHERE EXISTS (SELECT 1 FROM roadside_facility r
                         WHERE r.serial_no IN (SELECT DISTINCT rsu_id FROM participant_observation)
                           AND apart(east(r.lon), north(r.lat), east(j.lon), north(j.lat)) < 60)""",
        {"start": city.recording_start},
    )
    asked_at = connection.execute("SELECT count(*) FROM accident").fetchall()[0][0]
    true_ones = [
        (city.recording_start + timedelta(seconds=row["t_s"]), plane.east(row["lon"]), plane.north(row["lat"]))
        for row in city.truth.accidents.to_pylist()
    ]
    wrong = [
        number
        for number, sight in sights(connection).items()
        if not any(
            abs((sight.seen_at - at).total_seconds()) <= 30 and hypot(sight.x_m - x, sight.y_m - y) < 30
            for at, x, y in true_ones
        )
    ]
    assert asked_at >= 200
    assert len(wrong) <= 0.02 * asked_at


def test_seconds_to_the_police_record_are_counted_from_the_lake(asked: Answer, city_lake: CityLake) -> None:
    recorded = dict(
        _rows(city_lake, "SELECT source_id, epoch(updated_at) FROM traffic_event WHERE updated_at IS NOT NULL")
    )
    knew = asked.knew_first
    for one in knew.accidents:
        if one.sight is not None:
            assert one.lead_s == pytest.approx(recorded[one.number] - one.sight.seen_at.timestamp(), abs=0.001)
    leads = sorted(knew.leads_s)
    assert knew.median_lead_s is not None
    assert leads[(len(leads) - 1) // 2] <= knew.median_lead_s <= leads[len(leads) // 2]
    assert f"{knew.median_lead_s:.0f}" in knew.headline.en
    assert f"{knew.median_lead_s:.0f}" in knew.headline.zh


def test_sections_are_those_the_accident_happened_on(
    city_lake: CityLake, happened: list[tuple[Accident, TrueAccident]]
) -> None:
    """On an edge, the section that holds it; within a junction, one that begins or ends there would do as well."""
    truth = city_lake.city.truth
    section_of = _true_sections(city_lake)
    edges = dict(zip(*(truth.sections.column(name).to_pylist() for name in ("section", "edges")), strict=True))
    scripted = {row["accident"] for row in truth.accidents.to_pylist() if row["kind"] == "scripted"}
    found = [
        true.edge in edges[section_of[one.slowing.section]]
        for one, true in happened
        if true.id in scripted and one.sight and one.slowing
    ]
    assert len(found) >= 8
    assert sum(found) >= 0.9 * len(found)


def test_speeds_before_and_lowest_after_are_those_of_the_section(
    city_lake: CityLake, happened: list[tuple[Accident, TrueAccident]]
) -> None:
    city, section_of = city_lake.city, _true_sections(city_lake)
    speeds: dict[str, list[tuple[int, float]]] = {}
    for row in city.truth.section_flow.to_pylist():
        if row["speed_mps"] is not None:
            speeds.setdefault(row["section"], []).append((row["interval_end_s"], row["speed_mps"]))
    right = wrong = 0
    for one, _ in happened:
        if one.slowing is None or one.sight is None:
            continue
        at_s = (one.sight.seen_at - city.recording_start).total_seconds()
        periods = sorted(speeds[section_of[one.slowing.section]])
        before = [speed for end_s, speed in periods if end_s <= at_s]
        after = [speed for end_s, speed in periods if end_s > at_s and end_s - 300 < at_s + 900]
        for found, true in ((one.slowing.before_mps, before[-1:]), (one.slowing.lowest_mps, after and [min(after)])):
            # Four sigma of the platform's error, and its rounding to a tenth of a kilometre per hour.
            is_right = (found is None) == (not true) and (
                found is None or abs(found / true[0] - 1) < 0.12 + 0.02 / true[0]
            )
            right, wrong = right + is_right, wrong + (not is_right)
    # A period for which the platform's detector was down, or whose record was planted bad, is not in the lake.
    assert right >= 16
    assert wrong <= 0.15 * (right + wrong)


def _apart(city: City, one: tuple[float, float], other: tuple[float, float]) -> float:
    """Metres between two places in degrees."""
    (x, y), (u, v) = metres(city, *one), metres(city, *other)
    return hypot(x - u, y - v)


def _true_sections(city_lake: CityLake) -> dict[str, str]:
    """The platform's name of a section -> the truth's."""
    return {
        record_id.split("@")[0]: str(origin.truth_id)
        for record_id, origin in transport_info.truth_of(city_lake.city).items()
    }


def _rows(city_lake: CityLake, sql: str) -> list[tuple[Any, ...]]:
    connection = connect(city_lake.registry, city_lake.store)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def _column(city_lake: CityLake, sql: str) -> list[Any]:
    return [row[0] for row in _rows(city_lake, sql)]
