import json
from dataclasses import replace
from typing import Any

import pytest

from citysim.faults import Fault
from citysim.views import cloud_control, device_style
from citysim.views.city import City
from citysim.views.map_messages import map_messages
from citysim.views.rsi import rsi_messages
from citysim.views.spat import spat_messages

REFERENCE = {"lon": "1065516000", "lat": "295630000"}


@pytest.fixture(scope="module")
def device(city: City) -> City:
    return replace(city, fault_share=0.0, variants={**city.variants, "cloud_control": "device"})


@pytest.fixture(scope="module")
def standard(city: City) -> City:
    return replace(city, fault_share=0.0)


def scalars(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [one for inner in value.values() for one in scalars(inner)]
    if isinstance(value, list):
        assert len(value) != 1
        return [one for inner in value for one in scalars(inner)]
    return [value]


@pytest.mark.parametrize(
    ("reach", "form"),
    [(2047, "position-LL1"), (2048, "position-LL2"), (8388607, "position-LL6"), (8388608, "position-LatLon")],
)
def test_an_offset_comes_in_the_narrowest_form_that_holds_it(reach: int, form: str) -> None:
    place = {"lon": str(1065516000 - reach), "lat": "295630007", "ele": "2450"}
    shown = device_style.placed(place, REFERENCE)
    ((met, pair),) = shown["offsetLL"].items()
    assert met == form
    assert shown["offsetV"] == {"elevation": "2450"}
    is_offset = form != device_style.ABSOLUTE
    assert pair == ({"lon": str(-reach), "lat": "7"} if is_offset else {"lon": place["lon"], "lat": place["lat"]})


def test_what_is_of_a_wrong_type_on_purpose_stays_so() -> None:
    record = {"speed": [722], "pos": {"lon": True, "lat": 295630000}, "heading": 7200}
    on_speed = Fault("rsm", "a", "wrong_type", "speed", [722])
    assert device_style.converted(record, on_speed)["speed"] == [722]
    on_lon = device_style.converted(record, Fault("rsm", "a", "wrong_type", "pos.lon", True))
    assert on_lon == {"speed": "722", "pos": {"lon": True, "lat": "295630000"}, "heading": "7200"}
    # No offset can be told, so both numbers stand as they are.
    absolute = {device_style.ABSOLUTE: {"lon": True, "lat": "295630000"}}
    assert device_style.placed(on_lon["pos"], REFERENCE) == {"offsetLL": absolute}


def test_devices_write_text_and_no_lists_of_one(device: City) -> None:
    bodies = [one.body for found in (spat_messages, rsi_messages, map_messages) for one in found(device)]
    bodies += [json.loads(one.text) for one in cloud_control.rsm(device, 2).envelopes]
    for body in bodies:
        said = {key: value for key, value in body.items() if key not in ("timestamp", "timeStamp", "moy")}
        assert all(isinstance(one, str) for one in scalars(said))
    # Who sees two or more writes a list, who sees one does not.
    assert {type(one["rsms"]["participants"]) for one in bodies if "rsms" in one} == {list, dict}


def test_offsets_lead_to_the_places_of_the_other_dialect(device: City, standard: City) -> None:
    by_offset, plainly = ([json.loads(one.text) for one in cloud_control.rsm(city, 2).envelopes[:40]]
                          for city in (device, standard))  # fmt: skip
    for here, there in zip(by_offset, plainly, strict=True):
        messages = here["rsms"] if isinstance(here["rsms"], list) else [here["rsms"]]
        shown = []
        for message in messages:
            parts = message["participants"]
            for one in parts if isinstance(parts, list) else [parts]:
                (offset,) = one["pos"]["offsetLL"].values()
                shown.append(tuple(int(message["refPos"][axis]) + int(offset[axis]) for axis in ("lon", "lat")))
        true = [(one["pos"]["lon"], one["pos"]["lat"]) for message in there["rsms"] for one in message["participants"]]
        assert shown == true


def test_ends_of_phases_are_marks_within_the_utc_hour(device: City, standard: City) -> None:
    for here, there in zip(spat_messages(device), spat_messages(standard), strict=True):
        found, counted = here.body["intersections"]["phases"], there.body["intersections"][0]["phases"]
        tenths = here.body["timestamp"] // 100 % 36_000
        for shown, true in zip(found if isinstance(found, list) else [found], counted, strict=True):
            mark, likely = (
                int(shown["timing"]["utcTiming"]["likelyEndTime"]),
                true["timing"]["counting"]["likelyEndTime"],
            )
            assert mark == (likely if likely > 35_999 else (tenths + likely) % 36_000)
