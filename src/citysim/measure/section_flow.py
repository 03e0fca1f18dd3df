"""What passed on each road section in five minutes."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from citysim.measure.traffic import Floats, Ints, Traffic

PERIOD_S = 300


def section_flow(traffic: Traffic, sections: pa.Table, edges: pa.Table, seconds: int) -> pa.Table:
    """A truth's `section_flow`, measured again as `citysim.record.sections.measure` measured it on the whole run."""
    names = sections.column("section").to_pylist()
    periods = seconds // PERIOD_S
    on = _section_of_rows(traffic, sections)
    comes_on = np.concatenate(([True], (on[1:] != on[:-1]) | (traffic.who[1:] != traffic.who[:-1])))
    is_counted = (on >= 0) & traffic.is_motor & (traffic.t_s < periods * PERIOD_S)
    cell = np.where(is_counted, on * periods + np.minimum(traffic.t_s // PERIOD_S, periods - 1), -1)

    def total(chosen: Ints, weights: Floats | None = None) -> Floats:
        given = None if weights is None else weights[chosen]
        found: Floats = np.bincount(cell[chosen], weights=given, minlength=len(names) * periods).astype(np.float64)
        return found

    inside = np.flatnonzero(cell >= 0)
    # Whoever is on a section in the first second came onto it before the recording.
    entering = inside[comes_on[inside] & (traffic.t_s[inside] > 0)]
    on_lanes = inside[traffic.lane[inside] >= 0]
    time_s, metres = total(on_lanes), total(on_lanes, traffic.speed_mps)
    occupied = total(on_lanes, traffic.length_m) / np.repeat(_lane_metres(sections, edges) * PERIOD_S, periods)
    speed = np.round(metres / np.maximum(time_s, 1.0), 3)
    ends = np.tile(np.arange(1, periods + 1) * PERIOD_S, len(names))
    return pa.table(
        {
            "section": pa.array(np.repeat(np.array(names), periods).tolist()),
            "interval_end_s": pa.array(ends, pa.int32()),
            "vehicle_count": pa.array(total(entering).astype(np.int32)),
            "heavy_vehicle_count": pa.array(total(entering[traffic.is_heavy[entering]]).astype(np.int32)),
            "speed_mps": pa.array(speed, mask=time_s == 0),
            "occupancy": pa.array(np.round(np.minimum(occupied, 1.0), 5)),
        }
    )


def _section_of_rows(traffic: Traffic, sections: pa.Table) -> Ints:
    """For every row the place of its section, that of the last lane before while in a junction; -1: on none."""
    place = {edge: number for number, edges in enumerate(sections.column("edges").to_pylist()) for edge in edges}
    # One more than the lanes, so that the -1 of "on no lane" finds a -1 too.
    of_lane = np.array([*(place.get(line.edge, -1) for line in traffic.lanes), -1], dtype=np.int64)
    rows = np.arange(len(traffic.who))
    starts = np.maximum.accumulate(np.where(np.concatenate(([True], traffic.who[1:] != traffic.who[:-1])), rows, 0))
    last = np.maximum.accumulate(np.where(traffic.lane >= 0, rows, -1))
    return np.where(last >= starts, of_lane[traffic.lane[np.maximum(last, 0)]], -1)


def _lane_metres(sections: pa.Table, edges: pa.Table) -> Floats:
    metres = {
        row["edge"]: row["length_m"] * row["lane_count"]
        for row in edges.select(["edge", "length_m", "lane_count"]).to_pylist()
    }
    return np.array([sum(metres[edge] for edge in names) for names in sections.column("edges").to_pylist()])
