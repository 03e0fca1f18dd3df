"""Vehicle detectors in the carriageway: where they lie, and what each counts in five minutes.

Units of this stream: km/h, vehicles per period, headways in seconds; the occupancy is a fraction here, not per cent as
in the flow of sections. Stamps are the end of the period, in Beijing time.
"""

from typing import Any

import numpy as np

from citysim import gcj02
from citysim.clock import beijing_text, interval_end_text
from citysim.faults import Weaknesses, whole
from citysim.views.city import City, Origin, Shown, View, once_per_city, rows_of, with_faults
from citysim.views.transport_info import (
    DOWN_SHARE,
    PERIOD_S,
    PLATFORM,
    PUBLISHED_AFTER_S,
    SPEED_SIGMA,
    interval,
    sections,
)

POSITION_SIGMA_M = 2.0
LISTED_S = -30 * 86_400.0
"""The list was made a month before the recording begins."""
ALWAYS = float("-inf")
KINDS = ((1, "coil", 0.7), (4, "microwave", 0.9), (2, "video", 1.0))
"""The platform's detectorType, what it means, and up to which draw a detector is of it."""

DETECTOR = Weaknesses(
    stream="detectors",
    fields=("detectorId", "detectorName", "detectorType", "laneNo", "distance", "lon", "lat", "updateTime"),
    sentinels={"lon": (0,), "lat": (0,), "distance": (-1,)},
    impossible={
        "laneNo": whole((100, 999), (-99, -1)),
        "distance": whole((60_000, 999_999), (-99, -2)),
        "lon": whole((181, 999)),
        "lat": whole((91, 999)),
    },
    codes={"detectorType": whole((20, 99))},
)
FLOW = Weaknesses(
    stream="detector_flow",
    fields=("detectorId", "laneNo", "statTime", "period", "flow", "largeVehFlow", "speed", "occupancy", "headway"),
    sentinels={
        "speed": (255,),
        "flow": (65535, -1),
        "occupancy": (-1,),
        "headway": (-1, 65535),
        "largeVehFlow": (65535,),
    },
    impossible={
        "speed": whole((300, 999), (-99, -2)),
        "flow": whole((2000, 60000), (-99, -2)),
        "occupancy": whole((2, 100), (-99, -2)),
        "headway": whole((-99, -2)),
    },
    codes={},
)  # fmt: skip


@once_per_city
def detectors(city: City) -> View:
    """Every detector, sorted by its number."""
    draws, plane = city.draws(PLATFORM, "detector"), city.plane()
    links, numbers = sections(city), detector_ids(city)
    of_edge = {edge: section for section, edges in rows_of(city.truth.sections, "section", "edges") for edge in edges}
    updated = beijing_text(city.moment(LISTED_S))
    records = []
    for asset, name, edge, lane_no, distance_m, true_lon, true_lat in _assets(city):
        noise = tuple(POSITION_SIGMA_M * draws.one_normal(axis, asset) for axis in ("east", "north"))
        lon, lat = gcj02.from_wgs84(*plane.shifted(*(np.array([value]) for value in (true_lon, true_lat, *noise))))
        word, kind = next((word, kind) for word, kind, below in KINDS if draws.one("kind", asset) < below)
        link_id = links[of_edge[edge]].link_id if edge in of_edge else None
        record = {
            "detectorId": numbers[asset],
            "detectorName": name,
            "detectorType": word,
            "linkId": link_id,
            "laneNo": lane_no,
            "distance": round(100 * distance_m),
            "lon": round(float(lon[0]), 6),
            "lat": round(float(lat[0]), 6),
            "updateTime": updated,
        }
        values = {
            "source_id": numbers[asset],
            "observed_at": LISTED_S,
            "facility_kind": "detector",
            "name": name,
            "serial_no": numbers[asset],
            "detector_kind": kind,
            "road_segment_id": link_id,
            "lane_no": lane_no,
            "stop_line_distance_m": distance_m,
            "source_crs": "GCJ-02",
        }
        origin = Origin(asset, true_lon, true_lat, noise_m=(noise[0], noise[1]), values=values)
        records.append(Shown(numbers[asset], ALWAYS, LISTED_S, record, origin))
    records.sort(key=lambda one: one.record_id)
    return with_faults(city, DETECTOR, records)


@once_per_city
def detector_flow(city: City) -> View:
    """Every detector and period, sorted by period and number."""
    draws, numbers = city.draws(PLATFORM, "detector_flow"), detector_ids(city)
    lanes = {asset: (lane_no, lon, lat) for asset, _, _, lane_no, _, lon, lat in _assets(city)}
    records = []
    columns = rows_of(
        city.truth.detector_flow,
        "asset",
        "interval_end_s",
        "vehicle_count",
        "heavy_vehicle_count",
        "speed_mps",
        "occupancy",
        "headway_s",
    )
    for asset, end_s, count, heavy, true_mps, covered, headway_s in columns:
        lane_no, lon, lat = lanes[asset]
        speed_mps = None
        if true_mps is not None:
            speed_mps = true_mps * (1.0 + SPEED_SIGMA * draws.one_normal("speed", asset, end_s))
        measured: dict[str, Any] = {
            "flow": count,
            "largeVehFlow": heavy,
            # A speed of 0 with a flow of 0 means that nobody passed.
            "speed": 0 if speed_mps is None else round(speed_mps * 3.6, 1),
            "occupancy": round(covered, 3),
            "headway": -1 if headway_s is None else round(headway_s, 1),
        }
        if draws.one("down", asset, end_s) < DOWN_SHARE:
            measured = {"flow": 65535, "largeVehFlow": 65535, "speed": 255, "occupancy": -1, "headway": 65535}
            count = heavy = speed_mps = covered = headway_s = None
        stamp = interval_end_text(city.moment(end_s))
        record = {
            "detectorId": numbers[asset],
            "laneNo": lane_no,
            "statTime": stamp,
            "period": PERIOD_S,
            **measured,
        }
        values = {
            **interval(numbers[asset], "detector", end_s),
            "lane_no": lane_no,
            "vehicle_count": count,
            "flow_vph": None if count is None else count * 3600.0 / PERIOD_S,
            "heavy_vehicle_count": heavy,
            "speed_mps": speed_mps,
            "occupancy": covered,
            "headway_s": headway_s,
        }
        origin = Origin(asset, lon, lat, float(end_s), values=values)
        shown = Shown(f"{numbers[asset]}@{stamp}", end_s + PUBLISHED_AFTER_S, float(end_s), record, origin)
        records.append(shown)
    records.sort(key=lambda one: (one.stamp_s, one.record_id))
    return with_faults(city, FLOW, records)


@once_per_city
def detector_ids(city: City) -> dict[str, str]:
    """Per detector of the truth, its number on the platform: eight digits with zeros in front, which are part of it."""
    taken = sorted(asset for asset, *_ in _assets(city))
    return {asset: f"{1000 + 7 * place:08d}" for place, asset in enumerate(taken)}


def _assets(city: City) -> list[tuple[str, str, str, int, float, float, float]]:
    """asset, name, edge, lane, distance to the stop line in metres, lon and lat of every detector."""
    names = ("kind", "asset", "name_zh", "edge", "lane_no", "stop_line_distance_m", "lon", "lat")
    return [tuple(rest) for kind, *rest in rows_of(city.truth.assets, *names) if kind == "detector"]
