import time
from typing import Any

import pytest
import requests

from citysim.services import RunningCity
from citysim.views import cloud_control
from citysim.views.city import City
from citysim.views.connected import bsm_messages, cloud_reports
from citysim.views.heartbeats import heartbeats
from citysim.views.map_messages import map_messages
from citysim.views.messages import flat
from citysim.views.rsi import event_of, rsi_messages, sign_messages
from citysim.views.spat import spat_messages

from .asking import bearer, log_in

SEEN_S = 120


@pytest.fixture(scope="module")
def session(past: RunningCity) -> requests.Session:
    found = requests.Session()
    found.headers["Authorization"] = bearer(past)["Authorization"]
    return found


def pages(session: requests.Session, url: str, limit: int, **params: Any) -> list[dict[str, Any]]:
    """Every record, page after page until one is empty."""
    found: list[dict[str, Any]] = []
    for page in range(1, 1000):
        answer = session.get(url, params={**params, "offset": page, "limit": limit}, timeout=60).json()
        found += answer["data"]
        if not answer["data"]:
            assert len(found) == answer["count"]
            return found
    raise AssertionError("the pages do not end")


def test_a_login_gives_a_bearer_token(past: RunningCity) -> None:
    answer = log_in(past).json()
    assert answer["code"] == 0
    assert answer["data"]["token_type"] == "bearer"
    assert answer["data"]["expires_in"] == 1800


def test_a_wrong_password_and_a_missing_token_are_refused(past: RunningCity) -> None:
    wrong = log_in(past, "guess")
    bare = requests.get(f"{past.cloud_control}/api/v1/rsus", timeout=10)
    assert (wrong.status_code, wrong.json()["code"]) == (401, 401)
    assert (bare.status_code, bare.json()["code"]) == (401, 401)


def test_a_token_dies_after_its_life(halfway: RunningCity) -> None:
    headers = bearer(halfway)
    url = f"{halfway.cloud_control}/api/v1/rsus"
    assert requests.get(url, headers=headers, timeout=10).status_code == 200
    time.sleep(0.6)
    assert requests.get(url, headers=headers, timeout=10).status_code == 401


def test_offset_is_a_page_number(past: RunningCity, session: requests.Session, city: City) -> None:
    url = f"{past.cloud_control}/api/v1/rsus"
    whole = session.get(url, params={"limit": 500}, timeout=10).json()["data"]
    second = session.get(url, params={"offset": 2, "limit": 7}, timeout=10).json()
    assert second["data"] == whole[7:14]
    assert second["count"] == len(whole)
    assert whole == [one.record for one in cloud_control.rsus(city).shown]
    assert pages(session, url, 50) == whole


def test_a_large_limit_is_cut_without_a_word(past: RunningCity, session: requests.Session) -> None:
    start = int(past.recording_start.timestamp())
    answer = session.get(
        f"{past.cloud_control}/api/v1/rsm",
        params={"from_date": start, "to_date": start + SEEN_S, "limit": 1_000_000},
        timeout=60,
    ).json()
    assert len(answer["data"]) == 2000 < answer["count"]


def test_all_participants_of_a_window_arrive_once_and_in_order(
    past: RunningCity, session: requests.Session, city: City
) -> None:
    start = int(past.recording_start.timestamp())
    url = f"{past.cloud_control}/api/v1/rsm"
    got = pages(session, url, 777, from_date=start + 30, to_date=start + 95)
    stamps = [one["timestamp"] for one in got]
    assert stamps == sorted(stamps)
    assert min(stamps) == (start + 30) * 1000
    assert max(stamps) == (start + 94) * 1000
    shown = [one for minute in (0, 1) for one in cloud_control.rsm(city, minute).envelopes]
    wanted = [one for one in shown if (start + 30) * 1000 <= one.timestamp_ms < (start + 95) * 1000]
    assert len(got) == len(wanted)
    bodies = sum(len(message["participants"]) for one in got for message in one["rsms"])
    assert bodies == sum(len(one.record_ids) for one in wanted)


def test_nothing_is_shown_before_it_was_seen(halfway: RunningCity) -> None:
    headers = bearer(halfway)
    start = int(halfway.recording_start.timestamp())
    window = {"from_date": start + 890, "to_date": start + 1800, "limit": 2000}
    answer = requests.get(f"{halfway.cloud_control}/api/v1/rsm", params=window, headers=headers, timeout=60).json()
    assert {one["timestamp"] // 1000 - start for one in answer["data"]} == set(range(890, 901))


@pytest.mark.parametrize("params", [{"offset": "0"}, {"limit": "x"}, {"offset": "-1"}])
def test_a_bad_parameter_is_refused(past: RunningCity, session: requests.Session, params: dict[str, str]) -> None:
    answer = session.get(f"{past.cloud_control}/api/v1/rsus", params=params, timeout=10)
    assert (answer.status_code, answer.json()["code"]) == (400, 400)


def test_a_window_that_ends_before_it_begins_is_refused(past: RunningCity, session: requests.Session) -> None:
    answer = session.get(f"{past.cloud_control}/api/v1/rsm", params={"from_date": 9, "to_date": 9}, timeout=10)
    assert answer.status_code == 400


def test_a_wrong_route_is_answered_in_the_style_of_the_platform(past: RunningCity) -> None:
    answer = requests.get(f"{past.cloud_control}/api/v2/rsm", timeout=10)
    assert (answer.status_code, answer.json()) == (404, {"code": 404, "msg": "not found"})


LISTS = {
    "rsi/signs": sign_messages,
    "map": map_messages,
}
WINDOWS = {
    "spat": spat_messages,
    "bsm": bsm_messages,
    "rsus/status": lambda city: flat(heartbeats(city)),
    "vehicles/status": lambda city: flat(cloud_reports(city)),
}


@pytest.mark.parametrize("path", LISTS)
def test_what_stands_is_listed_whole(path: str, past: RunningCity, session: requests.Session, city: City) -> None:
    found = pages(session, f"{past.cloud_control}/api/v1/{path}", 60)
    assert found == [one.body for one in LISTS[path](city)]


@pytest.mark.parametrize("path", WINDOWS)
def test_what_happens_is_given_by_window(path: str, past: RunningCity, session: requests.Session, city: City) -> None:
    start = int(past.recording_start.timestamp())
    url = f"{past.cloud_control}/api/v1/{path}"
    found = pages(session, url, 5000, from_date=start + 600, to_date=start + 900)
    assert found == [one.body for one in WINDOWS[path](city) if 600 <= one.stamp_s < 900] != []
    assert session.get(url, timeout=10).status_code == 400


def test_of_an_event_only_the_version_known_last_is_given(
    past: RunningCity, halfway: RunningCity, session: requests.Session, city: City
) -> None:
    start = int(past.recording_start.timestamp())
    window = {"from_date": start, "to_date": start + 3600}
    now = pages(session, f"{past.cloud_control}/api/v1/rsi/events", 5000, **window)
    other = requests.Session()
    other.headers["Authorization"] = bearer(halfway)["Authorization"]
    then = pages(other, f"{halfway.cloud_control}/api/v1/rsi/events", 5000, **window)

    def versions(messages: list[dict[str, Any]]) -> list[tuple[str, Any, Any]]:
        return [(one["rsuEsn"], rte.get("rteId"), one["timestamp"]) for one in messages for rte in one["rtes"]]

    shown = rsi_messages(city)
    known = {event_of(one.record_ids[0]) for one in shown if one.known_s <= 900}
    assert 0 < len(then) == len(known) < len(now) == len({event_of(one.record_ids[0]) for one in shown})
    assert set(versions(then)) - set(versions(now))
