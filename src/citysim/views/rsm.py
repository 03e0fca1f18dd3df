"""RSM participants as the cloud-control platform forwards them, minute by minute.

Fields, units and sentinels: T/CSAE 53-2020 (RSM, ParticipantData); the envelope around them is the platform's own.
"""

import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from citysim.clock import minute_of_utc_year
from citysim.draws import Draws
from citysim.faults import KINDS, Fault, Weaknesses, damage, one_of, whole
from citysim.views import device_style
from citysim.views.city import GEOID_SEPARATION_M, City, Origin, once_per_city
from citysim.views.sensing import LARGEST_LAG_MS, REACH_M, Floats, Ints, Post, coverage, is_in_sight, motion, posts

MISS_SHARE = 0.05
SIGMA_M = 0.7
HEIGHT_SIGMA_M = 0.5
SPEED_SIGMA_MPS = 0.3
HEADING_SIGMA_DEG = 1.0
SIZE_UNKNOWN_SHARE = 0.02
MOTION_UNKNOWN_SHARE = 0.01
"""Share of participants without a heading, and as many without a speed: ordinary gaps, not planted ones."""
ANTENNA_M = 6.0
SIZE_STEPS_M = (0.01, 0.01, 0.05)
"""Width and length travel in centimetres, height in steps of 5 cm."""
LARGEST_MESSAGE = 16
"""Participants in one RSM."""
MINUTES_KEPT = 8
"""Clients walk forward through time, so the last few minutes are enough; all thirty would fill half a gigabyte."""

TYPES = {"passenger": "motor", "truck": "motor", "bus": "motor", "bicycle": "non_motor", "pedestrian": "pedestrian"}
DEVICE_TYPES = {"motor": "1", "non_motor": "2", "pedestrian": "3"}
CLASSES = {"passenger": 10, "truck": 25, "bus": 50}
SOURCES = {3: "video", 6: "lidar", 7: "integrated"}
CLASS_NAMES = {10: "passenger_car", 25: "truck", 50: "transit"}
ACCURACIES_M = {8: 2.0, 9: 1.0}
"""Code on the wire -> what a base dataset should say (T/CSAE 53-2020)."""

UNUSED_CLASSES = whole((13, 19), (33, 39), (72, 79), (200, 255))

RSM = Weaknesses(
    stream="rsm",
    fields=(
        "ptcType",
        "ptcId",
        "source",
        "secMark",
        "pos",
        "pos.lon",
        "pos.lat",
        "pos.ele",
        "posConfidence",
        "speed",
        "heading",
        "size",
        "size.width",
        "size.length",
        "size.height",
        "vehicleClass",
    ),
    sentinels={
        "pos.lon": (1800000001, 0),
        "pos.lat": (900000001, 0),
        "pos.ele": (-4096,),
        "speed": (8191,),
        "heading": (28800,),
        "posConfidence.pos": (0,),
        "vehicleClass": (0,),
    },
    impossible={
        "pos.lon": whole((1800000002, 2147483647), (-2147483648, -1800000001)),
        "pos.lat": whole((900000002, 2147483647), (-2147483648, -900000001)),
        # Higher than the highest mountain: the elevations of a device are text, which no schema bounds.
        "pos.ele": whole((90001, 999999), (-99999, -4097)),
        "speed": whole((6000, 8190), (8192, 65535), (-8191, -1)),
        "heading": whole((28801, 65535), (-28800, -1)),
        "size.width": whole((1024, 65535), (-1023, -1)),
        "size.length": whole((4096, 65535), (-4095, -1)),
        "size.height": whole((128, 65535), (-127, -1)),
    },
    codes={
        "ptcType": one_of("motorcar", "vehicle", "animal", "5", "机动车"),
        "source": whole((8, 127)),
        "posConfidence.pos": whole((16, 99)),
        "vehicleClass": UNUSED_CLASSES,
    },
)


