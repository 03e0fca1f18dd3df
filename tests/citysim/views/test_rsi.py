from collections import Counter
from dataclasses import replace

import pytest

from citysim.clock import minute_of_utc_year
from citysim.views.city import City
from citysim.views.rsi import (
    IMAGINED,
    LATEST_S,
    NO_MINUTE,
    SOONEST_S,
    event_of,
    rsi,
    rsi_messages,
    sign_messages,
    signs,
)


@pytest.fixture(scope="module")
def clean(city: City) -> City:
    return replace(city, fault_share=0.0)


def test_events_are_told_5_to_20_seconds_after_they_began(clean: City) -> None:
    first: dict[str, float] = {}
    for one in rsi(clean).shown:
        assert one.origin.t_s is not None
        first.setdefault(event_of(one.record_id), one.known_s - one.origin.t_s)
    assert len(first) > 50
    assert all(SOONEST_S <= late_s <= LATEST_S for late_s in first.values())


def test_an_event_that_ends_has_a_second_version_that_says_when(clean: City) -> None:
    versions: dict[str, list[int]] = {}
    for one in rsi(clean).shown:
        times = one.record["timeDetails"]
        assert times["startTime"] == minute_of_utc_year(clean.moment(float(one.origin.t_s or 0)))
        versions.setdefault(event_of(one.record_id), []).append(times["endTime"])
    assert {len(ends) for ends in versions.values()} == {1, 2}
    assert all(ends[0] == NO_MINUTE != ends[1] for ends in versions.values() if len(ends) == 2)


def test_some_events_never_were_and_most_were(clean: City) -> None:
    events = {event_of(one.record_id): one for one in rsi(clean).shown}
    false = [one for one in events.values() if one.origin.truth_id is None]
    assert 1 <= len(false) <= max(1, round(0.04 * len(events)))
    assert {one.record["eventType"] for one in false} <= {kind.code for kind in IMAGINED}
    codes = Counter(one.record["eventType"] for one in events.values() if one.origin.truth_id is not None)
    assert set(codes) == {100, 707, 901}


def test_events_and_signs_lie_in_messages_of_their_rsu(city: City) -> None:
    for found, holds, view in ((rsi_messages(city), "rtes", rsi(city)), (sign_messages(city), "rtss", signs(city))):
        assert [one for message in found for one in message.record_ids] == [one.record_id for one in view.shown]
        for message in found:
            assert len(message.body[holds]) == len(message.record_ids)
            assert {one.partition("/")[0] for one in message.record_ids} == {message.body["rsuEsn"]}


def test_every_sign_stands_since_a_whole_minute_before_the_recording(clean: City) -> None:
    shown = signs(clean).shown
    assert len(shown) > 200
    for one in shown:
        since_s = one.origin.values["valid_from"]
        assert since_s < -86_400
        assert clean.moment(since_s).second == 0
        assert one.record["timeDetails"]["startTime"] == minute_of_utc_year(clean.moment(since_s))
