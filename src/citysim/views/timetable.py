"""Lines and stops of the buses as a GTFS feed: a zip of text files, with times that count on beyond midnight.

The feed is in WGS-84, as the specification wants it. Source: GTFS Schedule Reference, https://gtfs.org.
"""

import csv
import io
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from citysim.clock import BEIJING
from citysim.faults import Weaknesses, as_text, one_of, whole
from citysim.views.buses import line_id
from citysim.views.city import City, Origin, Shown, View, once_per_city, rows_of, with_faults
from citysim.views.transport_info import PLATFORM

POSITION_SIGMA_M = 3.0
AGENCIES = ("南岸公交有限公司", "两江公交有限公司")
FIRST_TRIP_S = (5 * 3600 + 1800, 6 * 3600 + 1800)
LAST_TRIP_S = (21 * 3600, 25 * 3600 + 1800)
"""When the first and the last bus of a line leave the terminus, seconds of the service day: the last of some after
midnight, which is 24:00:00 and more."""
THINNED = 2
"""The feed's headways are those of the recorded peak times this."""
MADE_DAYS_BEFORE = 12
SERVICE = "D"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PUBLISHER = "http://bus.example.cn"
IN_TIME = "in time"
"""Stands for the departure of each trip, which the files tell trip by trip."""
STOP, ROUTE_STOP = "stop/", "route_stop/"
"""What the ids of records begin with: one zip holds both."""

STOPS = Weaknesses(
    stream="bus_stops",
    fields=("stop_lat", "stop_lon"),
    sentinels={"stop_lat": ("0",), "stop_lon": ("0",)},
    impossible={"stop_lat": as_text(whole((91, 999))), "stop_lon": as_text(whole((181, 999)))},
    codes={"location_type": one_of("7", "9", "x")},
    is_text=True,
)
ROUTE_STOPS = Weaknesses(
    stream="bus_route_stops",
    fields=("departure_time",),
    sentinels={},
    impossible={"departure_time": one_of("06:75:00", "99:00:00", "-1:00:00")},
    codes={},
    is_text=True,
    # The receiver works these records out of all trips, where a stop time that stands twice is one.
    is_doubled=False,
)


@dataclass(frozen=True, slots=True)
class Feed:
    """The zip, and the views of the records that a receiver finds in it."""

    body: bytes
    stops: View
    route_stops: View


@once_per_city
def feed(city: City) -> Feed:
    """The feed; its two views are in the order of the files."""
    made = (city.recording_start - timedelta(days=MADE_DAYS_BEFORE)).astimezone(BEIJING)
    made_s = (made.replace(hour=0, minute=0, second=0, microsecond=0) - city.recording_start).total_seconds()
    stops, calls = _stops(city, made_s), _calls(city, made_s)
    files: dict[str, Iterable[Mapping[str, Any]]] = {
        "agency": _agencies(),
        "routes": _routes(city),
        "calendar": [
            {"service_id": SERVICE, **dict.fromkeys(DAYS, "1"), "start_date": f"{made:%Y%m%d}", "end_date": "20991231"}
        ],
        "stops": [one.record for one in stops.shown],
        "trips": _trip_rows(city),
        "stop_times": _stop_times(city, calls),
        "feed_info": [
            {
                "feed_publisher_name": AGENCIES[0],
                "feed_publisher_url": PUBLISHER,
                "feed_lang": "zh",
                "feed_version": f"{made:%Y%m%d}",
            }
        ],
    }
    return Feed(_zipped(files), stops, calls)


def _stops(city: City, made_s: float) -> View:
    draws, plane = city.draws(PLATFORM, "bus_stops"), city.plane()
    records = []
    table = sorted(rows_of(city.truth.bus_stops, "stop", "name_zh", "lon", "lat"))
    for place, (stop, name, true_lon, true_lat) in enumerate(table, start=1):
        noise = tuple(POSITION_SIGMA_M * draws.one_normal(axis, stop) for axis in ("east", "north"))
        lon, lat = plane.shifted(*(np.array([value]) for value in (true_lon, true_lat, *noise)))
        record = {
            "stop_id": stop,
            "stop_code": f"{place:04d}",
            "stop_name": name,
            "stop_lat": f"{lat[0]:.6f}",
            "stop_lon": f"{lon[0]:.6f}",
            "location_type": "0",
            "parent_station": "",
        }
        values = {
            "source_id": stop,
            "observed_at": made_s,
            "name": name,
            "stop_code": f"{place:04d}",
            "stop_kind": "stop",
            "parent_stop_id": None,
            "source_crs": "EPSG:4326",
        }
        origin = Origin(stop, true_lon, true_lat, noise_m=(noise[0], noise[1]), values=values)
        records.append(Shown(STOP + stop, float("-inf"), made_s, record, origin))
    return with_faults(city, STOPS, records)


