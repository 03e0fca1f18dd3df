"""Car parks as the transport platform lists them, and how many spaces it believes to be free.

Free spaces are counted by barriers, which miscount: by the end of the recording a car park is up to 2 % of its spaces
off. One sensor is stuck and repeats what it said first. -1 says that the platform does not know.
"""

from typing import Any

import numpy as np

from citysim import bd09, gcj02
from citysim.clock import beijing_text
from citysim.faults import Weaknesses, one_of, whole
from citysim.views.city import City, Origin, Shown, View, once_per_city, rows_of, with_faults
from citysim.views.transport_info import PLATFORM

POSITION_SIGMA_M = 5.0
LARGEST_DRIFT = 0.02
UNKNOWN_SHARE = 0.02
PUBLISHED_AFTER_S = 5
LISTED_S = -86_400.0
"""The list was made a day before the recording begins."""
ALWAYS = float("-inf")
SYSTEMS = (("GCJ02", "GCJ-02", 0.6), ("BD09", "BD-09", 0.85), ("WGS84", "EPSG:4326", 1.0))
"""The platform's word, ours, and up to which draw it is used: each district sends what its own vendor uses."""
HOURS = (("00:00-24:00", 0.6), ("06:00-23:00", 0.9), ("07:00-22:30", 1.0))

FACILITY = Weaknesses(
    stream="parking_facility",
    fields=("parkId", "name", "regionCode", "totalSpaces", "chargePiles", "lon", "lat", "coordsys", "updateTime"),
    sentinels={"totalSpaces": (-1,), "chargePiles": (-1,), "lon": (0,), "lat": (0,)},
    impossible={
        "totalSpaces": whole((60_000, 999_999), (-99, -2)),
        "chargePiles": whole((60_000, 999_999), (-99, -2)),
        "lon": whole((181, 999)),
        "lat": whole((91, 999)),
    },
    codes={"regionCode": one_of("5001XX", "990000", "320571"), "coordsys": one_of("CGCS2000", "LOCAL", "0")},
)
SPACES = Weaknesses(
    stream="parking_spaces",
    fields=("parkId", "totalSpaces", "freeSpaces", "updateTime"),
    sentinels={"freeSpaces": (-1,), "totalSpaces": (-1,)},
    impossible={"freeSpaces": whole((60_000, 999_999), (-99, -2)), "totalSpaces": whole((60_000, 999_999), (-99, -2))},
    codes={},
)


@once_per_city
def facilities(city: City) -> View:
    """Every car park, sorted by its id."""
    draws, plane = city.draws(PLATFORM, "parking"), city.plane()
    ids = park_ids(city)
    updated = beijing_text(city.moment(LISTED_S))
    records = []
    columns = rows_of(
        city.truth.parkings, "parking", "name_zh", "capacity", "charging_space_count", "district_code", "lon", "lat"
    )
    for parking, name, capacity, charging, district, true_lon, true_lat in columns:
        noise = tuple(POSITION_SIGMA_M * draws.one_normal(axis, parking) for axis in ("east", "north"))
        shifted = plane.shifted(*(np.array([value]) for value in (true_lon, true_lat, *noise)))
        word, crs = _system(draws.one("system", district))
        lon, lat = _in_system(word, *shifted)
        hours = next(said for said, below in HOURS if draws.one("hours", parking) < below)
        address = f"{name.rstrip('0123456789号')}旁"
        record = {
            "parkId": ids[parking],
            "name": name,
            "address": address,
            "regionCode": district,
            "totalSpaces": capacity,
            "chargePiles": charging,
            "lon": round(float(lon[0]), 6),
            "lat": round(float(lat[0]), 6),
            "coordsys": word,
            "openHours": hours,
            "updateTime": updated,
        }
        values = {
            "source_id": ids[parking],
            "observed_at": LISTED_S,
            "name": name,
            "address": address,
            "admin_code": district,
            "capacity": capacity,
            "charging_space_count": charging,
            "opening_hours": hours,
            "source_crs": crs,
        }
        origin = Origin(parking, true_lon, true_lat, noise_m=(noise[0], noise[1]), values=values)
        records.append(Shown(ids[parking], ALWAYS, LISTED_S, record, origin))
    records.sort(key=lambda one: one.record_id)
    return with_faults(city, FACILITY, records)


@once_per_city
def spaces(city: City) -> View:
    """Free spaces of every car park and minute, sorted by minute and id."""
    draws = city.draws(PLATFORM, "parking_spaces")
    ids = park_ids(city)
    known = {
        parking: (capacity, lon, lat)
        for parking, capacity, lon, lat in rows_of(city.truth.parkings, "parking", "capacity", "lon", "lat")
    }
    stuck = min(known, key=lambda parking: draws.one("stuck", parking), default=None)
    first: dict[str, int] = {}
    records = []
    for parking, t_s, occupied in rows_of(city.truth.parking_occupancy, "parking", "t_s", "occupied"):
        capacity, lon, lat = known[parking]
        drift = LARGEST_DRIFT * capacity * (2.0 * draws.one("drift", parking) - 1.0) * t_s / city.truth.duration_s
        free = min(capacity, max(0, capacity - occupied + round(drift)))
        counted = first.setdefault(parking, free)
        if parking == stuck:
            free = counted
        is_known = draws.one("unknown", parking, t_s) >= UNKNOWN_SHARE
        record = {
            "parkId": ids[parking],
            "totalSpaces": capacity,
            "freeSpaces": free if is_known else -1,
            "updateTime": beijing_text(city.moment(t_s)),
        }
        values: dict[str, Any] = {
            "source_id": ids[parking],
            "facility_id": ids[parking],
            "observed_at": float(t_s),
            "capacity": capacity,
            "free_count": free if is_known else None,
        }
        origin = Origin(parking, lon, lat, float(t_s), values=values)
        shown = Shown(f"{ids[parking]}@{t_s}", t_s + PUBLISHED_AFTER_S, float(t_s), record, origin)
        records.append(shown)
    records.sort(key=lambda one: (one.stamp_s, one.record_id))
    return with_faults(city, SPACES, records)


@once_per_city
def park_ids(city: City) -> dict[str, str]:
    """Per car park of the truth, the platform's id: its district and a number within it."""
    found: dict[str, str] = {}
    used: dict[str, int] = {}
    for parking, district in rows_of(city.truth.parkings, "parking", "district_code"):
        used[district] = used.get(district, 0) + 1
        found[parking] = f"{district}P{used[district]:04d}"
    return found


def _system(draw: float) -> tuple[str, str]:
    return next((word, crs) for word, crs, below in SYSTEMS if draw < below)


def _in_system(word: str, lon: Any, lat: Any) -> tuple[Any, Any]:
    if word == "WGS84":
        return lon, lat
    lon, lat = gcj02.from_wgs84(lon, lat)
    return (lon, lat) if word == "GCJ02" else bd09.from_gcj02(lon, lat)
