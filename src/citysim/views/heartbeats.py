"""Which RSUs the cloud-control platform hears: a picture of all of them every few minutes.

A device counts as offline when nothing was heard of it for 15 s, as a public platform has it.
"""

import math
from typing import Any

from citysim.faults import Weaknesses, one_of, whole
from citysim.views.city import City, Origin, Shown, View, once_per_city, with_faults
from citysim.views.cloud_control import PLATFORM, serials
from citysim.views.messages import epoch_ms

EVERY_S = 300
BEAT_S = 5
SILENT_AFTER_S = 15.0
OUTAGE_SHARE = 0.06
"""Share of the RSUs that fall silent once."""
CLOCK_SIGMA_S = 0.4
LOCAL_TIME_SHARE = 0.02
"""Share of the RSUs whose clock shows Beijing time where UTC is meant."""
LOCAL_TIME_S = 8 * 3600.0

HEARTBEAT = Weaknesses(
    stream="heartbeat",
    fields=("rsuEsn", "rsuStatus", "lastHeartbeat", "deviceTime"),
    sentinels={"lastHeartbeat": (0, -1), "deviceTime": (0, -1)},
    impossible={
        "lastHeartbeat": whole((9999999999999, 99999999999999)),
        "deviceTime": whole((9999999999999, 99999999999999)),
    },
    codes={"rsuStatus": one_of("standby", "upgrading", "3", "在线")},
)


@once_per_city
def heartbeats(city: City) -> View:
    """Every RSU in every picture, by time and serial number."""
    draws, records = city.draws(PLATFORM, "heartbeat"), []
    for esn in sorted(serials(city).values()):
        outage = _outage(city, esn)
        offset_s = CLOCK_SIGMA_S * draws.one_normal("clock", esn)
        if draws.one("local time", esn) < LOCAL_TIME_SHARE:
            # A clock that is ahead is behind by less than nothing.
            offset_s -= LOCAL_TIME_S
        phase_s = BEAT_S * draws.one("phase", esn)
        for t_s in range(EVERY_S, city.truth.duration_s + 1, EVERY_S):
            heard_s = _last_beat_s(float(t_s), phase_s, outage)
            is_online = t_s - heard_s <= SILENT_AFTER_S
            heard_ms, seen_ms = epoch_ms(city.moment(heard_s)), epoch_ms(city.moment(t_s))
            record = {
                "rsuEsn": esn,
                "rsuStatus": "online" if is_online else "offline",
                "lastHeartbeat": heard_ms,
                "deviceTime": heard_ms - round(offset_s * 1000),
                "timestamp": seen_ms,
            }
            values = {
                "source_id": esn,
                "facility_id": esn,
                "observed_at": float(t_s),
                "facility_state": record["rsuStatus"],
                "last_heartbeat_at": heard_s,
                "clock_offset_s": offset_s,
            }
            origin = Origin(esn, math.nan, math.nan, float(t_s), values=values)
            records.append(Shown(f"{esn}@{t_s}", float(t_s), float(t_s), record, origin))
    return with_faults(city, HEARTBEAT, sorted(records, key=lambda one: (one.stamp_s, one.record_id)))


def _outage(city: City, esn: str) -> tuple[float, float] | None:
    """From when to when the RSU is silent, if it ever is."""
    random: Any = city.draws(PLATFORM, "heartbeat").sequence("outage", esn)
    if random.random() >= OUTAGE_SHARE:
        return None
    begin = random.uniform(60.0, city.truth.duration_s)
    return begin, begin + random.uniform(120.0, 900.0)


def _last_beat_s(t_s: float, phase_s: float, outage: tuple[float, float] | None) -> float:
    """The last beat at or before `t_s` that was heard."""
    until_s = t_s if outage is None or not outage[0] <= t_s < outage[1] else outage[0]
    return phase_s + BEAT_S * math.floor((until_s - phase_s) / BEAT_S)
