"""Connected vehicles: what they broadcast to RSUs (BSM), and what some of them tell the cloud by themselves.

BSM fields, units and marks: T/CSAE 53-2020. Messages from vehicle to cloud: degrees, km/h, epoch milliseconds.
"""

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from citysim.faults import Weaknesses, one_of, whole
from citysim.views.city import City, Origin, Shown, View, once_per_city, rows_of, with_faults
from citysim.views.cloud_control import PLATFORM
from citysim.views.map_nodes import esn_at
from citysim.views.messages import Message, envelope, epoch_ms, messages

CONNECTED_SHARE = 0.08
TELLS_CLOUD_SHARE = 0.5
"""Of the connected vehicles, those that report to the cloud too."""
BSM_EVERY_S, CLOUD_EVERY_S = 5, 10
BSM_REACH_M = 300.0
ID_LIFE_S = 120
"""A temporary id lives this long."""
SIGMA_M = 1.0
SPEED_SIGMA_MPS = 0.1
HEADING_SIGMA_DEG = 0.5
HEARD_AFTER_S = 0.15
DRIVE_MODES = {1: "manual", 2: "assisted", 3: "autonomous"}
ACCURACIES_M = {8: 2.0, 9: 1.0}

BSM = Weaknesses(
    stream="bsm",
    fields=("id", "secMark", "pos", "pos.lon", "pos.lat", "speed", "heading", "posConfidence", "vehicleClass"),
    sentinels={
        "pos.lon": (1800000001, 0),
        "pos.lat": (900000001, 0),
        "speed": (8191,),
        "heading": (28800,),
        "vehicleClass": (0,),
    },
    impossible={
        "pos.lon": whole((1800000002, 2147483647), (-2147483648, -1800000001)),
        "pos.lat": whole((900000002, 2147483647), (-2147483648, -900000001)),
        "speed": whole((6000, 8190), (8192, 65535), (-8191, -1)),
        "heading": whole((28801, 65535), (-28800, -1)),
    },
    codes={"vehicleClass": whole((13, 19), (33, 39), (72, 79), (200, 255))},
)
CLOUD = Weaknesses(
    stream="vehicle",
    fields=("vehicleId", "position", "position.longitude", "position.latitude", "velocityGNSS",
            "heading", "driveMode"),
    sentinels={"position.longitude": (0,), "position.latitude": (0,), "velocityGNSS": (-1,), "heading": (-1,)},
    impossible={
        "position.longitude": whole((181, 999), (-999, -181)),
        "position.latitude": whole((91, 999), (-999, -91)),
        "velocityGNSS": whole((400, 999), (-99, -2)),
        "heading": whole((361, 999), (-99, -2)),
    },
    codes={"driveMode": one_of(9, 17, 99)},
)  # fmt: skip

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Fixes:
    """Where connected vehicles were at the moments at which they speak, with the noise of their receivers."""

    participant: npt.NDArray[np.int64]
    t_s: npt.NDArray[np.int64]
    true_lon: Floats
    true_lat: Floats
    east_m: Floats
    north_m: Floats
    lon: Floats
    lat: Floats
    speed_mps: Floats
    heading_deg: Floats


