import secrets
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests

from citysim.services import RunningCity
from citysim.views import buses, detectors, parking, road_status, timetable
from citysim.views.city import City, View
from citysim.views.transport_info import flow

from .asking import call_transport, signed, window


def get(city: RunningCity, params: dict[str, str]) -> dict[str, Any]:
    answer = call_transport(city, params)
    assert answer.status_code == 200, "this platform answers 200 whatever happens"
    found: dict[str, Any] = answer.json()
    return found


def test_the_pages_hold_every_row_once(past: RunningCity, city: City) -> None:
    rows: list[Any] = []
    total, page = 1, 1
    while len(rows) < total:
        answer = get(past, signed({**window(past), "page": page, "size": 100}))
        assert (answer["code"], answer["msg"], answer["data"]["page"]) == ("0000", "成功", page)
        rows, total, page = rows + answer["data"]["rows"], answer["data"]["total"], page + 1
    assert rows == [one.record for one in flow(city).shown]


def test_the_size_is_fifty_by_default_and_never_above_a_hundred(past: RunningCity) -> None:
    assert len(get(past, signed(window(past)))["data"]["rows"]) == 50
    answer = get(past, signed({**window(past), "size": 5000}))
    assert len(answer["data"]["rows"]) == 100 == answer["data"]["size"]


def test_a_window_holds_its_beginning_and_not_its_end(past: RunningCity, city: City) -> None:
    answer = get(past, signed({**window(past, 300, 600), "size": 1}))
    assert answer["data"]["total"] == sum(one.stamp_s == 300 for one in flow(city).shown)


def test_a_period_is_published_after_its_end(halfway: RunningCity, city: City) -> None:
    # The clock stands at second 900: the period that ends there comes out 20 seconds later.
    answer = get(halfway, signed({**window(halfway), "size": 1}))
    assert answer["data"]["total"] == sum(one.stamp_s <= 600 for one in flow(city).shown)


def test_refusals_come_as_codes_in_http_200(past: RunningCity) -> None:
    asked = window(past)
    late = str(time.time_ns() // 1_000_000 - 301_000)
    assert get(past, signed(asked, secret="guess")) == {"code": "1001", "msg": "签名错误", "data": None}
    assert get(past, signed({**asked, "timestamp": late}))["code"] == "1002"
    assert get(past, signed({**asked, "appKey": "nobody"}))["code"] == "1004"
    assert get(past, signed({**asked, "startTime": "2026-03-18T08:00:00"}))["code"] == "1005"
    assert get(past, signed({**asked, "page": 0}))["code"] == "1005"
    assert get(past, {name: str(value) for name, value in asked.items()})["code"] == "1005"


def test_a_nonce_is_good_once_and_is_not_used_up_by_a_bad_signature(past: RunningCity) -> None:
    nonce = secrets.token_hex(8)
    assert get(past, signed({**window(past), "nonce": nonce}, secret="guess"))["code"] == "1001"
    assert get(past, signed({**window(past), "nonce": nonce}))["code"] == "0000"
    assert get(past, signed({**window(past), "nonce": nonce}))["code"] == "1003"


def test_a_wrong_route_is_a_code_too(past: RunningCity) -> None:
    answer = requests.get(f"{past.transport_info}/openapi/v1/nothing", timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (200, "1404")


@pytest.mark.parametrize(
    ("path", "view"),
    [
        ("road/status", road_status.road_status),
        ("bus/positions", buses.bus_positions),
        ("parking/facilities", parking.facilities),
        ("parking/spaces", parking.spaces),
        ("detector/list", detectors.detectors),
        ("detector/flow", detectors.detector_flow),
    ],
)
def test_every_other_list_is_paged_the_same_way(
    past: RunningCity, city: City, path: str, view: Callable[[City], View]
) -> None:
    asked = signed({**window(past), "page": 2, "size": 20})
    answer = requests.get(f"{past.transport_info}/openapi/v1/{path}", params=asked, timeout=20).json()
    assert (answer["code"], answer["data"]["total"]) == ("0000", len(view(city).shown))
    assert answer["data"]["rows"] == [one.record for one in view(city).shown[20:40]]


def test_the_timetable_is_a_signed_zip(past: RunningCity, city: City) -> None:
    url = f"{past.transport_info}/openapi/v1/bus/gtfs"
    answer = requests.get(url, params=signed({}), timeout=20)
    assert (answer.headers["content-type"], answer.content) == ("application/zip", timetable.feed(city).body)
    assert requests.get(url, params=signed({}, secret="guess"), timeout=20).json()["code"] == "1001"
