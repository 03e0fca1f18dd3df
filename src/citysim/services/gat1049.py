"""The signal system's objects as GA/T 1049 messages: XML in UTF-8, one message for a question.

The standard sends them over TCP to a command platform that has logged in; here they are fetched over HTTP, as from the
exchange server that such platforms keep, with the token that a login would have given.
"""

import hmac
from collections.abc import Callable, Mapping
from typing import Any
from xml.sax.saxutils import escape

from citysim.clock import BEIJING, CityClock, from_beijing_text
from citysim.laps import Laps
from citysim.services.answer import Answer, Asked, Handler
from citysim.services.credentials import Credentials
from citysim.views import police_signals as view
from citysim.views.city import City, Shown, View

PATH = "/gat1049/v2"
MEDIA_TYPE = "application/xml; charset=utf-8"
OBJECTS: Mapping[str, tuple[Callable[[City], View], bool]] = {
    "CrossParam": (view.crossings, False),
    "SignalController": (view.controllers, False),
    "LaneParam": (view.cross_lanes, False),
    "CrossState": (view.cross_states, True),
    "CrossSignalGroupStatus": (view.lights, True),
    "CrossTrafficData": (view.cross_traffic, True),
}
"""Per object, its view, and whether it is asked for by a window."""


def messages(laps: Laps, credentials: Credentials) -> dict[tuple[str, str], Handler]:
    """Per method and path: each object under its own name, windows by `?StartTime=...&EndTime=...` (Beijing time)."""
    return {("GET", f"{PATH}/{name}"): _objects(name, laps, credentials) for name in OBJECTS}


def _objects(name: str, laps: Laps, credentials: Credentials) -> Handler:
    (shown, is_windowed), clock = OBJECTS[name], laps.clock

    def answered(asked: Asked) -> Answer:
        sent = asked.headers.get("token", "")
        if not hmac.compare_digest(sent.encode(), credentials.police_licence.encode()):
            return _error(clock, "SDE_Token", "令牌无效", 401)
        if not is_windowed:
            now_s = laps.now_s(laps.city)
            return _answer(clock, name, [one for one in shown(laps.city).shown if one.known_s <= now_s], {})
        window = {word: asked.params.get(word, "") for word in ("StartTime", "EndTime")}
        try:
            begin, end = (from_beijing_text(text) for text in window.values())
        except ValueError:
            return _error(clock, "SDE_Time", "时间格式错误", 400)
        rows: list[Shown] = []
        for lap in laps.begun():
            now_s = laps.now_s(lap)
            begin_s, end_s = ((moment - lap.recording_start).total_seconds() for moment in (begin, end))
            rows += [one for one in shown(lap).shown if begin_s <= one.stamp_s < end_s and one.known_s <= now_s]
        return _answer(clock, name, rows, window)

    return answered


def element(name: str, value: Any) -> str:
    """`value` as an XML element: an object by its members, a list as the element again and again, the rest as text."""
    if isinstance(value, Mapping):
        return f"<{name}>{''.join(element(key, one) for key, one in value.items())}</{name}>"
    if isinstance(value, list):
        return "".join(element(name, one) for one in value)
    return f"<{name}>{escape(str(value))}</{name}>"


def _answer(clock: CityClock, name: str, rows: list[Shown], query: Mapping[str, str]) -> Answer:
    objects = "".join(element(name, one.record) for one in rows)
    return Answer(
        _message(clock, "RESPONSE", f'<Operation order="1" name="Get">{objects}</Operation>'),
        MEDIA_TYPE,
        record_ids=[one.record_id for one in rows],
        fault_ids=[one.record_id for one in rows if one.fault is not None],
        query=query,
    )


def _error(clock: CityClock, kind: str, said: str, status: int) -> Answer:
    error = element("SDO_Error", {"ErrObj": "", "ErrType": kind, "ErrDesc": said})
    return Answer(
        _message(clock, "ERROR", f'<Operation order="1" name="Other">{error}</Operation>'), MEDIA_TYPE, status
    )


def _message(clock: CityClock, kind: str, body: str) -> bytes:
    address = element("Address", {"Sys": "UTCS", "SubSys": "", "Instance": ""})
    seq = f"{clock.now().astimezone(BEIJING):%Y%m%d%H%M%S}000001"
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Message>'
        f"<Version>2.0</Version><Token/><From>{address}</From>"
        f"<To>{address.replace('UTCS', 'TICP')}</To><Type>{kind}</Type><Seq>{seq}</Seq><Body>{body}</Body></Message>"
    ).encode()
