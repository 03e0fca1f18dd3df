"""Bus lines, stops and timetables, as the buses of the demand drive them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from citysim.measure.traffic import LaneLine
from citysim.record.city import City, Point, edge_id
from citysim.record.fcd import Run
from citysim.record.trips import BUS_DWELL_S, BUS_HEADWAY_S, BUS_STOP_M, bus_runs, bus_stop_edges

SCHEDULED_MPS = 7.0
SCHEDULE_STEP_S = 10
KERB_M = 3.1
"""From the middle of the kerb lane to the sign on the sidewalk."""
JUNCTION_M = 28.0
"""Over a junction, from stop line to the next lane's beginning."""


@dataclass(frozen=True, slots=True)
class Stop:
    """One sign at the kerb."""

    stop: str
    name_zh: str
    edge: str
    point: Point


@dataclass(frozen=True, slots=True)
class Line:
    """One direction of a line; `calls` are (stop, scheduled seconds after departure)."""

    line: str
    direction: int
    name_zh: str
    participants: tuple[int, ...]
    edges: tuple[str, ...]
    calls: tuple[tuple[str, int], ...]

    @property
    def headway_s(self) -> int:
        """Scheduled seconds between two buses."""
        return int(BUS_HEADWAY_S)


def lines(city: City, run: Run, kerb: Mapping[str, LaneLine]) -> tuple[list[Line], list[Stop]]:
    """Every line in both directions, and every stop.

    kerb: per edge, its motor lane at the kerb.
    """
    found: list[Line] = []
    stops: list[Stop] = []
    for place, (prefix, route) in enumerate(bus_runs(city)):
        edges = tuple(edge_id(*edge) for edge in route)
        with_stop = {edge_id(*edge) for edge in bus_stop_edges(route)}
        calls: list[tuple[str, int]] = []
        ahead_m = 0.0
        for (start, end), edge in zip(route, edges, strict=True):
            if edge in with_stop:
                street, cross = city.row_names[end[1]], city.column_names[end[0]]
                name = f"{street}{cross}站" if start[1] == end[1] else f"{cross}{street}站"
                stops.append(Stop(f"BS{len(stops) + 1:03d}", name, edge, kerb[edge].point(BUS_STOP_M, KERB_M)))
                due_s = (ahead_m + BUS_STOP_M) / SCHEDULED_MPS + BUS_DWELL_S * len(calls)
                calls.append((stops[-1].stop, SCHEDULE_STEP_S * round(due_s / SCHEDULE_STEP_S)))
            ahead_m += kerb[edge].length_m + JUNCTION_M
        number = place // 2
        found.append(
            Line(f"L{number + 1:02d}", place % 2, f"{101 + number}路", _driven(run, prefix), edges, tuple(calls))
        )
    return found, stops


def _driven(run: Run, prefix: str) -> tuple[int, ...]:
    return tuple(number for number, name in enumerate(run.names) if name.startswith(prefix))
