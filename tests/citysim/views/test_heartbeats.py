from dataclasses import replace

from citysim.views.city import City
from citysim.views.cloud_control import serials
from citysim.views.heartbeats import EVERY_S, heartbeats


def test_a_device_is_offline_exactly_when_nothing_was_heard_for_15_seconds(city: City) -> None:
    shown = heartbeats(replace(city, fault_share=0.0)).shown
    assert len(shown) == len(serials(city)) * city.truth.duration_s // EVERY_S
    silent = {one.record_id: one.record["timestamp"] - one.record["lastHeartbeat"] for one in shown}
    assert all(ms >= 0 for ms in silent.values())
    for one in shown:
        assert (one.record["rsuStatus"] == "offline") == (silent[one.record_id] > 15_000)
    states = {one.record["rsuStatus"] for one in shown}
    assert states == {"online", "offline"}


def test_a_clock_that_shows_local_time_is_eight_hours_ahead(city: City) -> None:
    shown = heartbeats(replace(city, fault_share=0.0)).shown
    ahead_h = {round((one.record["deviceTime"] - one.record["lastHeartbeat"]) / 3_600_000) for one in shown}
    assert ahead_h == {0, 8}
