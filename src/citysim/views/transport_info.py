"""Five-minute section flow as the transport platform publishes it, each row with its section's line.

Units on this platform: km/h, per cent, vehicles per period; the stamp is the end of the period in Beijing time.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import numpy as np

from citysim import gcj02
from citysim.clock import interval_end_text
from citysim.draws import Floats
from citysim.faults import Weaknesses, one_of, whole
from citysim.views.city import STANDARD, City, Origin, Shown, View, once_per_city, rows_of, with_faults

PLATFORM = "transport_info"
PERIOD_S = 300
PUBLISHED_AFTER_S = 20
SPEED_SIGMA = 0.03
POSITION_SIGMA_M = 3.0
DOWN_SHARE = 0.02
GCJ_SHARE = 0.6
WINDS = ("东", "东北", "北", "西北", "西", "西南", "南", "东南")
"""By eighths of a turn from east, counter-clockwise, as this platform measures angles."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Classes of congestion. bounds: shares of the free speed, from each of which down a road is one class worse."""

    bounds: tuple[float, ...]
    meanings: tuple[str, ...]
    """What each `status` means, from 0 on, in the words of the five classes."""

    def status(self, share: float) -> int:
        """The class of a road that moves at `share` of its free speed; 1 is the best."""
        return 1 + sum(share <= bound for bound in self.bounds)


FIVE = Scale((0.8, 0.6, 0.4, 0.2), ("unknown", "free", "mostly_free", "light", "moderate", "severe"))
VENDOR = Scale((0.7, 0.4, 0.2), ("unknown", "free", "light", "moderate", "severe"))
"""A map vendor's 0 unknown, 1 smooth, 2 slow, 3 jam, 4 very jam: its four classes reach four of the five."""


def scale_of(city: City) -> Scale:
    """The scale that the platform of this city uses."""
    return FIVE if city.variants[PLATFORM] == STANDARD else VENDOR


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
    links, scale = sections(city), scale_of(city)
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
    for section, end_s, count, heavy, true_mps, covered in columns:
        link = links[section]
        stamp = interval_end_text(city.moment(end_s))
        speed_mps = tpi = None
        if draws.one("down", section, end_s) < DOWN_SHARE:
            measured: dict[str, Any] = {
                "speed": -1, "status": 0, "tpi": None, "flow": -1, "largeVehFlow": -1, "occupancy": -1,
            }  # fmt: skip
            count = heavy = covered = None
        elif true_mps is None:
            # A speed of 0 with a flow of 0 means that nobody drove, not that nobody could.
            measured = {"speed": 0, "status": 0, "tpi": None, "flow": 0, "largeVehFlow": 0, "occupancy": 0}
        else:
            speed_mps = true_mps * (1.0 + SPEED_SIGMA * draws.one_normal("speed", section, end_s))
            tpi = 10.0 * min(1.0, max(0.0, 1.0 - speed_mps / link.free_mps))
            measured = {
                "speed": round(speed_mps * 3.6, 1),
                "status": scale.status(1.0 - round(tpi, 1) / 10.0),
                "tpi": round(tpi, 1),
                "flow": count,
                "largeVehFlow": heavy,
                "occupancy": round(covered * 100.0, 1),
            }
        record = {
            "linkId": link.link_id,
            **link.said,
            "freeSpeed": round(link.free_mps * 3.6, 1),
            **measured,
            "period": PERIOD_S,
            "statTime": stamp,
            "polyline": link.polyline,
            "crs": link.crs,
        }
        values = {
            **interval(link.link_id, "section", end_s),
            "vehicle_count": count,
            "flow_vph": None if count is None else count * 3600.0 / PERIOD_S,
            "heavy_vehicle_count": heavy,
            "speed_mps": speed_mps,
            "occupancy": covered,
            "congestion_level": scale.meanings[measured["status"]],
            "tpi": tpi,
        }
        segment = {**link.segment, "observed_at": float(end_s)}
        shown = link.shown(f"{link.link_id}@{stamp}", float(end_s), record, values, segment)
        records.append(shown)
    records.sort(key=lambda one: (one.stamp_s, one.record_id))
    return with_faults(city, FLOW, records)


