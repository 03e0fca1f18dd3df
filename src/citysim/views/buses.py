"""Where the buses are: every bus in service reports each 15 seconds, in the manner of JT/T 808.

Degrees are whole millionths in GCJ-02, speeds tenths of a km/h, and bits of `status` say whether the bus knows where it
is. Source: JT/T 808-2019 location report (0x0200), its units and status bits as commonly described.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np

from citysim import gcj02
from citysim.clock import beijing_text
from citysim.faults import Weaknesses, one_of, whole
from citysim.plates import DIGITS
from citysim.views.city import City, Origin, Shown, View, once_per_city, rows_of, with_faults
from citysim.views.transport_info import PLATFORM

EVERY_S = 15
POSITION_SIGMA_M = 8.0
SPEED_SIGMA_MPS = 0.15
HEADING_SIGMA_DEG = 2.0
LOST_SHARE = 0.02
"""Reports from where no satellite is seen: bit 1 is not set, and both coordinates are 0."""
LATEST_S = 9.0
ACC, LOCATED = 1, 2
"""Status bits 0 (ignition) and 1 (located)."""
NEW_ENERGY_SHARE = 0.6
PLATE_COLOURS = {"yellow": 2, "yellow_green": 93}
"""JT/T 415 and its later additions."""


def _no_degrees(random: Random, old: Any) -> int:
    return random.randint(181_000_000, 4_000_000_000)


POSITION = Weaknesses(
    stream="bus_positions",
    fields=(
        "busCode", "vehicleNo", "plateColor", "lineId", "direction", "longitude", "latitude", "speed", "course",
        "status", "gpsTime",
    ),
    sentinels={"longitude": (0,), "latitude": (0,), "speed": (65535,), "course": (65535,)},
    impossible={
        "longitude": _no_degrees,
        "latitude": _no_degrees,
        "speed": whole((3000, 60000), (-99, -1)),
        "course": whole((361, 9999), (-360, -1)),
    },
    codes={"direction": one_of(2, 7, 9)},
)  # fmt: skip


@once_per_city
def bus_positions(city: City) -> View:
    """Every report of every bus, sorted by time and bus."""
    draws, plane = city.draws(PLATFORM, "bus_positions"), city.plane()
    lines = {
        participant: (line_id(name), name, direction)
        for name, direction, participants in rows_of(city.truth.bus_lines, "name_zh", "direction", "participants")
        for participant in participants
    }
    tracks = city.truth.tracks
    participant = tracks.column("participant").to_numpy()
    rows = np.flatnonzero(np.isin(participant, np.array(sorted(lines), dtype=participant.dtype)))
    t_s = tracks.column("t_s").to_numpy()[rows]
    who = participant[rows].astype(np.int64)
    # Each terminal counts its quarter of a minute from its own start.
    turn = (t_s + (draws.uniform("phase", who) * EVERY_S).astype(np.int64)) % EVERY_S == 0
    rows, who, t_s = rows[turn], who[turn], t_s[turn].astype(np.int64)
    east, north = (POSITION_SIGMA_M * draws.normal(axis, who, t_s) for axis in ("east", "north"))
    true_lon, true_lat = (tracks.column(name).to_numpy()[rows] for name in ("lon", "lat"))
    lon, lat = gcj02.from_wgs84(*plane.shifted(true_lon, true_lat, east, north))
    speed_mps = tracks.column("speed_mps").to_numpy()[rows] + SPEED_SIGMA_MPS * draws.normal("speed", who, t_s)
    speed_mps = np.maximum(0.0, speed_mps)
    heading = tracks.column("heading_deg").to_numpy()[rows] + HEADING_SIGMA_DEG * draws.normal("heading", who, t_s)
    is_lost = draws.uniform("lost", who, t_s) < LOST_SHARE
    late_s = LATEST_S * draws.uniform("late", who, t_s)
    vehicles = {one: _vehicle(city, one) for one in sorted(lines)}
    records = []
    for place in range(len(rows)):
        bus, second = int(who[place]), int(t_s[place])
        line, name, direction = lines[bus]
        located = not bool(is_lost[place])
        record = {
            **vehicles[bus],
            "lineId": line,
            "lineName": name,
            "direction": direction,
            "longitude": round(float(lon[place]) * 1e6) if located else 0,
            "latitude": round(float(lat[place]) * 1e6) if located else 0,
            "speed": round(float(speed_mps[place]) * 36.0),
            "course": round(float(heading[place])) % 360,
            "status": ACC | (LOCATED if located else 0),
            "gpsTime": beijing_text(city.moment(second)),
        }
        values = {
            "source_id": vehicles[bus]["busCode"],
            "observed_at": float(second),
            "vehicle_kind": "bus",
            "scenario": "bus",
            "route_id": line,
            "direction": ("up", "down")[direction],
            "speed_mps": float(speed_mps[place]),
            "heading_deg": float(heading[place]) % 360.0,
            "is_located": located,
            "source_crs": "GCJ-02" if located else None,
        }
        noise = (float(east[place]), float(north[place]))
        origin = Origin(str(bus), float(true_lon[place]), float(true_lat[place]), float(second), noise, values)
        known_s = second + float(late_s[place])
        nowhere = {"vehicle_position": (replace(origin, lon=math.nan, lat=math.nan),)}
        record_id = f"{vehicles[bus]['busCode']}@{second}"
        shown = Shown(record_id, known_s, float(second), record, origin, rows={} if located else nowhere)
        records.append(shown)
    records.sort(key=lambda one: (one.stamp_s, one.record_id))
    return with_faults(city, POSITION, records)


def line_id(name: str) -> str:
    """The operator's number of a line, from its name: "101" of "101路"."""
    return name.removesuffix("路")


def _vehicle(city: City, bus: int) -> Mapping[str, Any]:
    """The number that the operator painted on it, its plate and the plate's colour."""
    random = city.draws(PLATFORM, "bus").sequence("plate", bus)
    office = city.plate_prefix if len(city.plate_prefix) > 1 else city.plate_prefix + "A"
    digits = "".join(random.choices(DIGITS, k=5))
    is_new_energy = random.random() < NEW_ENERGY_SHARE
    return {
        "busCode": f"{10_000 + bus}",
        "vehicleNo": office + digits + ("D" if is_new_energy else ""),
        "plateColor": PLATE_COLOURS["yellow_green" if is_new_energy else "yellow"],
    }
