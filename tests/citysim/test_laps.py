"""A city whose recording begins again when it is over."""

import gc
import weakref
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
import requests

from citysim.clock import BEIJING, CityClock
from citysim.laps import KEPT, Laps
from citysim.services import RunningCity, running
from citysim.truth import Truth
from citysim.views import police_records, road_status
from citysim.views import traffic_safety as police
from citysim.views.city import City

from .services.asking import bearer, call_transport, signed, window

START = datetime(2026, 3, 18, 8, 0, tzinfo=BEIJING)


def laps_at(truth: Truth, since_start_s: float, *, repeats: bool = True) -> Laps:
    """The laps of a city whose clock stands `since_start_s` behind its first second."""
    clock = CityClock(START, START + timedelta(seconds=since_start_s), speed=1e-9)
    return Laps(City(truth, truth.seed, START), clock, repeats=repeats)


def test_a_lap_begins_where_the_one_before_ended(truth: Truth) -> None:
    begun = laps_at(truth, truth.duration_s + 1).begun()
    assert [lap.recording_start for lap in begun] == [START, START + timedelta(seconds=truth.duration_s)]


def test_a_city_that_does_not_repeat_has_one_half_hour(truth: Truth) -> None:
    laps = laps_at(truth, 10 * truth.duration_s, repeats=False)
    assert laps.begun() == (laps.city,)


def test_the_last_laps_are_remembered_and_stay_the_same_cities(truth: Truth) -> None:
    laps = laps_at(truth, (10 + 0.5) * truth.duration_s)
    assert [lap.lap for lap in laps.begun()] == list(range(11 - KEPT, 11))
    assert [id(lap) for lap in laps.begun()] == [id(lap) for lap in laps.begun()]


def test_what_stands_is_asked_of_the_first_lap_though_it_is_forgotten(truth: Truth) -> None:
    assert laps_at(truth, 100 * truth.duration_s).city.lap == 0


def test_events_of_different_laps_have_different_numbers(truth: Truth) -> None:
    first, second = laps_at(truth, 1.5 * truth.duration_s).begun()
    for view in (police.accidents, police_records.violations):
        numbers = [{one.record_id.partition("@")[0] for one in view(lap).shown} for lap in (first, second)]
        assert len(numbers[0]) == len(numbers[1])
        assert not numbers[0] & numbers[1]


def test_what_was_shown_of_a_forgotten_lap_takes_no_memory(truth: Truth) -> None:
    lap = City(truth, truth.seed, START, lap=3)
    road_status.road_status(lap)
    gone = weakref.ref(lap)
    del lap
    gc.collect()
    assert gone() is None


@pytest.fixture(scope="module")
def second_lap(truth: Truth) -> Iterator[RunningCity]:
    """A city that is ten minutes into its second lap."""
    clock_start = START + timedelta(seconds=truth.duration_s + 600)
    with running(recording_start=START, clock_start=clock_start, repeats=True, row_cap=1000) as city:
        yield city


def test_flow_is_published_every_five_minutes_across_the_laps(second_lap: RunningCity) -> None:
    answer = call_transport(second_lap, signed({**window(second_lap, 1200, 7200), "size": 100})).json()["data"]
    pages = -(-answer["total"] // 100)
    rows = [
        row
        for page in range(1, pages + 1)
        for row in call_transport(
            second_lap, signed({**window(second_lap, 1200, 7200), "size": 100, "page": page})
        ).json()["data"]["rows"]
    ]
    ends = {row["statTime"] for row in rows if row["statTime"][:4] == "2026" and row["statTime"] < "2026-03-19"}
    assert ends == {f"2026-03-18 08:{minute}:00" for minute in (20, 25, 30, 35)}


def test_a_window_over_two_laps_is_paged_without_a_gap_or_a_double(second_lap: RunningCity, truth: Truth) -> None:
    middle, headers = int(START.timestamp()) + truth.duration_s, bearer(second_lap)
    asked = {"from_date": str(middle - 5), "to_date": str(middle + 5), "limit": "20"}
    stamps: list[int] = []
    total, page = 1, 1
    while len(stamps) < total:
        url = f"{second_lap.cloud_control}/api/v1/rsm"
        answer = requests.get(url, params={**asked, "offset": str(page)}, headers=headers, timeout=20).json()
        stamps, total, page = stamps + [one["timestamp"] for one in answer["data"]], answer["count"], page + 1
    assert len(stamps) == total
    assert stamps == sorted(stamps)
    assert {stamp // 1000 - middle for stamp in stamps} == set(range(-5, 5))


def test_repeating_is_no_subject_for_a_score(capsys: pytest.CaptureFixture[str]) -> None:
    from citysim.__main__ import main

    assert main(["serve", "--repeat", "--log-dir", "anywhere"]) == 2
    assert "leave out --log-dir" in capsys.readouterr().err
