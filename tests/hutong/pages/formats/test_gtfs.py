import pytest

from hutong.pages import Garbled
from tests.hutong.pages.formats.reading import read, zipped

FEED = {
    "agency.txt": b"\xef\xbb\xbfagency_id,agency_name\nCQ,\xe9\x87\x8d\xe5\xba\x86\n",
    "routes.txt": b"route_id,agency_id,route_short_name\nR1,,1\n",
    "trips.txt": b"route_id,service_id,trip_id\nR1,WD,T1\nR1,HOL,T2\nR9,NONE,T3\n",
    "stops.txt": b"stop_id,stop_name,parent_station\nS,Station,\nP1,Platform,S\n",
    "stop_times.txt": b"trip_id,stop_id,stop_sequence\nT1,P1,1\nT2,P1,1\nT3,GONE,1\n",
    "calendar.txt": b"service_id,monday\nWD,1\n",
    "calendar_dates.txt": b"service_id,date,exception_type\nHOL,20260501,1\nWD,20260501,2\n",
    "feed_info.txt": b"",
}


def gtfs(table: str, **changes: bytes | None) -> list[dict[str, object]]:
    members = {**FEED, **{f"{name}.txt": text for name, text in changes.items()}}
    body = zipped({name: text for name, text in members.items() if text is not None})
    return read(body, {"type": "gtfs", "table": table})


def test_a_stop_time_holds_its_trip_route_agency_service_and_stop() -> None:
    first, second, third = gtfs("stop_times")
    agency = {"agency_id": "CQ", "agency_name": "重庆"}
    route = {"route_id": "R1", "agency_id": "", "route_short_name": "1", "agency": agency}
    assert first["trip"] == {
        "route_id": "R1",
        "service_id": "WD",
        "trip_id": "T1",
        "route": route,
        "service": {
            "service_id": "WD",
            "monday": "1",
            "dates": [{"service_id": "WD", "date": "20260501", "exception_type": "2"}],
        },
    }
    station = {"stop_id": "S", "stop_name": "Station", "parent_station": "", "parent": None, "level": None}
    assert first["stop"] == {
        "stop_id": "P1",
        "stop_name": "Platform",
        "parent_station": "S",
        "parent": station,
        "level": None,
    }
    assert second["trip"]["service"] == {  # type: ignore[index]
        "service_id": "HOL",
        "dates": [{"service_id": "HOL", "date": "20260501", "exception_type": "1"}],
    }
    assert third["stop"] is None
    assert third["trip"]["route"] is None  # type: ignore[index]
    assert third["trip"]["service"] is None  # type: ignore[index]


def test_every_record_says_which_feed_it_is_of() -> None:
    about = b"feed_publisher_name,feed_version\nCQ,20260301\n"
    assert [one["feed"] for one in gtfs("stops", feed_info=about)] == [
        {"feed_publisher_name": "CQ", "feed_version": "20260301"}
    ] * 2
    assert gtfs("route_stops", feed_info=about)[0]["feed"] == gtfs("stops", feed_info=about)[0]["feed"]
    assert gtfs("stops")[0]["feed"] is None
    assert "feed" not in gtfs("feed_info", feed_info=about)[0]


def test_an_optional_table_that_is_missing_is_empty_and_a_required_one_is_not() -> None:
    assert gtfs("transfers") == gtfs("feed_info") == gtfs("levels") == []
    with pytest.raises(Garbled, match=r"no routes\.txt"):
        gtfs("routes", routes=None)


def test_a_key_may_stand_twice_with_the_same_row_only() -> None:
    stops = b"stop_id,stop_name,parent_station\nP1,Platform,\nP1,Platform,\n"
    assert gtfs("stop_times", stops=stops)[0]["stop"]
    with pytest.raises(Garbled, match=r"row 3 of stops\.txt has the stop_id of another"):
        gtfs("stop_times", stops=stops + b"P1,Other,\n")


def test_stops_that_are_one_anothers_parents_are_garbled() -> None:
    with pytest.raises(Garbled, match="without an end"):
        gtfs("stops", stops=b"stop_id,parent_station\nA,B\nB,A\n")


def test_a_broken_table_is_named() -> None:
    with pytest.raises(Garbled, match=r"in trips\.txt: column 2"):
        gtfs("stop_times", trips=b"trip_id,trip_id\n1,2\n")


TRIPS = b"""route_id,direction_id,service_id,trip_id
R1,0,WD,A
R1,0,WD,B
R1,0,WD,SHORT
R1,1,WD,BACK
"""
TIMES = b"""trip_id,stop_id,stop_sequence,departure_time
SHORT,P1,1,07:00:00
A,P1,10,9:05:00
A,S,20,09:15:00
A,S,20,09:15:00
B,S,7,25:45:00
B,P1,5,25:35:00
BACK,P1,1,
"""


def stops_of_routes(times: bytes = TIMES) -> list[tuple[object, ...]]:
    names = ("route_id", "direction_id", "pattern_no", "trips", "position", "stop_id")
    return [
        (*(record[name] for name in names), *((record[end] or {}).get("departure_time") for end in ("first", "last")))  # type: ignore[attr-defined]
        for record in gtfs("route_stops", trips=TRIPS, stop_times=times)
    ]


def test_the_stops_of_a_route_follow_from_all_stop_times_the_usual_way_first() -> None:
    assert stops_of_routes() == [
        ("R1", "0", "1", "2", "1", "P1", "9:05:00", "25:35:00"),
        ("R1", "0", "1", "2", "2", "S", "09:15:00", "25:45:00"),
        ("R1", "0", "2", "1", "1", "P1", "07:00:00", "07:00:00"),
        ("R1", "1", "1", "1", "1", "P1", None, None),
    ]
    first = gtfs("route_stops", trips=TRIPS, stop_times=TIMES)[0]
    assert first["stop"]["stop_name"] == "Platform"  # type: ignore[index]
    assert first["route"]["agency"]["agency_name"] == "重庆"  # type: ignore[index]
    assert first["last"] == {"trip_id": "B", "stop_id": "P1", "stop_sequence": "5", "departure_time": "25:35:00"}


def test_a_time_that_nobody_can_read_is_shown_and_a_place_in_the_trip_that_nobody_can_read_is_the_last() -> None:
    (_, last, *_) = stops_of_routes(TIMES.replace(b"09:15:00", "待定".encode()))
    assert last[-2:] == ("待定", "待定")
    assert [one[5] for one in stops_of_routes(TIMES.replace(b"P1,10,", b"P1,x,"))][:2] == ["P1", "S"]
    assert ("R1", "0", "2", "1", "1", "S", "09:15:00", "09:15:00") in stops_of_routes(
        TIMES.replace(b"P1,10,", b"P1,x,")
    )


def test_stop_times_of_no_known_trip_are_still_shown() -> None:
    assert ("", "", "1", "1", "1", "P1", "07:00:00", "07:00:00") in stops_of_routes(TIMES.replace(b"SHORT,", b"LOST,"))