@dataclass(frozen=True, slots=True)
class Envelope:
    """What one RSU saw at one instant, as JSON text."""

    timestamp_ms: int
    text: str
    record_ids: tuple[str, ...]
    """One per participant on the wire; a planted duplicate is there twice."""
    fault_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RsmMinute:
    """All envelopes of one minute, ordered by time and RSU, and where their participants come from."""

    envelopes: tuple[Envelope, ...]
    faults: tuple[Fault, ...]
    record_ids: tuple[str, ...]
    """One per participant, without duplicates; the arrays below are in this order."""
    frame_s: Floats
    instant_s: Floats
    participant: Ints
    lon: Floats
    lat: Floats
    noise_east_m: Floats
    noise_north_m: Floats
    values: Mapping[str, npt.NDArray[Any]]
    """As in `Origin.values`, an array for each field; NaN where the platform says nothing."""

    def origins(self, from_s: float, to_s: float) -> dict[str, Origin]:
        """Per record id, the participant's true place at its own instant, for envelopes in [from_s, to_s)."""
        columns = zip(
            self.record_ids,
            self.frame_s.tolist(),
            self.participant.tolist(),
            self.lon.tolist(),
            self.lat.tolist(),
            self.instant_s.tolist(),
            self.noise_east_m.tolist(),
            self.noise_north_m.tolist(),
            strict=True,
        )
        return {
            record_id: Origin(str(participant), lon, lat, instant, (east, north))
            for record_id, frame, participant, lon, lat, instant, east, north in columns
            if from_s <= frame < to_s
        }


@dataclass(frozen=True, slots=True)
class _Measured:
    """What the sensors make of those seen, before it is rounded for the wire; arrays in the order of `_Seen`."""

    height_m: Floats
    """Above the ellipsoid."""
    speed_mps: Floats
    """NaN where unknown, as in all that follow."""
    heading_deg: Floats
    source: Ints
    confidence: Ints
    size_m: Floats
    """(n, 3): width, length, height."""


@dataclass(frozen=True, slots=True)
class _Seen:
    """Participants seen in a block of time: arrays of one length, ordered by frame, RSU and participant."""

    frame_ms: Ints
    """From the recording's first second."""
    lag_ms: Ints
    post: Ints
    temporary_id: Ints
    participant: Ints
    x_m: Floats
    y_m: Floats
    speed_mps: Floats
    heading_deg: Floats

    def only(self, keep: npt.NDArray[Any]) -> "_Seen":
        return _Seen(*(getattr(self, name)[keep] for name in self.__slots__))


def rsm(city: City, serials: dict[str, str], minute: int) -> RsmMinute:
    """What all sensing RSUs saw in minute `minute` of the recording (0 is seconds 0 to 59).

    serials: the working serial number of each RSU. The last minutes asked for are kept.
    """
    return _minutes(city).get(city, serials, minute)


def timestamps(city: City, minute: int) -> list[int]:
    """Epoch milliseconds of the envelopes of one minute, in order, without the work of writing them."""
    seen = _seen(city, city.draws("cloud_control", "rsm"), minute * 60, minute * 60 + 60)
    begins = [begin for begin, _ in _bounds(seen)]
    start_ms = round(city.recording_start.timestamp() * 1000)
    return (seen.frame_ms[begins] + start_ms).tolist() if begins else []


class _Minutes:
    """The minutes computed last. One at a time is computed, so that two requests do not do the same work."""

    def __init__(self, room: int) -> None:
        self._room, self._lock = room, Lock()
        self._kept: dict[int, RsmMinute] = {}

    def get(self, city: City, serials: dict[str, str], minute: int) -> RsmMinute:
        with self._lock:
            answer = self._kept.pop(minute, None)
            if answer is None:
                answer = _computed(city, serials, minute)
                while len(self._kept) >= self._room:
                    del self._kept[next(iter(self._kept))]
            self._kept[minute] = answer
            return answer


