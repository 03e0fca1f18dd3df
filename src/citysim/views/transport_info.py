"""Five-minute section flow as the transport platform publishes it, each row with its section's line.

Units on this platform: km/h, per cent, vehicles per period; the stamp is the end of the period in Beijing time.
"""

import math
from collections.abc import Mapping
from random import Random
from typing import Any

import numpy as np

from citysim import gcj02
from citysim.clock import interval_end_text
from citysim.faults import Weaknesses, one_of, whole
from citysim.views.city import City, Origin, Shown, View, once_per_city, rows_of, with_faults

PLATFORM = "transport_info"
PERIOD_S = 300
PUBLISHED_AFTER_S = 20
SPEED_SIGMA = 0.03
POSITION_SIGMA_M = 3.0
DOWN_SHARE = 0.02
GCJ_SHARE = 0.6
WINDS = ("东", "东北", "北", "西北", "西", "西南", "南", "东南")
"""By eighths of a turn from east, counter-clockwise, as this platform measures angles."""


def _far_line(random: Random, old: Any) -> str:
    return f"{random.randint(181, 999)}.{random.randint(0, 999999)},{random.randint(91, 999)}.5;" + str(old)


FLOW = Weaknesses(
    stream="flow",
    fields=(
        "linkId", "roadName", "angle", "length", "speed", "freeSpeed", "status", "flow", "largeVehFlow", "period",
        "occupancy", "statTime", "polyline", "crs",
    ),
    sentinels={"speed": (255, -1), "flow": (65535, -1), "occupancy": (255, -1), "polyline": ("", "-"), "length": (0,)},
    impossible={
        "speed": whole((300, 999), (-99, -2)),
        "flow": whole((2000, 60000), (-99, -2)),
        "occupancy": whole((101, 1000), (-99, -2)),
        "angle": whole((361, 9999), (-360, -1)),
        "polyline": _far_line,
        "length": whole((-9999, -1)),
        "freeSpeed": whole((300, 999), (-99, -2)),
        "tpi": whole((11, 99), (-99, -1)),
    },
    codes={"status": whole((6, 99)), "crs": one_of("BD09", "CGCS2000", "LOCAL", "0")},
)  # fmt: skip


@once_per_city
def flow(city: City) -> View:
    """Every section and period, sorted by period and linkId."""
    sections = _sections(city)
    draws = city.draws(PLATFORM, "flow")
    records = []
    columns = rows_of(
        city.truth.section_flow,
        "section",
        "interval_end_s",
        "vehicle_count",
        "heavy_vehicle_count",
        "speed_mps",
        "occupancy",
    )
    for section, end_s, count, heavy, speed_mps, occupancy in columns:
        fixed, free_mps, origin = sections[section]
        stamp = interval_end_text(city.moment(end_s))
        if draws.one("down", section, end_s) < DOWN_SHARE:
            measured: dict[str, Any] = {
                "speed": -1, "status": 0, "tpi": None, "flow": -1, "largeVehFlow": -1, "occupancy": -1,
            }  # fmt: skip
        elif speed_mps is None:
            # A speed of 0 with a flow of 0 means that nobody drove, not that nobody could.
            measured = {"speed": 0, "status": 0, "tpi": None, "flow": 0, "largeVehFlow": 0, "occupancy": 0}
        else:
            speed = speed_mps * (1.0 + SPEED_SIGMA * draws.one_normal("speed", section, end_s))
            tpi = round(10.0 * min(1.0, max(0.0, 1.0 - speed / free_mps)), 1)
            measured = {
                "speed": round(speed * 3.6, 1),
                "status": min(5, 1 + int(tpi // 2)),
                "tpi": tpi,
                "flow": count,
                "largeVehFlow": heavy,
                "occupancy": round(occupancy * 100.0, 1),
            }
        record = {
            **{name: fixed[name] for name in ("linkId", "roadName", "direction", "angle", "length")},
            "freeSpeed": round(free_mps * 3.6, 1),
            **measured,
            "period": PERIOD_S,
            "statTime": stamp,
            "polyline": fixed["polyline"],
            "crs": fixed["crs"],
        }
        at = Origin(section, origin.lon, origin.lat, float(end_s), origin.noise_m)
        shown = Shown(f"{fixed['linkId']}@{stamp}", end_s + PUBLISHED_AFTER_S, float(end_s), record, at)
        records.append(shown)
    records.sort(key=lambda one: (one.stamp_s, one.record_id))
    return with_faults(city, FLOW, records)


def truth_of(city: City, stream: str = "flow") -> Mapping[str, Origin]:
    """Per record id (linkId@statTime), the section; position is its first vertex, time the end of the period."""
    return flow(city).origins()


@once_per_city
def _sections(city: City) -> dict[str, tuple[dict[str, Any], float, Origin]]:
    """Per section: what never changes on its rows, its free speed in m/s, and its origin."""
    draws, plane = city.draws(PLATFORM, "section"), city.plane()
    found: dict[str, tuple[dict[str, Any], float, Origin]] = {}
    roads: dict[tuple[str, str], int] = {}
    used: dict[int, int] = {}
    columns = rows_of(
        city.truth.sections, "section", "name_zh", "length_m", "free_speed_mps", "district_code", "lon", "lat"
    )
    for section, name, length_m, free_mps, district, lons, lats in columns:
        east = POSITION_SIGMA_M * draws.one_normal("east", section)
        north = POSITION_SIGMA_M * draws.one_normal("north", section)
        lon, lat = plane.shifted(np.array(lons), np.array(lats), np.full(len(lons), east), np.full(len(lats), north))
        is_gcj = draws.one("crs", section) < GCJ_SHARE
        if is_gcj:
            lon, lat = gcj02.from_wgs84(lon, lat)
        x, y = plane.to_metres(np.array(lons), np.array(lats))
        angle = math.degrees(math.atan2(y[-1] - y[0], x[-1] - x[0])) % 360.0
        ahead = round(angle / 45.0) % 8
        road = roads.setdefault((district, name), len(roads) + 1)
        used[road] = used.get(road, 0) + 1
        fixed = {
            "linkId": f"{district}-{road:04d}-{used[road]:02d}",
            "roadName": name,
            "direction": f"由{WINDS[(ahead + 4) % 8]}向{WINDS[ahead]}",
            "angle": round(angle) % 360,
            "length": round(length_m),
            "polyline": ";".join(f"{a:.6f},{b:.6f}" for a, b in zip(lon.tolist(), lat.tolist(), strict=True)),
            "crs": "GCJ02" if is_gcj else "WGS84",
        }
        found[section] = fixed, free_mps, Origin(section, lons[0], lats[0], noise_m=(east, north))
    return found