@once_per_city
def bsm(city: City) -> View:
    """Every BSM that an RSU heard, by time and RSU."""
    fixes, draws = _fixes(city, "bsm", BSM_EVERY_S, CONNECTED_SHARE), city.draws(PLATFORM, "bsm")
    esns = _hearing(city, fixes)
    lengths = {number: (length, width) for number, length, width in rows_of(
        city.truth.participants, "participant", "length_m", "width_m")}  # fmt: skip
    records = []
    for place, esn in enumerate(esns):
        if esn is None:
            continue
        participant, t_s = int(fixes.participant[place]), int(fixes.t_s[place])
        length, width = lengths[participant]
        code = 8 if draws.one("accuracy", participant) < 0.5 else 9
        message = _message_id("bsm", participant, t_s)
        record = {
            "messageId": message,
            "msgCnt": (t_s // BSM_EVERY_S) % 128,
            "id": _temporary_id(city, participant, t_s),
            "secMark": epoch_ms(city.moment(t_s)) % 60_000,
            "pos": {"lon": round(float(fixes.lon[place]) * 1e7), "lat": round(float(fixes.lat[place]) * 1e7)},
            "posConfidence": {"pos": code},
            "transmission": 2,
            "speed": round(float(fixes.speed_mps[place]) / 0.02),
            "heading": round(float(fixes.heading_deg[place]) / 0.0125) % 28800,
            "size": {"width": round(width * 100), "length": round(length * 100)},
            "vehicleClass": 10,
        }
        values = _values(fixes, place) | {
            "source_id": message,
            "position_error_m": ACCURACIES_M[code],
            "vehicle_kind": "passenger_car",
        }
        records.append(
            Shown(f"{esn}/{message}", t_s + HEARD_AFTER_S, float(t_s), record, _origin(fixes, place, values))
        )
    return with_faults(city, BSM, sorted(records, key=lambda one: (one.stamp_s, one.record_id)))


@once_per_city
def bsm_messages(city: City) -> tuple[Message, ...]:
    """What one RSU heard at one instant in one message, sent on a little later: maybe in the next minute."""

    def esn_of(one: Shown) -> str:
        return one.record_id.partition("/")[0]

    def body(group: Any) -> dict[str, Any]:
        sent = envelope(city, esn_of(group[0]), group[0].stamp_s + HEARD_AFTER_S)
        return {**sent, "bsms": [one.record for one in group]}

    return messages(bsm(city), lambda one: (one.stamp_s, esn_of(one)), body)


@once_per_city
def cloud_reports(city: City) -> View:
    """Every report from vehicle to cloud, by time and message."""
    fixes = _fixes(city, "vehicle", CLOUD_EVERY_S, CONNECTED_SHARE * TELLS_CLOUD_SHARE)
    draws, records = city.draws(PLATFORM, "vehicle"), []
    for place in range(len(fixes.t_s)):
        participant, t_s = int(fixes.participant[place]), int(fixes.t_s[place])
        mode = 1 + int(3 * draws.one("drive mode", participant, t_s // 60))
        message = _message_id("vehicle", participant, t_s)
        record = {
            "messageId": message,
            "type": "VEHICLE_STATUS",
            "version": "1.0",
            "vehicleId": _vehicle_id(city, participant),
            "timestampGNSS": epoch_ms(city.moment(t_s)),
            "position": {
                "longitude": round(float(fixes.lon[place]), 7),
                "latitude": round(float(fixes.lat[place]), 7),
            },
            "velocityGNSS": round(float(fixes.speed_mps[place]) * 3.6, 1),
            "heading": round(float(fixes.heading_deg[place]), 1) % 360.0,
            "driveMode": mode,
        }
        values = _values(fixes, place) | {"source_id": message, "drive_mode": DRIVE_MODES[mode]}
        records.append(Shown(message, t_s + HEARD_AFTER_S, float(t_s), record, _origin(fixes, place, values)))
    return with_faults(city, CLOUD, sorted(records, key=lambda one: (one.stamp_s, one.record_id)))


def _fixes(city: City, stream: str, every_s: int, share: float) -> _Fixes:
    """The moments at which a share of the passenger cars speak, sorted by time and participant."""
    tracks, draws = city.truth.tracks, city.draws(PLATFORM, stream)
    kinds = dict(rows_of(city.truth.participants, "participant", "kind"))
    # The same draw for both streams, so that who tells the cloud is one of those whom RSUs hear.
    chosen = city.draws(PLATFORM, "connected")
    speaking = np.array([number for number, kind in sorted(kinds.items())
                         if kind == "passenger" and chosen.one("vehicle", number) < share], dtype=np.int64)  # fmt: skip
    participant, t_s = (np.asarray(tracks.column(name).to_numpy()).astype(np.int64) for name in ("participant", "t_s"))
    # Each vehicle at seconds of its own, so that not all speak at once.
    rows = np.flatnonzero(np.isin(participant, speaking) & ((t_s + participant) % every_s == 0))
    rows = rows[np.lexsort((participant[rows], t_s[rows]))]
    participant, t_s = participant[rows], t_s[rows]
    lon, lat, speed, heading = (
        np.asarray(tracks.column(name).to_numpy())[rows].astype(np.float64)
        for name in ("lon", "lat", "speed_mps", "heading_deg")
    )
    east, north = (SIGMA_M * draws.normal(axis, participant, t_s) for axis in ("east", "north"))
    shown_lon, shown_lat = city.plane().shifted(lon, lat, east, north)
    return _Fixes(
        participant, t_s, lon, lat, east, north, shown_lon, shown_lat,
        np.clip(speed + SPEED_SIGMA_MPS * draws.normal("speed", participant, t_s), 0.0, 69.0),
        (heading + HEADING_SIGMA_DEG * draws.normal("heading", participant, t_s)) % 360.0,
    )  # fmt: skip


def _hearing(city: City, fixes: _Fixes) -> list[str | None]:
    """Per moment, the RSU nearest to the vehicle; null where none is within reach."""
    plane, esns = city.plane(), esn_at(city)
    posts = list(rows_of(city.truth.rsus, "junction", "lon", "lat"))
    post_x, post_y = plane.to_metres(np.array([lon for _, lon, _ in posts]), np.array([lat for *_, lat in posts]))
    x, y = plane.to_metres(fixes.true_lon, fixes.true_lat)
    distance = np.hypot(x[:, None] - post_x[None, :], y[:, None] - post_y[None, :])
    if not len(x):
        return []
    nearest, reached = distance.argmin(axis=1), distance.min(axis=1) <= BSM_REACH_M
    return [
        esns[posts[post][0]] if is_reached else None
        for post, is_reached in zip(nearest.tolist(), reached.tolist(), strict=True)
    ]


def _values(fixes: _Fixes, place: int) -> dict[str, Any]:
    return {
        "observed_at": float(fixes.t_s[place]),
        "scenario": "passenger_car",
        "speed_mps": float(fixes.speed_mps[place]),
        "heading_deg": float(fixes.heading_deg[place]),
    }


def _origin(fixes: _Fixes, place: int, values: dict[str, Any]) -> Origin:
    noise = (float(fixes.east_m[place]), float(fixes.north_m[place]))
    lon, lat = float(fixes.true_lon[place]), float(fixes.true_lat[place])
    return Origin(str(fixes.participant[place]), lon, lat, float(fixes.t_s[place]), noise, values)


def _message_id(stream: str, participant: int, t_s: int) -> str:
    # Says nothing of the vehicle to those who do not know the truth.
    return hashlib.blake2b(f"{stream}/{participant}/{t_s}".encode(), digest_size=8).hexdigest()


def _temporary_id(city: City, participant: int, t_s: int) -> str:
    """Eight bytes that change every two minutes, at a moment of the vehicle's own."""
    turn = (t_s + participant * 7) // ID_LIFE_S
    return f"{int(city.draws(PLATFORM, 'connected').bits('temporary id', participant, turn)[0]):016X}"


def _vehicle_id(city: City, participant: int) -> str:
    """A vehicle identification number: it stays, and so it is personal."""
    letters, random = (
        "ABCDEFGHJKLMNPRSTUVWXYZ0123456789",
        city.draws(PLATFORM, "connected").sequence("vin", participant),
    )
    return "LHT" + "".join(random.choice(letters) for _ in range(14))
