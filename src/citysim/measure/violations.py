"""Who ran a red light or drove too fast in front of an enforcement camera."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from citysim.measure.traffic import Ints, Traffic

SPEEDING_SHARE = 1.1
"""More than this share of the limit is speeding. Law begins to punish at a tenth over it."""

VIOLATIONS = pa.schema(
    {
        "violation": pa.string(),
        "kind": pa.string(),
        "t_s": pa.float64(),
        "participant": pa.int32(),
        "asset": pa.string(),
        "junction": pa.string(),
        "edge": pa.string(),
        "lane_no": pa.int32(),
        "speed_mps": pa.float64(),
        "limit_mps": pa.float64(),
        "x_cm": pa.int32(),
        "y_cm": pa.int32(),
    }
)

Row = Mapping[str, Any]


def violations(traffic: Traffic, lanes: pa.Table, movements: pa.Table, signals: pa.Table, assets: pa.Table) -> pa.Table:
    """Every violation of motor vehicles that a camera saw, in the order of time; schema VIOLATIONS.

    Red light: the front passed the stop line in front of an enforcement camera while the movement that the vehicle made
    had red; when it passed is worked out from its positions at the whole seconds before and after, so that who starts
    some tenths of a second before green is among them. Speeding: more than a tenth over the lane's limit, at the stop
    line in front of an enforcement camera or where a checkpoint stands. The position is that of the vehicle's middle
    at the last whole second before.
    """
    watched = [row for row in assets.to_pylist() if row["kind"] in ("enforcement_camera", "checkpoint")]
    limits = dict(zip(_lane_keys(lanes), lanes.column("speed_limit_mps").to_pylist(), strict=True))
    red = _RedTimes(signals)
    groups = {
        (row["from_edge"], row["from_lane_no"], row["to_edge"]): (row["junction"], row["signal_group"])
        for row in movements.to_pylist()
        if row["signal_group"] is not None
    }
    found: list[dict[str, Any]] = []
    for camera in watched:
        for row, onward, when, speed in _passages(traffic, camera):
            line = traffic.lanes[traffic.lane[row]]
            limit = limits[(line.edge, line.lane_no)]
            seen = {
                "t_s": round(when, 2),
                "participant": int(traffic.who[row]),
                "asset": camera["asset"],
                "junction": camera["junction"],
                "edge": line.edge,
                "lane_no": line.lane_no,
                "speed_mps": round(speed, 2),
                "limit_mps": limit,
                "x_cm": round(traffic.x_m[row] * 100),
                "y_cm": round(traffic.y_m[row] * 100),
            }
            if speed > SPEEDING_SHARE * limit:
                found.append({"kind": "speeding", **seen})
            group = groups.get((line.edge, line.lane_no, onward))
            if camera["kind"] == "enforcement_camera" and group and red.cover(group, when):
                found.append({"kind": "red_light", **seen})
    found.sort(key=lambda one: (one["t_s"], one["participant"], one["kind"]))
    numbered = [{"violation": f"W{number:04d}", **one} for number, one in enumerate(found, start=1)]
    return pa.Table.from_pylist(numbered, schema=VIOLATIONS)


class _RedTimes:
    """When which signal group showed red."""

    def __init__(self, signals: pa.Table) -> None:
        self._red: dict[tuple[str, int], list[tuple[float, float]]] = {}
        for row in signals.to_pylist():
            if row["light"] == "red":
                until = row["until_s"] if row["until_s"] is not None else float("inf")
                self._red.setdefault((row["junction"], row["signal_group"]), []).append((row["t_s"], until))

    def cover(self, group: tuple[str, int], moment_s: float) -> bool:
        """Whether it was red at the moment."""
        times = self._red.get(group, [])
        place = bisect_right(times, (moment_s, float("inf"))) - 1
        return place >= 0 and moment_s < times[place][1]


def _passages(traffic: Traffic, camera: Row) -> Iterable[tuple[int, str, float, float]]:
    """Whoever passed where the camera looks: the row before, the edge entered next, the moment, the speed."""
    for lane, line in enumerate(traffic.lanes):
        if line.edge != camera["edge"]:
            continue
        on_lane = traffic.motors_on(lane)
        if camera["kind"] == "checkpoint":
            at_m = line.length_m - camera["stop_line_distance_m"]
            rows = _before(traffic, on_lane, at_m)
        else:
            at_m = line.length_m
            rows = _leaving(traffic, on_lane)
        for row in rows.tolist():
            speeds = traffic.speed_mps[row], traffic.speed_mps[row + 1]
            # The two speeds tell where between the two seconds the line was passed.
            share = min(max((at_m - traffic.along_m[row]) / max((speeds[0] + speeds[1]) / 2, 0.1), 0.0), 1.0)
            speed = float(speeds[0] + share * (speeds[1] - speeds[0]))
            yield row, _next_edge(traffic, row), float(traffic.t_s[row] + share), speed


def _before(traffic: Traffic, rows: Ints, at_m: float) -> Ints:
    """Those of `rows` after which the same vehicle is past `at_m` on the same edge."""
    rows = rows[rows + 1 < len(traffic.who)]
    after = rows + 1
    is_one = (traffic.who[after] == traffic.who[rows]) & (traffic.lane[after] == traffic.lane[rows])
    passing: Ints = rows[is_one & (traffic.along_m[rows] < at_m) & (traffic.along_m[after] >= at_m)]
    return passing


def _leaving(traffic: Traffic, rows: Ints) -> Ints:
    """Those of `rows` after which the same vehicle is off every lane of its edge, and so past the stop line."""
    rows = rows[rows + 1 < len(traffic.who)]
    after = rows + 1
    is_one = traffic.who[after] == traffic.who[rows]
    leaving: Ints = rows[is_one & (traffic.edge[after] != traffic.edge[rows])]
    return leaving


def _next_edge(traffic: Traffic, row: int) -> str:
    """The edge that the vehicle of `row` is on next, after the one it is on; "" when its track ends before."""
    here, who = traffic.lanes[traffic.lane[row]].edge, traffic.who[row]
    after = row + 1
    while after < len(traffic.who) and traffic.who[after] == who:
        edge: str = traffic.lanes[traffic.lane[after]].edge if traffic.lane[after] >= 0 else here
        if edge != here:
            return edge
        after += 1
    return ""


def _lane_keys(lanes: pa.Table) -> Sequence[tuple[str, int]]:
    return list(zip(lanes.column("edge").to_pylist(), lanes.column("lane_no").to_pylist(), strict=True))
