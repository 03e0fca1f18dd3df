"""What SUMO's floating car data say of everybody, second by second, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from citysim.record.trips import KIND_OF, Kind

STANDSTILL_MPS = 0.1
LEAP_M = 6.0
"""More than the speeds explain in one second, a change of lanes included."""
STANDSTILL_STEP_M = 0.3
"""SUMO moves a vehicle that changes lanes sideways at once, even at speed 0: that is no standing."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Run:
    """n rows, one per road user and second, sorted by road user, then time."""

    names: tuple[str, ...]
    """SUMO's id of each road user; its place here is its number. After a leap (see `read`) "+1" stands behind it."""
    kinds: tuple[Kind, ...]
    """Of each road user."""
    who: Ints
    """n numbers of road users."""
    t_s: Ints
    """n seconds from the recording's first."""
    x_m: Floats
    y_m: Floats
    """n positions of the middle of the outline."""
    speed_mps: Floats
    heading_deg: Floats
    edge_names: tuple[str, ...]
    edge: Ints
    """n places in `edge_names`: the edge a vehicle is on; inside a junction the one it came from; -1: none yet."""
    is_in_junction: NDArray[np.bool_]
    lane_names: tuple[str, ...]
    lane: Ints
    """n places in `lane_names`, SUMO's ids of lanes between junctions; -1: on none of them."""

    def rows_of(self, name: str) -> slice:
        """The rows of one road user; empty when it never appeared."""
        if name not in self.names:
            return slice(0, 0)
        number = self.names.index(name)
        return slice(int(np.searchsorted(self.who, number)), int(np.searchsorted(self.who, number + 1)))


@dataclass(frozen=True, slots=True)
class Standstill:
    """A while without moving: seconds from the first to the last row that stands."""

    name: str
    start_s: int
    end_s: int
    x_m: float
    y_m: float
    edge: str


def read(path: Path, begin_s: int, seconds: int) -> Run:
    """The rows of `path` from SUMO's second `begin_s` on, for `seconds` seconds.

    SUMO gives the middle of the front bumper; half a length behind it along the heading lies the middle.
    SUMO lifts a vehicle out of a jam and sets it down elsewhere; nobody can leap, so here one leaves the city and
    another comes.
    """
    table = pq.read_table(path)
    table = table.filter(
        pc.and_(pc.greater_equal(table["timestep_time"], begin_s), pc.less(table["timestep_time"], begin_s + seconds))
    )
    coded = table["vehicle_id"].combine_chunks().dictionary_encode()
    names = tuple(coded.dictionary.to_pylist())  # in order of first appearance
    who = coded.indices.to_numpy().astype(np.int64)
    t_s = np.rint(table["timestep_time"].to_numpy()).astype(np.int64) - begin_s
    types = table["vehicle_type"].combine_chunks().dictionary_encode()
    type_of = np.zeros(len(names), dtype=np.int64)
    type_of[who] = types.indices.to_numpy()
    kinds = tuple(KIND_OF[types.dictionary[int(code)].as_py()] for code in type_of)
    heading = table["vehicle_angle"].to_numpy().astype(np.float64) % 360
    back = np.array([kind.length_m / 2 for kind in kinds])[who]
    x_m = table["vehicle_x"].to_numpy() - back * np.sin(np.radians(heading))
    y_m = table["vehicle_y"].to_numpy() - back * np.cos(np.radians(heading))
    coded_lanes = table["vehicle_lane"].combine_chunks().dictionary_encode()
    edge_names, edge = _edges(coded_lanes)
    lane_names, lane = _lanes(coded_lanes)
    order = np.lexsort((t_s, who))
    who, t_s, x_m, y_m = who[order], t_s[order], x_m[order], y_m[order]
    speed = table["vehicle_speed"].to_numpy().astype(np.float64)[order]
    pieces = _pieces(who, t_s, x_m, y_m, speed)
    old = who[np.searchsorted(pieces, np.arange(pieces[-1] + 1))]
    number = np.arange(len(old)) - np.searchsorted(old, old)
    return Run(
        names=tuple(f"{names[o]}+{n}" if n else names[o] for o, n in zip(old, number, strict=True)),
        kinds=tuple(kinds[o] for o in old),
        who=pieces,
        t_s=t_s,
        x_m=x_m,
        y_m=y_m,
        speed_mps=speed,
        heading_deg=heading[order],
        edge_names=edge_names,
        edge=_carried_on(edge[order], pieces),
        is_in_junction=edge[order] < 0,
        lane_names=lane_names,
        lane=lane[order],
    )


