"""GA/T 1049 messages, asked of the handlers that the service is made of."""

from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import etree

from citysim.clock import CityClock, beijing_text
from citysim.laps import Laps
from citysim.services.answer import Answer, Asked
from citysim.services.credentials import credentials
from citysim.services.gat1049 import OBJECTS, PATH, messages
from citysim.views.city import City

TOKEN = credentials({}).police_licence


@pytest.fixture(scope="module")
def clean(city: City) -> City:
    return replace(city, fault_share=0.0)


def asked(city: City, name: str, token: str = TOKEN, **params: str) -> Answer:
    """The answer after the recording has ended."""
    start = city.recording_start
    handlers = messages(Laps(city, CityClock(start, start + timedelta(hours=1))), credentials({}))
    return handlers["GET", f"{PATH}/{name}"](Asked("", params, {"token": token}, b"", "", {}))


def window(city: City, begin_s: float, end_s: float) -> dict[str, str]:
    return {
        "StartTime": beijing_text(city.moment(begin_s)),
        "EndTime": beijing_text(city.moment(end_s)),
    }


@pytest.mark.parametrize("name", OBJECTS)
def test_every_object_comes_in_the_envelope_of_the_standard(name: str, clean: City) -> None:
    answer = asked(clean, name, **window(clean, 0, 3600))
    message = etree.fromstring(answer.body)
    assert (message.tag, message.findtext("Version"), message.findtext("Type")) == ("Message", "2.0", "RESPONSE")
    assert (message.findtext("From/Address/Sys"), message.findtext("To/Address/Sys")) == ("UTCS", "TICP")
    assert len(message.findtext("Seq") or "") == 20
    found = message.findall(f"Body/Operation[@name='Get']/{name}")
    assert len(found) == len(answer.record_ids) > 30
    assert len(set(answer.record_ids)) == len(found)


def test_what_was_measured_is_asked_by_a_half_open_window(clean: City) -> None:
    whole, first, second = (
        asked(clean, "CrossTrafficData", **window(clean, *bounds)).record_ids
        for bounds in ((0, 1801), (0, 900), (900, 1801))
    )
    assert [*first, *second] == list(whole)
    assert first
    assert second


def test_the_lights_come_as_a_list_of_groups_by_the_controllers_clock(clean: City) -> None:
    message = etree.fromstring(asked(clean, "CrossSignalGroupStatus", **window(clean, 0, 60)).body)
    groups = message.findall("Body/Operation/CrossSignalGroupStatus/SignalGroupStatusList/SignalGroupStatus")
    assert {group.findtext("LampStatus") for group in groups} == {"211", "121", "112"}
    stamps = [one.text or "" for one in message.iter("LampStatusTime")]
    assert all(len(stamp) == len("2026-03-18 08:15:27.300") for stamp in stamps)


@pytest.mark.parametrize(
    ("token", "params", "status", "kind"),
    [("guess", {"StartTime": "", "EndTime": ""}, 401, "SDE_Token"), (TOKEN, {"StartTime": "08:00"}, 400, "SDE_Time")],
)
def test_a_wrong_token_and_a_bad_time_are_errors(
    token: str, params: dict[str, str], status: int, kind: str, clean: City
) -> None:
    answer = asked(clean, "CrossState", token, **params)
    assert (answer.status, answer.record_ids) == (status, ())
    assert etree.fromstring(answer.body).findtext("Body/Operation/SDO_Error/ErrType") == kind