def _calls(city: City, made_s: float) -> View:
    """Per line, direction and stop: the seconds after departure at which each of its trips calls there."""
    spans: dict[tuple[str, int], list[int]] = {}
    for route, direction, _, start_s in _trips(city):
        spans.setdefault((route, direction), []).append(start_s)
    places = {stop: (lon, lat) for stop, lon, lat in rows_of(city.truth.bus_stops, "stop", "lon", "lat")}
    names = {(line, way): name for line, way, name in rows_of(city.truth.bus_lines, "line", "direction", "name_zh")}
    table = rows_of(city.truth.bus_line_stops, "line", "direction", "stop_seq", "stop", "offset_s")
    known = [(names[line, way], way, seq, stop, after_s) for line, way, seq, stop, after_s in table]
    records = []
    for name, direction, seq, stop, after_s in sorted(known):
        route = line_id(name)
        trips = spans[route, direction]
        record = {
            "route_id": route,
            "direction_id": direction,
            "stop_sequence": seq,
            "stop_id": stop,
            "after_s": after_s,
            "departure_time": IN_TIME,
        }
        values = {
            "source_id": f"{route}/{direction}/1/{seq}",
            "observed_at": made_s,
            "route_id": route,
            "route_name": name,
            "operator": _agency(city, name)[1],
            "direction": ("up", "down")[direction],
            "pattern_no": 1,
            "trip_count": len(trips),
            "stop_seq": seq,
            "stop_id": stop,
            "first_departure_s": min(trips) + after_s,
            "last_departure_s": max(trips) + after_s,
        }
        lon, lat = places[stop]
        record_id = f"{ROUTE_STOP}{route}/{direction}/{seq}"
        records.append(Shown(record_id, float("-inf"), made_s, record, Origin(stop, lon, lat, values=values)))
    return with_faults(city, ROUTE_STOPS, records)


def _trips(city: City) -> Iterator[tuple[str, int, int, int]]:
    """Route, direction, number and departure from the terminus (seconds of the service day) of every trip."""
    draws = city.draws(PLATFORM, "timetable")
    for name, direction, headway_s in sorted(rows_of(city.truth.bus_lines, "name_zh", "direction", "headway_s")):
        first, last = (
            int(low + (high - low) * draws.one(end, name) // 300 * 300)
            for end, (low, high) in (("first", FIRST_TRIP_S), ("last", LAST_TRIP_S))
        )
        for number, start_s in enumerate(range(first, last + 1, THINNED * headway_s), start=1):
            yield line_id(name), direction, number, start_s


def _agencies() -> Iterator[Mapping[str, Any]]:
    for place, name in enumerate(AGENCIES, start=1):
        yield {
            "agency_id": f"A{place}",
            "agency_name": name,
            "agency_url": PUBLISHER,
            "agency_timezone": "Asia/Shanghai",
        }


def _routes(city: City) -> Iterator[Mapping[str, Any]]:
    for name in sorted(set(city.truth.bus_lines.column("name_zh").to_pylist())):
        yield {
            "route_id": line_id(name),
            "agency_id": _agency(city, name)[0],
            "route_short_name": line_id(name),
            "route_long_name": name,
            "route_type": "3",
        }


def _trip_rows(city: City) -> Iterator[Mapping[str, Any]]:
    for route, direction, number, _ in _trips(city):
        yield {
            "route_id": route,
            "service_id": SERVICE,
            "trip_id": f"{route}-{direction}-{number}",
            "direction_id": str(direction),
        }


def _stop_times(city: City, calls: View) -> Iterator[Mapping[str, Any]]:
    of_route: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for one in calls.shown:
        of_route.setdefault((one.record["route_id"], one.record["direction_id"]), []).append(one.record)
    for route, direction, number, start_s in _trips(city):
        for call in of_route.get((route, direction), []):
            # What is wrong with a call is wrong with it on every trip.
            departure = call.get("departure_time", "")
            if departure == IN_TIME:
                departure = clock_text(start_s + call["after_s"])
            yield {
                "trip_id": f"{route}-{direction}-{number}",
                "stop_sequence": call["stop_sequence"],
                "stop_id": call["stop_id"],
                "arrival_time": departure,
                "departure_time": departure,
            }


def clock_text(of_day_s: int) -> str:
    """Seconds of the service day as a timetable writes them.

    >>> clock_text(92100)
    '25:35:00'
    """
    minutes, seconds = divmod(of_day_s, 60)
    return f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"


def _agency(city: City, name: str) -> tuple[str, str]:
    place = int(len(AGENCIES) * city.draws(PLATFORM, "agency").one("agency", name))
    return f"A{place + 1}", AGENCIES[place]


def _zipped(files: Mapping[str, Iterable[Mapping[str, Any]]]) -> bytes:
    """The same bytes each time: members carry no time of their own."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, rows in files.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.txt"), _table(list(rows)), zipfile.ZIP_DEFLATED)
    return body.getvalue()


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as CSV. A field that a row lacks is empty: text files have no other way to leave one out."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