def standstills(run: Run, name: str) -> list[Standstill]:
    """Every while that road user `name` stood still."""
    rows = run.rows_of(name)
    is_slow = run.speed_mps[rows] < STANDSTILL_MPS
    step = np.hypot(np.diff(run.x_m[rows]), np.diff(run.y_m[rows]))
    slides = is_slow[:-1] & is_slow[1:] & (step > STANDSTILL_STEP_M)
    # The last row before a slide counts as moving, so that the slide parts one standstill into two.
    is_still = is_slow & ~np.append(slides, False)[: len(is_slow)]
    stands = np.concatenate(([False], is_still, [False])).astype(np.int8)
    first, after = np.flatnonzero(np.diff(stands) == 1), np.flatnonzero(np.diff(stands) == -1)
    found = []
    for start, end in zip(first + rows.start, after + rows.start - 1, strict=True):
        edge = run.edge_names[run.edge[start]] if run.edge[start] >= 0 else ""
        found.append(Standstill(name, int(run.t_s[start]), int(run.t_s[end]), run.x_m[start], run.y_m[start], edge))
    return found


def _pieces(who: Ints, t_s: Ints, x_m: Floats, y_m: Floats, speed_mps: Floats) -> Ints:
    """Each row's number of an unbroken track: `who`, parted at leaps and gaps."""
    step = np.hypot(np.diff(x_m), np.diff(y_m))
    is_leap = step > np.maximum(speed_mps[1:], speed_mps[:-1]) + LEAP_M
    starts = (np.diff(who) != 0) | (np.diff(t_s) != 1) | is_leap
    pieces: Ints = np.concatenate(([0], np.cumsum(starts)))
    return pieces


def _edges(lanes: Any) -> tuple[tuple[str, ...], Ints]:
    """Edge names, and each row's place among them; -1 on a lane inside a junction or on none."""
    lane_names = lanes.dictionary.to_pylist()
    of_lane = [lane.rsplit("_", 1)[0] if lane and not lane.startswith(":") else "" for lane in lane_names]
    edge_names = tuple(sorted({name for name in of_lane if name}))
    place = {name: number for number, name in enumerate(edge_names)}
    codes = np.array([place.get(name, -1) for name in of_lane], dtype=np.int64)
    indices = lanes.indices.fill_null(-1).to_numpy()
    return edge_names, np.where(indices < 0, -1, codes[indices])


def _lanes(coded: Any) -> tuple[tuple[str, ...], Ints]:
    """Names of lanes between junctions, and each row's place among them; -1 on any other lane or on none."""
    given = coded.dictionary.to_pylist()
    names = tuple(sorted({name for name in given if name and not name.startswith(":")}))
    place = {name: number for number, name in enumerate(names)}
    # One more than the names, so that the -1 of "on no lane" finds a -1 too.
    codes = np.array([*(place.get(name, -1) for name in given), -1], dtype=np.int64)
    return names, codes[coded.indices.fill_null(-1).to_numpy()]


def _carried_on(edge: Ints, who: Ints) -> Ints:
    """`edge` with -1 replaced by the same road user's last edge before."""
    place = np.where(edge >= 0, np.arange(len(edge)), -1)
    first = np.concatenate(([True], who[1:] != who[:-1]))
    starts = np.maximum.accumulate(np.where(first, np.arange(len(edge)), 0))
    last = np.maximum.accumulate(place)
    return np.where(last >= starts, edge[np.maximum(last, 0)], -1)