def truth_of(city: City, stream: str = "flow") -> Mapping[str, Origin]:
    """Per record id (linkId@statTime), the section; position is its first vertex, time the end of the period."""
    return flow(city).origins()


@dataclass(frozen=True, slots=True)
class Link:
    """One section as this platform draws and names it."""

    section: str
    link_id: str
    said: Mapping[str, Any]
    """roadName, direction, angle (from east, counter-clockwise) and length, as all its records say."""
    polyline: str
    polyline_gcj02: str
    crs: str
    """Of `polyline`."""
    free_mps: float
    segment: Mapping[str, Any]
    """What the road segment made of it should say, but for the time."""
    lon: float
    lat: float
    """Of its true first vertex, WGS-84."""
    noise_m: tuple[float, float]

    def shown(
        self, record_id: str, end_s: float, record: dict[str, Any], flow: Mapping[str, Any], segment: Mapping[str, Any]
    ) -> Shown:
        """A record about the period that ended at `end_s`, which becomes a row of traffic_flow and a road segment."""
        at = Origin(self.section, self.lon, self.lat, end_s, self.noise_m, flow)
        rows = {"traffic_flow": (at,), "road_segment": (replace(at, values=segment),)}
        return Shown(record_id, end_s + PUBLISHED_AFTER_S, end_s, record, at, rows=rows)


def interval(target_id: str, kind: str, end_s: float, period_s: float = PERIOD_S) -> dict[str, Any]:
    """What a row of traffic_flow should say about what was measured, and when."""
    return {
        "source_id": target_id,
        "observed_at": end_s - period_s,
        "target_kind": kind,
        "target_id": target_id,
        "period_start": end_s - period_s,
        "period_end": float(end_s),
    }


@once_per_city
def sections(city: City) -> dict[str, Link]:
    """Per section, how the platform knows it."""
    draws, plane = city.draws(PLATFORM, "section"), city.plane()
    found: dict[str, Link] = {}
    roads: dict[tuple[str, str], int] = {}
    used: dict[int, int] = {}
    columns = rows_of(
        city.truth.sections, "section", "name_zh", "length_m", "free_speed_mps", "district_code", "lon", "lat"
    )
    for section, name, length_m, free_mps, district, lons, lats in columns:
        east = POSITION_SIGMA_M * draws.one_normal("east", section)
        north = POSITION_SIGMA_M * draws.one_normal("north", section)
        lon, lat = plane.shifted(np.array(lons), np.array(lats), np.full(len(lons), east), np.full(len(lats), north))
        line = list(zip(lon.tolist(), lat.tolist(), strict=True))
        is_gcj = draws.one("crs", section) < GCJ_SHARE
        in_gcj02 = _polyline(*gcj02.from_wgs84(lon, lat))
        x, y = plane.to_metres(np.array(lons), np.array(lats))
        angle = math.degrees(math.atan2(y[-1] - y[0], x[-1] - x[0])) % 360.0
        ahead = round(angle / 45.0) % 8
        road = roads.setdefault((district, name), len(roads) + 1)
        used[road] = used.get(road, 0) + 1
        link_id = f"{district}-{road:04d}-{used[road]:02d}"
        found[section] = Link(
            section=section,
            link_id=link_id,
            said={
                "roadName": name,
                "direction": f"由{WINDS[(ahead + 4) % 8]}向{WINDS[ahead]}",
                "angle": round(angle) % 360,
                "length": round(length_m),
            },
            polyline=in_gcj02 if is_gcj else _polyline(lon, lat),
            polyline_gcj02=in_gcj02,
            crs="GCJ02" if is_gcj else "WGS84",
            free_mps=free_mps,
            segment={
                "source_id": link_id,
                "name": name,
                "grain": "section",
                "heading_deg": (90.0 - angle) % 360.0,
                "length_m": length_m,
                "free_speed_mps": free_mps,
                "source_crs": "GCJ-02" if is_gcj else "EPSG:4326",
                "geometry": line,
            },
            lon=lons[0],
            lat=lats[0],
            noise_m=(east, north),
        )
    return found


def _polyline(lon: Floats, lat: Floats) -> str:
    return ";".join(f"{a:.6f},{b:.6f}" for a, b in zip(lon.tolist(), lat.tolist(), strict=True))
