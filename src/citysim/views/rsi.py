"""Roadside information as the cloud-control platform holds it: events that somebody noticed, and signs that stand.

Fields, units and marks: T/CSAE 53-2020 (RSI, RTEData, RTSData). Event codes: GB/T 29100 as vendors write it, an integer
without the leading zero, with 9xx of their own.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from citysim.clock import minute_of_utc_year
from citysim.faults import Weaknesses, one_of, whole
from citysim.views import device_style
from citysim.views.city import GEOID_SEPARATION_M, City, Origin, Shown, View, once_per_city, rows_of, with_faults
from citysim.views.cloud_control import PLATFORM
from citysim.views.map_nodes import esn_at
from citysim.views.messages import Message, envelope, messages

REACH_M = 150.0
EVENT_SIGMA_M = 3.0
SIGN_SIGMA_M = 1.0
SOONEST_S, LATEST_S = 5.0, 20.0
"""How long after it happened an event is reported."""
FALSE_SHARE = 0.03
NOTICED_SHARE = 0.3
"""Share of the speeding vehicles that become an event of their own."""
CROWDED = 0.4
"""A section slower than this share of its free speed is congested."""
SIGN_AGE_DAYS = (20, 60)
NO_MINUTE = 527040


@dataclass(frozen=True, slots=True)
class _Kind:
    """How a kind of event is written. code: on the wire; gbt29100, event: as base datasets have it."""

    code: int
    gbt29100: str
    event: str
    words: str
    radius_m: float


ACCIDENT = _Kind(100, "0100", "accident", "前方发生交通事故", 50.0)
CONGESTION = _Kind(707, "0707", "congestion", "前方道路拥堵", 200.0)
SPEEDING = _Kind(901, "vendor_other", "vendor_other", "车辆超速", 20.0)
IMAGINED = (
    _Kind(401, "0401", "debris", "疑似抛洒物", 30.0),
    _Kind(405, "0405", "person_or_animal", "疑似行人闯入", 30.0),
    _Kind(903, "vendor_other", "vendor_other", "疑似异常停车", 30.0),
)

EVENT_SOURCES = {1: "police", 4: "internet", 5: "detection"}
CONTROL_KINDS = {
    "2": "warning", "34": "warning", "38": "warning", "53": "vehicle_ban", "78": "no_parking", "85": "speed_limit",
    "114": "information", "163": "warning",
}  # fmt: skip
"""Sign in GB 5768.2 -> what a base dataset calls it."""

_POSITIONS = {
    "impossible": (whole((1800000002, 2147483647), (-2147483648, -1800000001)),
                   whole((900000002, 2147483647), (-2147483648, -900000001))),
}  # fmt: skip

RSI = Weaknesses(
    stream="rsi",
    fields=("rteId", "eventType", "eventSource", "eventPos", "eventPos.lon", "eventPos.lat", "eventRadius",
            "eventConfidence", "timeDetails", "timeDetails.startTime"),
    sentinels={
        "eventPos.lon": (1800000001, 0),
        "eventPos.lat": (900000001, 0),
        "timeDetails.startTime": (NO_MINUTE,),
        "eventSource": (0,),
    },
    impossible={
        "eventPos.lon": _POSITIONS["impossible"][0],
        "eventPos.lat": _POSITIONS["impossible"][1],
        "eventRadius": whole((65536, 999999), (-9999, -1)),
        "eventConfidence": whole((201, 999), (-99, -1)),
        "timeDetails.startTime": whole((527041, 999999), (-9999, -1)),
    },
    codes={"eventType": one_of(110, 599, 888, 950), "eventSource": whole((7, 99))},
)  # fmt: skip
SIGNS = Weaknesses(
    stream="signs",
    fields=("rtsId", "signType", "signPos", "signPos.lon", "signPos.lat", "timeDetails", "timeDetails.startTime"),
    sentinels={
        "signPos.lon": (1800000001, 0),
        "signPos.lat": (900000001, 0),
        "timeDetails.startTime": (NO_MINUTE,),
        "signType": (0,),
    },
    impossible={
        "signPos.lon": _POSITIONS["impossible"][0],
        "signPos.lat": _POSITIONS["impossible"][1],
        "timeDetails.startTime": whole((527041, 999999), (-9999, -1)),
    },
    codes={"signType": whole((300, 520))},
)


@dataclass(frozen=True, slots=True)
class _Event:
    """Something that an RSU may tell of. t_s, end_s: seconds of the recording; end_s null while nobody saw it end."""

    name: str
    truth_id: str | None
    kind: _Kind
    t_s: float
    end_s: float | None
    lon: float
    lat: float


@once_per_city
def rsi(city: City) -> View:
    """Every event in each of its versions, by the time of the version: as it began, then with its end, unless it was
    over before anybody told of it.
    """
    draws, near = city.draws(PLATFORM, "rsi"), _Nearest(city)
    records: list[Shown] = []
    used: dict[str, int] = {}
    for event in sorted(_events(city), key=lambda one: (one.t_s, one.name)):
        esn = near.esn(event.lon, event.lat)
        if esn is None:
            continue
        # Numbers begin anew after 255, so only RSU, number and begin together name an event.
        serial = used[esn] = used.get(esn, city.draws(PLATFORM, "rsi").sequence("first number", esn).randrange(256)) + 1
        late_s, after_s = (
            SOONEST_S + (LATEST_S - SOONEST_S) * draws.one(what, event.name) for what in ("late", "end late")
        )
        known_s = round(event.t_s + late_s, 3)
        is_over = event.end_s is not None and event.end_s <= known_s
        records.append(_version(city, event, esn, serial % 256, known_s, event.end_s if is_over else None))
        if event.end_s is not None and not is_over:
            ends_s = round(event.end_s + after_s, 3)
            records.append(_version(city, event, esn, serial % 256, ends_s, event.end_s))
    records.sort(key=lambda one: (one.stamp_s, one.record_id))
    return with_faults(city, RSI, records)


@once_per_city
def rsi_messages(city: City) -> tuple[Message, ...]:
    """Each version of an event in a message of its own."""
    lon_lat = {esn_at(city)[junction]: (lon, lat, elevation) for junction, lon, lat, elevation in rows_of(
        city.truth.rsus, "junction", "lon", "lat", "elevation_m")}  # fmt: skip

    def body(group: Any) -> dict[str, Any]:
        return _rsi(city, group, lon_lat, "rtes")

    return messages(rsi(city), lambda one: one.record_id, body)


def event_of(record_id: str) -> str:
    """The event of which the record is a version."""
    return record_id.partition("@")[0]


@once_per_city
def signs(city: City) -> View:
    """Every sign that stands within reach of an RSU, by RSU and number."""
    draws, near, plane = city.draws(PLATFORM, "signs"), _Nearest(city), city.plane()
    records: list[Shown] = []
    used: dict[str, int] = {}
    for asset, kind, sign, lon, lat in rows_of(city.truth.assets, "asset", "kind", "sign_kind", "lon", "lat"):
        esn = near.esn(lon, lat) if kind == "sign" and sign is not None else None
        if esn is None:
            continue
        number = used[esn] = used.get(esn, 0) + 1
        east, north = (SIGN_SIGMA_M * draws.one_normal(axis, asset) for axis in ("east", "north"))
        x, y = plane.shifted(np.array([lon]), np.array([lat]), np.array([east]), np.array([north]))
        low, high = SIGN_AGE_DAYS
        since_s = -86_400.0 * (low + (high - low) * draws.one("age", asset))
        since_s = 60.0 * math.floor(since_s / 60.0) - _seconds_into_minute(city)
        record = {
            "rtsId": number,
            "signType": int(sign),
            "signPos": {"lon": round(float(x[0]) * 1e7), "lat": round(float(y[0]) * 1e7)},
            "timeDetails": {"startTime": minute_of_utc_year(city.moment(since_s)), "endTime": NO_MINUTE},
        }
        values = {
            "source_id": f"{esn}/{number}",
            # Signs are sent again all the time; the message is stamped with the first second.
            "observed_at": 0.0,
            "updated_at": 0.0,
            "control_kind": CONTROL_KINDS[sign],
            "sign_kind": sign,
            "valid_from": since_s,
            "valid_to": None,
        }
        origin = Origin(asset, lon, lat, noise_m=(east, north), values=values)
        records.append(Shown(f"{esn}/{number}", -math.inf, 0.0, record, origin))
    return with_faults(city, SIGNS, sorted(records, key=lambda one: one.record_id))


@once_per_city
def sign_messages(city: City) -> tuple[Message, ...]:
    """The signs of one RSU in one message, as it repeats it for as long as they stand."""
    lon_lat = {esn_at(city)[junction]: (lon, lat, elevation) for junction, lon, lat, elevation in rows_of(
        city.truth.rsus, "junction", "lon", "lat", "elevation_m")}  # fmt: skip

    def body(group: Any) -> dict[str, Any]:
        return _rsi(city, group, lon_lat, "rtss")

    return messages(signs(city), lambda one: one.record_id.partition("/")[0], body)


def _rsi(city: City, group: Any, posts: dict[str, tuple[float, float, float]], holds: str) -> dict[str, Any]:
    esn, t_s = group[0].record_id.partition("/")[0], group[0].stamp_s
    lon, lat, elevation = posts[esn]
    place = {"lon": round(lon * 1e7), "lat": round(lat * 1e7), "ele": round(10 * (elevation + GEOID_SEPARATION_M))}
    sent = envelope(city, esn, t_s)
    device = esn[1:].encode("ascii").hex()
    if device_style.is_spoken(city):
        reference, pos = device_style.plain(place), "eventPos" if holds == "rtes" else "signPos"
        records = [_placed(device_style.written(one), pos, reference) for one in group]
        said = {"msgCnt": str(round(t_s) % 128), "id": device, "refPos": reference}
        return {**sent, **said, holds: device_style.one_or_many(records)}
    return {**sent, "msgCnt": round(t_s) % 128, "id": device, "refPos": place, holds: [one.record for one in group]}


def _placed(record: dict[str, Any], pos: str, reference: dict[str, Any]) -> dict[str, Any]:
    return {**record, pos: device_style.placed(record[pos], reference)} if pos in record else record


def _version(city: City, event: _Event, esn: str, number: int, sent_s: float, end_s: float | None) -> Shown:
    draws, plane = city.draws(PLATFORM, "rsi"), city.plane()
    random = draws.sequence("event", event.name)
    east, north = (EVENT_SIGMA_M * draws.one_normal(axis, event.name) for axis in ("east", "north"))
    lon, lat = plane.shifted(np.array([event.lon]), np.array([event.lat]), np.array([east]), np.array([north]))
    source, confidence = random.choice(sorted(EVENT_SOURCES)), 0.5 + 0.5 * random.random()
    radius_m = event.kind.radius_m * (0.8 + 0.4 * random.random())
    begin = minute_of_utc_year(city.moment(event.t_s))
    record = {
        "rteId": number,
        "eventType": event.kind.code,
        "eventSource": source,
        "eventPos": {"lon": round(float(lon[0]) * 1e7), "lat": round(float(lat[0]) * 1e7)},
        "eventRadius": round(radius_m * 10),
        "description": event.kind.words,
        "timeDetails": {
            "startTime": begin,
            "endTime": NO_MINUTE if end_s is None else minute_of_utc_year(city.moment(end_s)),
        },
        "priority": random.randrange(8),
        "eventConfidence": round(confidence * 200),
    }
    values = {
        "source_id": f"{esn}/{number}/{begin}",
        "event_kind": event.kind.event,
        "gbt29100_code": event.kind.gbt29100,
        "event_source": EVENT_SOURCES[source],
        "observed_at": event.t_s,
        "started_at": event.t_s,
        "ended_at": end_s,
        "updated_at": sent_s,
        "radius_m": radius_m,
        "confidence": confidence,
    }
    origin = Origin(event.truth_id, event.lon, event.lat, event.t_s, (east, north), values)
    return Shown(f"{esn}/{number}/{begin}@{sent_s:.3f}", sent_s, sent_s, record, origin)


def _events(city: City) -> Iterator[_Event]:
    """What happened, and what a sensor only believed."""
    duration_s, draws = city.truth.duration_s, city.draws(PLATFORM, "rsi")
    found = [*_accidents(city), *_congestion(city), *_speeding(city)]
    yield from (one for one in found if one.t_s + LATEST_S < duration_s)
    rsus = list(rows_of(city.truth.rsus, "lon", "lat"))
    for number in range(max(1, round(FALSE_SHARE * len(found)))):
        random = draws.sequence("imagined", number)
        lon, lat = random.choice(rsus)
        t_s = random.uniform(0.0, duration_s - 120.0)
        yield _Event(f"imagined/{number}", None, random.choice(IMAGINED), t_s, t_s + 60.0, lon, lat)


def _accidents(city: City) -> Iterator[_Event]:
    for name, t_s, cleared_s, lon, lat in rows_of(city.truth.accidents, "accident", "t_s", "cleared_s", "lon", "lat"):
        yield _Event(name, name, ACCIDENT, t_s, cleared_s, lon, lat)


def _congestion(city: City) -> Iterator[_Event]:
    """From the end of a section's first slow period to the end of its last in a row."""
    sections = {
        section: (free_mps, lon[len(lon) // 2], lat[len(lat) // 2])
        for section, free_mps, lon, lat in rows_of(city.truth.sections, "section", "free_speed_mps", "lon", "lat")
    }
    flows: dict[str, list[tuple[int, float | None]]] = {}
    for section, end_s, speed_mps in rows_of(city.truth.section_flow, "section", "interval_end_s", "speed_mps"):
        flows.setdefault(section, []).append((end_s, speed_mps))
    for section, periods in sorted(flows.items()):
        free_mps, lon, lat = sections[section]
        began: int | None = None
        for end_s, speed_mps in sorted(periods):
            is_crowded = speed_mps is not None and speed_mps < CROWDED * free_mps
            if is_crowded and began is None:
                began = end_s
            elif not is_crowded and began is not None:
                yield _Event(f"{section}@{began}", section, CONGESTION, float(began), float(end_s), lon, lat)
                began = None
        if began is not None:
            yield _Event(f"{section}@{began}", section, CONGESTION, float(began), None, lon, lat)


def _speeding(city: City) -> Iterator[_Event]:
    draws = city.draws(PLATFORM, "rsi")
    for name, kind, t_s, lon, lat in rows_of(city.truth.violations, "violation", "kind", "t_s", "lon", "lat"):
        if kind == "speeding" and draws.one("noticed", name) < NOTICED_SHARE:
            yield _Event(name, name, SPEEDING, t_s, t_s, lon, lat)


class _Nearest:
    """Which RSU is nearest to a place."""

    def __init__(self, city: City) -> None:
        self._plane, esns = city.plane(), esn_at(city)
        rows = list(rows_of(city.truth.rsus, "junction", "lon", "lat"))
        self._esns = [esns[junction] for junction, _, _ in rows]
        self._x, self._y = self._plane.to_metres(
            np.array([lon for _, lon, _ in rows]), np.array([lat for *_, lat in rows])
        )

    def esn(self, lon: float, lat: float) -> str | None:
        """Its serial number; null if none is within reach."""
        x, y = self._plane.to_metres(np.array([lon]), np.array([lat]))
        distance = np.hypot(self._x - x, self._y - y)
        place = int(distance.argmin())
        return self._esns[place] if distance[place] <= REACH_M else None


def _seconds_into_minute(city: City) -> float:
    """How far into its minute the recording begins."""
    return city.recording_start.timestamp() % 60.0
