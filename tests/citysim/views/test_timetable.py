import csv
import io
import zipfile
from dataclasses import replace

import pytest

from citysim.views.city import City
from citysim.views.timetable import clock_text, feed


def tables(city: City) -> dict[str, list[dict[str, str]]]:
    with zipfile.ZipFile(io.BytesIO(feed(city).body)) as archive:
        return {
            name.removesuffix(".txt"): list(csv.DictReader(io.StringIO(archive.read(name).decode())))
            for name in archive.namelist()
        }


@pytest.fixture(scope="module")
def clean(city: City) -> City:
    return replace(city, fault_share=0.0)


def test_it_is_a_feed_whose_references_all_lead_somewhere(clean: City) -> None:
    found = tables(clean)
    assert {"agency", "routes", "trips", "stops", "stop_times", "calendar", "feed_info"} == set(found)
    for table, column, target in (
        ("routes", "agency_id", "agency"),
        ("trips", "route_id", "routes"),
        ("trips", "service_id", "calendar"),
        ("stop_times", "trip_id", "trips"),
        ("stop_times", "stop_id", "stops"),
    ):
        assert {row[column] for row in found[table]} <= {row[column] for row in found[target]}
    assert len({row["trip_id"] for row in found["trips"]}) == len(found["trips"])


def test_the_last_buses_leave_after_24_hours_of_their_day(clean: City) -> None:
    times = [row["departure_time"] for row in tables(clean)["stop_times"]]
    assert max(times) > "24:30:00"
    assert min(times) >= "05:30:00"
    assert clock_text(92_100) == "25:35:00"
    wanted = {clock_text(one.origin.values["last_departure_s"]) for one in feed(clean).route_stops.shown}
    assert wanted <= set(times)


def test_every_stop_of_every_line_is_shown_once(clean: City) -> None:
    assert len(feed(clean).stops.shown) == clean.truth.bus_stops.num_rows == len(tables(clean)["stops"])
    ids = [one.record_id for one in feed(clean).route_stops.shown]
    assert len(ids) == len(set(ids)) == clean.truth.bus_line_stops.num_rows
    assert not {one.record_id for one in feed(clean).stops.shown} & set(ids)


def test_a_bad_call_is_bad_on_every_trip_and_nothing_else_changes(city: City, clean: City) -> None:
    good = {(row["trip_id"], row["stop_sequence"]): row for row in tables(clean)["stop_times"]}
    bad = {(row["trip_id"], row["stop_sequence"]): row for row in tables(city)["stop_times"]}
    assert good.keys() == bad.keys()
    changed = {(trip.rsplit("-", 1)[0], place) for trip, place in good if good[trip, place] != bad[trip, place]}
    faults = feed(city).route_stops.faults
    assert len(changed) == len(faults) >= 3
    assert {fault.kind for fault in faults} <= {"wrong_type", "missing_key", "impossible_value"}
    assert feed(replace(city)).body == feed(city).body
