"""What loop detectors count: one virtual loop per motor lane, upstream of a stop line."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pyarrow as pa

from citysim.measure.traffic import Ints, Traffic

PERIOD_S = 300

FLOW = pa.schema(
    {
        "asset": pa.string(),
        "interval_end_s": pa.int32(),
        "vehicle_count": pa.int32(),
        "heavy_vehicle_count": pa.int32(),
        "speed_mps": pa.float64(),
        "occupancy": pa.float64(),
        "headway_s": pa.float64(),
    }
)


def detector_flow(traffic: Traffic, assets: pa.Table, seconds: int) -> pa.Table:
    """One row per detector of `assets` and full period of the run; schema FLOW.

    A vehicle counts when its front passes the loop; its speed is that of this moment. Occupancy is the share of the
    whole seconds at which a vehicle stood over the loop. Headway is the mean time between fronts of one period.
    """
    loops = [row for row in assets.to_pylist() if row["kind"] == "detector"]
    lane_of = {(line.edge, line.lane_no): number for number, line in enumerate(traffic.lanes)}
    rows = []
    for loop in loops:
        lane = lane_of[(loop["edge"], loop["lane_no"])]
        at_m = traffic.lanes[lane].length_m - loop["stop_line_distance_m"]
        rows += _measured(traffic, traffic.motors_on(lane), loop["asset"], at_m, seconds)
    return pa.Table.from_pylist(rows, schema=FLOW)


def _measured(traffic: Traffic, rows: Ints, asset: str, at_m: float, seconds: int) -> list[dict[str, object]]:
    """rows: those of motor vehicles on the loop's lane, sorted by vehicle, then time."""
    front = traffic.along_m[rows]
    covers = (front >= at_m) & (front - traffic.length_m[rows] <= at_m)
    # The row before may lie on the lane beside it: whoever changed lanes there passed this loop or the other one.
    before = rows - 1
    is_one = (rows > 0) & (traffic.who[before] == traffic.who[rows]) & (traffic.edge[before] == traffic.edge[rows])
    passes = is_one & (traffic.along_m[before] < at_m) & (front >= at_m)
    passing, back = rows[passes], before[passes]
    step = traffic.along_m[passing] - traffic.along_m[back]
    share = (at_m - traffic.along_m[back]) / np.maximum(step, 1e-9)
    when = traffic.t_s[back] + share
    speed = traffic.speed_mps[back] + share * (traffic.speed_mps[passing] - traffic.speed_mps[back])
    found: list[dict[str, object]] = []
    for start, end in pairwise(range(0, seconds + 1, PERIOD_S)):
        inside = (when > start) & (when <= end)
        stood = np.unique(traffic.t_s[rows[covers & (traffic.t_s[rows] >= start) & (traffic.t_s[rows] < end)]])
        gaps = np.diff(np.sort(when[inside]))
        speed_mps = float(speed[inside].mean()) if inside.any() else math.nan
        found.append(
            {
                "asset": asset,
                "interval_end_s": end,
                "vehicle_count": int(inside.sum()),
                "heavy_vehicle_count": int(traffic.is_heavy[passing[inside]].sum()),
                "speed_mps": round(speed_mps, 3) if inside.any() else None,
                "occupancy": round(len(stood) / PERIOD_S, 5),
                "headway_s": round(float(gaps.mean()), 2) if len(gaps) else None,
            }
        )
    return found
