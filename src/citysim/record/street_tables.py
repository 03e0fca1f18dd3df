"""Lanes, signals, buses, parking, assets and controls as the recording's tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pyarrow as pa

from citysim.record.assets import Asset
from citysim.record.buses import Line, Stop
from citysim.record.city import City, Point
from citysim.record.controls import Control
from citysim.record.fcd import Run
from citysim.record.lights import Light
from citysim.record.network import Lane, Movement
from citysim.record.parkings import Parking

Row = Mapping[str, Any]
CM_LIST = pa.list_(pa.int32())

LANES = pa.schema(
    {
        "lane": pa.string(),
        "edge": pa.string(),
        "lane_no": pa.int32(),
        "width_m": pa.float64(),
        "speed_limit_mps": pa.float64(),
        "is_motor": pa.bool_(),
        "x_cm": CM_LIST,
        "y_cm": CM_LIST,
    }
)
MOVEMENTS = pa.schema(
    {
        "movement": pa.string(),
        "junction": pa.string(),
        "from_edge": pa.string(),
        "from_lane_no": pa.int32(),
        "to_edge": pa.string(),
        "to_lane_no": pa.int32(),
        "turn": pa.string(),
        "signal_group": pa.int32(),
    }
)
SIGNALS = pa.schema(
    {
        "junction": pa.string(),
        "signal_group": pa.int32(),
        "t_s": pa.float64(),
        "light": pa.string(),
        "until_s": pa.float64(),
    }
)
BUS_LINES = pa.schema(
    {
        "line": pa.string(),
        "direction": pa.int32(),
        "name_zh": pa.string(),
        "headway_s": pa.int32(),
        "participants": pa.list_(pa.int32()),
        "edges": pa.list_(pa.string()),
    }
)
BUS_STOPS = pa.schema(
    {"stop": pa.string(), "name_zh": pa.string(), "edge": pa.string(), "x_cm": pa.int32(), "y_cm": pa.int32()}
)
BUS_LINE_STOPS = pa.schema(
    {
        "line": pa.string(),
        "direction": pa.int32(),
        "stop_seq": pa.int32(),
        "stop": pa.string(),
        "offset_s": pa.int32(),
    }
)
PARKINGS = pa.schema(
    {
        "parking": pa.string(),
        "name_zh": pa.string(),
        "capacity": pa.int32(),
        "charging_space_count": pa.int32(),
        "edge": pa.string(),
        "district_code": pa.string(),
        "x_cm": pa.int32(),
        "y_cm": pa.int32(),
        "ring_x_cm": CM_LIST,
        "ring_y_cm": CM_LIST,
    }
)
ASSETS = pa.schema(
    {
        "asset": pa.string(),
        "kind": pa.string(),
        "name_zh": pa.string(),
        "junction": pa.string(),
        "edge": pa.string(),
        "lane_no": pa.int32(),
        "stop_line_distance_m": pa.float64(),
        "mount": pa.string(),
        "sign_kind": pa.string(),
        "height_m": pa.float64(),
        "x_cm": pa.int32(),
        "y_cm": pa.int32(),
    }
)
CONTROLS = pa.schema(
    {
        "control": pa.string(),
        "kind": pa.string(),
        "edge": pa.string(),
        "from_s": pa.int32(),
        "to_s": pa.int32(),
        "time_of_day": pa.string(),
        "lanes": pa.string(),
        "limit_mps": pa.float64(),
    }
)


def lanes(built: Sequence[Lane]) -> pa.Table:
    """One row per lane, sidewalks included."""
    rows = [
        {
            "lane": lane.lane,
            "edge": lane.edge,
            "lane_no": lane.lane_no,
            "width_m": lane.width_m,
            "speed_limit_mps": lane.speed_limit_mps,
            "is_motor": lane.is_motor,
            **_line(lane.line),
        }
        for lane in built
    ]
    return pa.Table.from_pylist(rows, schema=LANES)


def movements(found: Sequence[Movement]) -> pa.Table:
    """One row per way over a junction."""
    rows = [{"movement": f"M{number:04d}", **asdict(one)} for number, one in enumerate(found, start=1)]
    return pa.Table.from_pylist(rows, schema=MOVEMENTS)


def signals(shown: Sequence[Light]) -> pa.Table:
    """One row per light of a group."""
    return pa.Table.from_pylist([asdict(light) for light in shown], schema=SIGNALS)


def stays(run: Run, built: Sequence[Lane]) -> pa.Table:
    """Who was on which lane from when to when: one row per while, packed as the tracks are.

    Columns: participant, lane (place in `built`), first_s, last_s; int32, each the difference to the row before.
    """
    place = {lane.lane: number for number, lane in enumerate(built)}
    of_name = np.array([*(place[name] for name in run.lane_names), -1], dtype=np.int64)
    lane = of_name[run.lane]
    begins = np.concatenate(([True], (lane[1:] != lane[:-1]) | (run.who[1:] != run.who[:-1])))
    first = np.flatnonzero(begins)
    last = np.concatenate((first[1:] - 1, [len(lane) - 1]))
    is_on = lane[first] >= 0
    first, last = first[is_on], last[is_on]
    columns = {"participant": run.who[first], "lane": lane[first], "first_s": run.t_s[first], "last_s": run.t_s[last]}
    packed = {name: np.diff(values, prepend=np.int64(0)).astype(np.int32) for name, values in columns.items()}
    return pa.table({name: pa.array(values) for name, values in packed.items()})


def bus_lines(found: Sequence[Line]) -> pa.Table:
    """One row per line and direction."""
    rows = [
        {
            "line": line.line,
            "direction": line.direction,
            "name_zh": line.name_zh,
            "headway_s": line.headway_s,
            "participants": list(line.participants),
            "edges": list(line.edges),
        }
        for line in found
    ]
    return pa.Table.from_pylist(rows, schema=BUS_LINES)


def bus_stops(found: Sequence[Stop]) -> pa.Table:
    """One row per stop sign."""
    rows = [{"stop": s.stop, "name_zh": s.name_zh, "edge": s.edge, **_point(s.point)} for s in found]
    return pa.Table.from_pylist(rows, schema=BUS_STOPS)


def bus_line_stops(found: Sequence[Line]) -> pa.Table:
    """One row per call of a line and direction at a stop, in driving order."""
    rows = [
        {"line": line.line, "direction": line.direction, "stop_seq": seq, "stop": stop, "offset_s": offset_s}
        for line in found
        for seq, (stop, offset_s) in enumerate(line.calls, start=1)
    ]
    return pa.Table.from_pylist(rows, schema=BUS_LINE_STOPS)


def parkings(city: City, found: Sequence[Parking]) -> pa.Table:
    """One row per facility."""
    rows = [
        {
            "parking": one.parking,
            "name_zh": one.name_zh,
            "capacity": one.capacity,
            "charging_space_count": one.charging_space_count,
            "edge": one.edge,
            "district_code": city.district(one.point),
            **_point(one.point),
            **{f"ring_{name}": values for name, values in _line(one.ring).items()},
        }
        for one in found
    ]
    return pa.Table.from_pylist(rows, schema=PARKINGS)


def assets(found: Sequence[Asset]) -> pa.Table:
    """One row per thing at the roadside."""
    return pa.Table.from_pylist([{**asdict(one), **_point(one.point)} for one in found], schema=ASSETS)


def controls(found: Sequence[Control]) -> pa.Table:
    """One row per order."""
    return pa.Table.from_pylist([asdict(one) for one in found], schema=CONTROLS)


def _point(point: Point) -> Row:
    return {"x_cm": round(point[0] * 100), "y_cm": round(point[1] * 100)}


def _line(line: Sequence[Point]) -> Row:
    return {"x_cm": [round(x * 100) for x, _ in line], "y_cm": [round(y * 100) for _, y in line]}
