"""The cloud-control platform's registry of roadside units; its participants are in `citysim.views.rsm`."""

import math
from collections.abc import Mapping
from datetime import timedelta

import numpy as np

from citysim.draws import keys_of
from citysim.faults import Weaknesses, one_of, whole
from citysim.views import rsm as participants
from citysim.views.city import GEOID_SEPARATION_M, City, Origin, Shown, View, once_per_city, rows_of, with_faults
from citysim.views.rsm import Envelope, RsmMinute

__all__ = ["Envelope", "RsmMinute", "rsm", "rsm_timestamps", "rsus", "serials", "truth_of"]

PLATFORM = "cloud_control"
SIGMA_M = 2.0
SWAPPED_SHARE = 0.03
"""Share of RSUs whose predecessor is still listed, under another number, after a device swap."""

RSUS = Weaknesses(
    stream="rsus",
    fields=("rsuEsn", "rsuName", "areaCode", "position", "position.lon", "position.lat", "rsuStatus", "updateTime"),
    sentinels={
        "position.lon": (1800000001, 0),
        "position.lat": (900000001, 0),
        "position.ele": (-4096,),
        "areaCode": ("000000", "-"),
        "rsuName": ("null", "-"),
        "updateTime": (0, -1),
    },
    impossible={
        "position.lon": whole((1800000002, 2147483647), (-2147483648, -1800000001)),
        "position.lat": whole((900000002, 2147483647), (-2147483648, -900000001)),
        "position.ele": whole((61440, 999999), (-99999, -4097)),
        "updateTime": whole((9999999999999, 99999999999999)),
    },
    codes={"rsuStatus": whole((7, 99)), "areaCode": one_of("990000", "509999", "000001", "5001XX")},
)
"""Standard for ranges and sentinels: T/CSAE 53-2020 latitude, longitude and elevation."""


def serials(city: City) -> dict[str, str]:
    """The serial number (rsuEsn) under which each RSU of the truth works today: R, district, two digits."""
    return {rsu: current for rsu, (current, _) in _numbers(city).items()}


@once_per_city
def rsus(city: City) -> View:
    """The registry: one record per RSU, and one more for those that replaced another."""
    table, names = city.truth.rsus, _crossings(city)
    draws, numbers = city.draws(PLATFORM, "rsus"), _numbers(city)
    records = []
    for rsu, junction, lon, lat, elevation, has_sensing in rows_of(
        table, "rsu", "junction", "lon", "lat", "elevation_m", "has_sensing"
    ):
        name, district = names[junction]
        current, replaced = numbers[rsu]
        for esn in (current, replaced):
            if esn is None:
                continue
            east, north, up = (SIGMA_M * draws.one_normal(axis, esn) for axis in ("east", "north", "up"))
            shown_lon, shown_lat = city.plane().shifted(
                np.array([lon]), np.array([lat]), np.array([east]), np.array([north])
            )
            age_days = 3 + 60 * draws.one("age", esn) + (400 if esn == replaced else 0)
            updated = city.recording_start - timedelta(days=age_days)
            record = {
                "rsuEsn": esn,
                "rsuName": f"{name}路侧单元",
                "areaCode": district,
                "position": {
                    "lon": round(float(shown_lon[0]) * 1e7),
                    "lat": round(float(shown_lat[0]) * 1e7),
                    "ele": round(10 * (elevation + GEOID_SEPARATION_M + up)),
                },
                "rsuStatus": 0 if esn == replaced else 1,
                "sensing": bool(has_sensing or city.is_all_sensing) and esn == current,
                "version": "V1.2.0" if esn == replaced else "V2.1.3",
                "updateTime": int(updated.timestamp() * 1000),
            }
            values = {
                "source_id": esn,
                "observed_at": updated,
                "serial_no": esn,
                "name": record["rsuName"],
                "admin_code": district,
                "facility_kind": "rsu",
                "facility_state": "offline" if esn == replaced else "online",
                "height_m": elevation + GEOID_SEPARATION_M + up,
                "height_datum": "ellipsoidal",
            }
            origin = Origin(rsu, lon, lat, noise_m=(east, north), values=values)
            records.append(Shown(esn, -math.inf, 0.0, record, origin))
    return with_faults(city, RSUS, sorted(records, key=lambda one: one.record_id))


def rsm(city: City, minute: int) -> RsmMinute:
    """What all sensing RSUs saw in one minute of the recording; minute 0 holds seconds 0 to 59."""
    return participants.rsm(city, serials(city), minute)


def rsm_timestamps(city: City, minute: int) -> list[int]:
    """Epoch milliseconds of that minute's envelopes, in order; much cheaper than the envelopes."""
    return participants.timestamps(city, minute)


def truth_of(city: City, stream: str, from_s: float = 0, to_s: float | None = None) -> Mapping[str, Origin]:
    """Per record id of `stream` ("rsus" or "rsm"), the truth it came from.

    from_s, to_s: for rsm, the half-open range of envelope times, in seconds of the recording.
    """
    if stream == "rsus":
        return rsus(city).origins()
    end_s = city.truth.duration_s if to_s is None else to_s
    origins: dict[str, Origin] = {}
    for minute in range(int(from_s // 60), math.ceil(end_s / 60)):
        origins.update(rsm(city, minute).origins(from_s, end_s))
    return origins


@once_per_city
def _numbers(city: City) -> dict[str, tuple[str, str | None]]:
    """Per RSU, the serial number in service and that of the device it replaced, if any."""
    names = _crossings(city)
    rsu_ids = city.truth.rsus.column("rsu").to_pylist()
    ranks = city.draws(PLATFORM, "rsus").bits("swapped", keys_of(rsu_ids))
    swapped = {rsu_ids[place] for place in np.argsort(ranks)[: round(SWAPPED_SHARE * len(rsu_ids))]}
    used: dict[str, int] = {}

    def next_number(district: str) -> str:
        tens, ones = divmod(used.get(district, 0) + 1, 10)
        used[district] = used.get(district, 0) + 1
        # Always eight characters after the R, because they are the eight bytes of the RSU's id in messages.
        return f"R{district}{'0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'[tens]}{ones}"

    numbers: dict[str, tuple[str, str | None]] = {}
    for rsu, junction in rows_of(city.truth.rsus, "rsu", "junction"):
        district = names[junction][1]
        replaced = next_number(district) if rsu in swapped else None
        numbers[rsu] = (next_number(district), replaced)
    return numbers


def _crossings(city: City) -> dict[str, tuple[str, str]]:
    """Per junction, its name and district."""
    rows = rows_of(city.truth.junctions, "junction", "name_zh", "district_code")
    return {junction: (name, district) for junction, name, district in rows}