@once_per_city
def _minutes(city: City) -> _Minutes:
    # A minute at 10 Hz is ten times as large, and all RSUs give three times as much again.
    return _Minutes(max(2, MINUTES_KEPT // city.hz))


def _computed(city: City, serials: dict[str, str], minute: int) -> RsmMinute:
    draws = city.draws("cloud_control", "rsm")
    stations = posts(city)
    seen = _seen(city, draws, minute * 60, minute * 60 + 60)
    post_keys = np.array([post.key for post in stations], dtype=np.uint64)
    keys = (post_keys[seen.post], seen.participant, seen.frame_ms)
    east, north = SIGMA_M * draws.normal("east", *keys), SIGMA_M * draws.normal("north", *keys)
    plane = city.plane()
    true_lon, true_lat = plane.to_degrees(seen.x_m, seen.y_m)
    lon, lat = plane.to_degrees(seen.x_m + east, seen.y_m + north)

    start_ms = round(city.recording_start.timestamp() * 1000)
    instant_ms = start_ms + seen.frame_ms - seen.lag_ms
    esns = [serials[post.rsu] for post in stations]
    record_ids = [
        f"{esns[post]}/{temporary}/{instant}"
        for post, temporary, instant in zip(
            seen.post.tolist(), seen.temporary_id.tolist(), instant_ms.tolist(), strict=True
        )
    ]
    measured = _measured(city, draws, seen, keys)
    texts = _texts(city, seen, measured, lon, lat, instant_ms)
    bad = np.flatnonzero(draws.uniform("bad", *keys) < city.fault_share)
    kinds = (draws.bits("kind of fault", *keys)[bad] % np.uint64(len(KINDS))).tolist()
    faults: dict[int, Fault] = {}
    for place, kind in zip(bad.tolist(), kinds, strict=True):
        record, fault = damage(city.seed, RSM, record_ids[place], KINDS[kind], json.loads(texts[place]))
        texts[place], faults[place] = _json(record), fault
    if device_style.is_spoken(city):
        broken = {place: (texts[place], fault) for place, fault in faults.items()}
        texts = _device_texts(city, seen, measured, lon, lat, instant_ms)
        for place, (text, fault) in broken.items():
            texts[place] = _device_text(json.loads(text), fault, _reference(stations[int(seen.post[place])]))
    return RsmMinute(
        envelopes=tuple(_envelopes(city, seen, esns, texts, record_ids, faults)),
        faults=tuple(faults.values()),
        record_ids=tuple(record_ids),
        frame_s=seen.frame_ms / 1000.0,
        instant_s=(seen.frame_ms - seen.lag_ms) / 1000.0,
        participant=seen.participant,
        lon=true_lon,
        lat=true_lat,
        noise_east_m=east,
        noise_north_m=north,
        values=_values(city, seen, measured, esns),
    )


def _seen(city: City, draws: Draws, from_s: int, to_s: int) -> _Seen:
    """Everyone the RSUs report in [from_s, to_s)."""
    moving, stays, stations = motion(city), coverage(city), posts(city)
    first, last = np.searchsorted(stays.t_s, [from_s, to_s])
    frames_ms = np.arange(city.hz) * (1000 // city.hz)
    count = len(frames_ms)
    rows, post = np.repeat(stays.row[first:last], count), np.repeat(stays.post[first:last], count)
    frame_ms = (stays.t_s[first:last, None] * 1000 + frames_ms[None, :]).ravel()
    participant = moving.participant[rows]
    post_keys = np.array([one.key for one in stations], dtype=np.uint64)
    keys = (post_keys[post], participant, frame_ms)
    lag_ms = (draws.uniform("lag", *keys) * (LARGEST_LAG_MS + 1)).astype(np.int64)
    # No sensor knows a participant before the recording's first second.
    lag_ms = np.minimum(lag_ms, frame_ms)
    offset_s = (frame_ms - lag_ms - moving.t_s[rows] * 1000) / 1000.0
    x, y, speed, heading = moving.at(rows, offset_s)
    temporary = np.repeat(stays.temporary_id[first:last], count)
    seen = _Seen(frame_ms, lag_ms, post, temporary, participant, x, y, speed, heading)
    xs, ys = np.array([one.x_m for one in stations]), np.array([one.y_m for one in stations])
    is_near = np.hypot(x - xs[post], y - ys[post]) <= REACH_M if len(rows) else np.zeros(0, bool)
    seen = seen.only(is_near & (draws.uniform("missed", *keys) >= MISS_SHARE))
    in_sight = np.zeros(len(seen.post), dtype=bool)
    for index, station in enumerate(stations):
        places = np.flatnonzero(seen.post == index)
        in_sight[places] = is_in_sight(station, seen.x_m[places], seen.y_m[places])
    seen = seen.only(in_sight)
    return seen.only(np.lexsort((seen.participant, seen.post, seen.frame_ms)))


def _measured(city: City, draws: Draws, seen: _Seen, keys: tuple[Any, ...]) -> _Measured:
    """The truth about those seen, with the noise of the sensors."""
    ground = np.array([post.elevation_m for post in posts(city)]) - ANTENNA_M + GEOID_SEPARATION_M
    height = ground[seen.post] + HEIGHT_SIGMA_M * draws.normal("height", *keys) if len(seen.post) else np.zeros(0)
    speed = np.clip(seen.speed_mps + SPEED_SIGMA_MPS * draws.normal("speed", *keys), 0.0, 163.0)
    heading = (seen.heading_deg + HEADING_SIGMA_DEG * draws.normal("heading", *keys)) % 360.0
    pick = draws.uniform("source", *keys)
    sizes = _bodies(city)[2][seen.participant] * (1.0 + 0.02 * draws.normal("size", keys[0], keys[1]))[:, None]
    return _Measured(
        height_m=height,
        speed_mps=np.where(draws.uniform("no speed", *keys) < MOTION_UNKNOWN_SHARE, np.nan, speed),
        heading_deg=np.where(draws.uniform("no heading", *keys) < MOTION_UNKNOWN_SHARE, np.nan, heading),
        source=np.where(pick < 0.25, 3, np.where(pick < 0.45, 6, 7)),
        # 95 % of the errors in the plane are below 2.45 sigma = 1.7 m, so code 8 (2 m) is the honest one.
        confidence=np.where(draws.uniform("confidence", *keys) < 0.8, 8, 9),
        size_m=np.where((draws.uniform("no size", *keys) < SIZE_UNKNOWN_SHARE)[:, None], np.nan, sizes),
    )


def _texts(city: City, seen: _Seen, measured: _Measured, lon: Floats, lat: Floats, instant_ms: Ints) -> list[str]:
    """Each participant as JSON text, still without faults."""
    types, classes, _ = _bodies(city)
    speed_units = np.nan_to_num(np.rint(measured.speed_mps / 0.02), nan=8191)
    heading_units = np.nan_to_num(np.rint(measured.heading_deg / 0.0125) % 28800, nan=28800)
    size = np.nan_to_num(np.clip(np.rint(measured.size_m / SIZE_STEPS_M), 1, [1023, 4095, 127]), nan=0)
    columns = zip(
        types[seen.participant].tolist(),
        seen.temporary_id.tolist(),
        measured.source.tolist(),
        (instant_ms % 60000).tolist(),
        np.rint(lon * 1e7).astype(np.int64).tolist(),
        np.rint(lat * 1e7).astype(np.int64).tolist(),
        np.rint(measured.height_m * 10).astype(np.int64).tolist(),
        measured.confidence.tolist(),
        speed_units.astype(np.int64).tolist(),
        heading_units.astype(np.int64).tolist(),
        size.astype(np.int64).tolist(),
        classes[seen.participant].tolist(),
        strict=True,
    )
    # Written out by hand: a quarter of a million dictionaries would take most of the time of a pull.
    return [
        f'{{"ptcType":"{kind}","ptcId":{temporary},"source":{origin},"secMark":{mark},'
        f'"pos":{{"lon":{x},"lat":{y},"ele":{z}}},"posConfidence":{{"pos":{code}}},"speed":{pace},"heading":{course},'
        f'"size":{{"width":{width},"length":{length},"height":{tall}}}{vehicle}}}'
        for kind, temporary, origin, mark, x, y, z, code, pace, course, (width, length, tall), vehicle in columns
    ]


def _device_texts(
    city: City, seen: _Seen, measured: _Measured, lon: Floats, lat: Floats, instant_ms: Ints
) -> list[str]:
    """As `_texts`, written by the roadside device: numbers as text, places as offsets from the RSU."""
    types, classes, _ = _bodies(city)
    references = [_reference(post) for post in posts(city)]
    base_lon, base_lat = (np.array([int(one[axis]) for one in references], dtype=np.int64) for axis in ("lon", "lat"))
    east = np.rint(lon * 1e7).astype(np.int64) - base_lon[seen.post]
    north = np.rint(lat * 1e7).astype(np.int64) - base_lat[seen.post]
    speed_units = np.nan_to_num(np.rint(measured.speed_mps / 0.02), nan=8191)
    heading_units = np.nan_to_num(np.rint(measured.heading_deg / 0.0125) % 28800, nan=28800)
    size = np.nan_to_num(np.clip(np.rint(measured.size_m / SIZE_STEPS_M), 1, [1023, 4095, 127]), nan=0)
    numbers = [DEVICE_TYPES[kind] for kind in types[seen.participant].tolist()]
    columns = zip(
        numbers,
        seen.temporary_id.tolist(),
        measured.source.tolist(),
        (instant_ms % 60000).tolist(),
        east.tolist(),
        north.tolist(),
        np.maximum(np.abs(east), np.abs(north)).tolist(),
        np.rint(measured.height_m * 10).astype(np.int64).tolist(),
        measured.confidence.tolist(),
        speed_units.astype(np.int64).tolist(),
        heading_units.astype(np.int64).tolist(),
        size.astype(np.int64).tolist(),
        [f'{text[:16]}"{text[16:]}"' if text else "" for text in classes[seen.participant].tolist()],
        strict=True,
    )
    return [
        f'{{"ptcType":"{kind}","ptcId":"{temporary}","source":"{origin}","secMark":"{mark}",'
        f'"pos":{{"offsetLL":{{"{device_style.form_of(reach)}":{{"lon":"{x}","lat":"{y}"}}}},'
        f'"offsetV":{{"elevation":"{z}"}}}},"posConfidence":{{"pos":"{code}"}},"speed":"{pace}","heading":"{course}",'
        f'"size":{{"width":"{width}","length":"{length}","height":"{tall}"}}{vehicle}}}'
        for kind, temporary, origin, mark, x, y, reach, z, code, pace, course, (width, length, tall), vehicle in columns
    ]


def _device_text(record: dict[str, Any], fault: Fault, reference: dict[str, str]) -> str:
    """A record that was made bad, as the roadside device writes it."""
    shown = device_style.converted(record, fault)
    if fault.field != "ptcType" and "ptcType" in shown:
        shown["ptcType"] = DEVICE_TYPES[shown["ptcType"]]
    if "pos" in shown:
        shown["pos"] = device_style.placed(shown["pos"], reference)
    return _json(shown)


def _reference(station: Post) -> dict[str, str]:
    """The place of an RSU, as its messages write it."""
    return {
        "lat": str(round(station.lat * 1e7)),
        "lon": str(round(station.lon * 1e7)),
        "ele": str(round(10 * (station.elevation_m + GEOID_SEPARATION_M))),
    }


def _values(city: City, seen: _Seen, measured: _Measured, esns: Sequence[str]) -> dict[str, npt.NDArray[Any]]:
    types, classes, _ = _bodies(city)
    rsu = np.array(esns, dtype=object)[seen.post] if esns else np.zeros(0, dtype=object)
    named = {f',"vehicleClass":{code}': name for code, name in CLASS_NAMES.items()}
    return {
        "source_id": rsu + "/" + seen.temporary_id.astype(str).astype(object),
        "observed_at": (seen.frame_ms - seen.lag_ms) / 1000.0,
        "rsu_id": rsu,
        "participant_no": seen.temporary_id,
        "participant_kind": types[seen.participant],
        "sensor": _named(SOURCES, measured.source),
        "position_error_m": _named(ACCURACIES_M, measured.confidence).astype(np.float64),
        "height_m": measured.height_m,
        "height_datum": np.full(len(rsu), "ellipsoidal", dtype=object),
        "speed_mps": measured.speed_mps,
        "heading_deg": measured.heading_deg,
        "width_m": measured.size_m[:, 0],
        "length_m": measured.size_m[:, 1],
        "object_height_m": measured.size_m[:, 2],
        "vehicle_class": np.array([named.get(one) for one in classes[seen.participant].tolist()], dtype=object),
    }


def _named(names: Mapping[int, Any], codes: Ints) -> npt.NDArray[Any]:
    return np.array([names[code] for code in codes.tolist()], dtype=object)


@once_per_city
def _bodies(city: City) -> tuple[npt.NDArray[Any], npt.NDArray[Any], Floats]:
    """By participant number: type word, JSON tail with the vehicle class, and width, length, height in metres."""
    table = city.truth.participants
    numbers = np.asarray(table.column("participant").to_numpy())
    kinds = table.column("kind").to_pylist()
    room = int(numbers.max()) + 1 if len(numbers) else 0
    types, classes = np.full(room, "", dtype=object), np.full(room, "", dtype=object)
    sizes = np.zeros((room, 3))
    types[numbers] = [TYPES[kind] for kind in kinds]
    classes[numbers] = [f',"vehicleClass":{CLASSES[kind]}' if kind in CLASSES else "" for kind in kinds]
    for place, name in enumerate(("width_m", "length_m", "height_m")):
        sizes[numbers, place] = np.asarray(table.column(name).to_numpy(), dtype=np.float64)
    return types, classes, sizes


def _envelopes(
    city: City,
    seen: _Seen,
    esns: Sequence[str],
    texts: Sequence[str],
    record_ids: Sequence[str],
    faults: dict[int, Fault],
) -> list[Envelope]:
    """The participants in one envelope per instant and RSU."""
    stations, start_ms = posts(city), round(city.recording_start.timestamp() * 1000)
    envelope = _device_envelope if device_style.is_spoken(city) else _envelope
    envelopes = []
    for begin, end in _bounds(seen):
        index, frame_ms = int(seen.post[begin]), int(seen.frame_ms[begin])
        bodies: list[str] = []
        ids: list[str] = []
        for place in range(begin, end):
            times = 2 if place in faults and faults[place].kind == "duplicate" else 1
            bodies += [texts[place]] * times
            ids += [record_ids[place]] * times
        envelopes.append(
            Envelope(
                timestamp_ms=start_ms + frame_ms,
                text=envelope(stations[index], esns[index], start_ms + frame_ms, frame_ms * city.hz // 1000, bodies),
                record_ids=tuple(ids),
                fault_ids=tuple(faults[place].record_id for place in range(begin, end) if place in faults),
            )
        )
    return envelopes


def _bounds(seen: _Seen) -> list[tuple[int, int]]:
    """Begin and end of each run of participants that one RSU saw at one instant."""
    if not len(seen.post):
        return []
    changes = np.flatnonzero((np.diff(seen.frame_ms) != 0) | (np.diff(seen.post) != 0)) + 1
    return list(itertools.pairwise([0, *changes.tolist(), len(seen.post)]))


def _envelope(station: Post, esn: str, timestamp_ms: int, frame: int, bodies: Sequence[str]) -> str:
    device = esn[1:].encode("ascii").hex()
    position = (
        f'{{"lat":{round(station.lat * 1e7)},"lon":{round(station.lon * 1e7)},'
        f'"ele":{round(10 * (station.elevation_m + GEOID_SEPARATION_M))}}}'
    )
    messages = ",".join(
        f'{{"msgCnt":{(frame + part) % 128},"id":"{device}","refPos":{position},'
        f'"participants":[{",".join(bodies[begin : begin + LARGEST_MESSAGE])}]}}'
        for part, begin in enumerate(range(0, len(bodies), LARGEST_MESSAGE))
    )
    return enveloped(esn, timestamp_ms, f"[{messages}]")


def _device_envelope(station: Post, esn: str, timestamp_ms: int, frame: int, bodies: Sequence[str]) -> str:
    device, position = esn[1:].encode("ascii").hex(), _json(_reference(station))

    def one_or_many(texts: Sequence[str]) -> str:
        return texts[0] if len(texts) == 1 else f"[{','.join(texts)}]"

    messages = [
        f'{{"msgCnt":"{(frame + part) % 128}","id":"{device}","refPos":{position},'
        f'"participants":{one_or_many(bodies[begin : begin + LARGEST_MESSAGE])}}}'
        for part, begin in enumerate(range(0, len(bodies), LARGEST_MESSAGE))
    ]
    return enveloped(esn, timestamp_ms, one_or_many(messages))


def enveloped(esn: str, timestamp_ms: int, messages: str) -> str:
    """What the platform itself writes around the messages of one RSU at one instant."""
    message_id = hashlib.blake2b(f"{esn}/{timestamp_ms}".encode(), digest_size=4).hexdigest()
    moy = minute_of_utc_year(datetime.fromtimestamp(timestamp_ms / 1000, UTC))
    return f'{{"rsuEsn":"{esn}","messageId":"{message_id}","timestamp":{timestamp_ms},"moy":{moy},"rsms":{messages}}}'


def _json(record: dict[str, Any]) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))
