"""The tracks as arrays, with the lane each road user is on and how far along it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

MOTOR = ("passenger", "truck", "bus")
HEAVY = ("truck", "bus")

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class LaneLine:
    """The middle of one lane in local metres, in driving direction."""

    edge: str
    lane_no: int
    x_m: Floats
    y_m: Floats
    at_m: Floats
    """How far along each vertex lies."""

    @property
    def length_m(self) -> float:
        """From junction to stop line."""
        return float(self.at_m[-1])

    def along(self, x_m: Floats, y_m: Floats) -> Floats:
        """How far along the lane n points are: the place of the nearest point of the line, in metres."""
        best = np.full(len(x_m), np.inf)
        found = np.zeros(len(x_m))
        last = len(self.at_m) - 2
        for piece, (start, end) in enumerate(zip(self.at_m[:-1], self.at_m[1:], strict=True)):
            long = end - start
            way_x, way_y = (
                (self.x_m[piece + 1] - self.x_m[piece]) / long,
                (self.y_m[piece + 1] - self.y_m[piece]) / long,
            )
            ahead = (x_m - self.x_m[piece]) * way_x + (y_m - self.y_m[piece]) * way_y
            # Beyond both ends the line goes straight on: a bumper may stand past the stop line.
            ahead = np.clip(ahead, -np.inf if piece == 0 else 0.0, np.inf if piece == last else long)
            off = np.hypot(x_m - self.x_m[piece] - ahead * way_x, y_m - self.y_m[piece] - ahead * way_y)
            nearer = off < best
            best[nearer], found[nearer] = off[nearer], start + ahead[nearer]
        return found

    def point(self, at_m: float, right_m: float = 0.0) -> tuple[float, float]:
        """The point `at_m` along the lane, `right_m` metres to the right of its middle."""
        piece = int(np.clip(np.searchsorted(self.at_m, at_m) - 1, 0, len(self.at_m) - 2))
        long = self.at_m[piece + 1] - self.at_m[piece]
        way_x, way_y = (self.x_m[piece + 1] - self.x_m[piece]) / long, (self.y_m[piece + 1] - self.y_m[piece]) / long
        ahead = at_m - self.at_m[piece]
        x_m = self.x_m[piece] + ahead * way_x + right_m * way_y
        y_m = self.y_m[piece] + ahead * way_y - right_m * way_x
        return float(x_m), float(y_m)


@dataclass(frozen=True, slots=True)
class Traffic:
    """n rows, one per road user and second, sorted by road user, then time."""

    who: Ints
    t_s: Ints
    x_m: Floats
    y_m: Floats
    """n positions of the middle of the outline."""
    speed_mps: Floats
    heading_deg: Floats
    length_m: Floats
    is_motor: Bools
    is_heavy: Bools
    lane: Ints
    """n places in `lanes`; -1: on none, in a junction or on foot."""
    along_m: Floats
    """How far the front is along the lane; NaN on none."""
    edge: Ints
    """n numbers of the lane's edge, the same for all lanes of one; -1: on none."""
    lanes: tuple[LaneLine, ...]
    by_lane: Ints
    """The rows sorted by lane, those of one lane as they are here."""
    lane_bounds: Ints
    """Where each lane begins in `by_lane`, and the last one ends."""
    stays: pa.Table
    """participant, lane (place in `lanes`), first_s, last_s; sorted by participant, then time."""

    def motors_on(self, lane: int) -> Ints:
        """The rows of motor vehicles on a lane, sorted by vehicle, then time."""
        rows = self.by_lane[self.lane_bounds[lane] : self.lane_bounds[lane + 1]]
        motors: Ints = rows[self.is_motor[rows]]
        return motors


def lane_lines(lanes: pa.Table) -> tuple[LaneLine, ...]:
    """The lines of a truth's `lanes`, in their order."""
    columns = (lanes.column(name).to_pylist() for name in ("edge", "lane_no", "x_m", "y_m"))
    return tuple(_line(*row) for row in zip(*columns, strict=True))


def traffic(tracks: pa.Table, stays: pa.Table, participants: pa.Table, lanes: pa.Table) -> Traffic:
    """The traffic of a truth's tables. The participants may be any choice of those recorded."""
    lines = lane_lines(lanes)
    order = np.lexsort((tracks.column("t_s").to_numpy(), tracks.column("participant").to_numpy()))
    who, t_s = (tracks.column(name).to_numpy()[order].astype(np.int64) for name in ("participant", "t_s"))
    x_m, y_m, speed, heading = (
        tracks.column(name).to_numpy()[order].astype(np.float64) for name in ("x_m", "y_m", "speed_mps", "heading_deg")
    )
    numbers = participants.column("participant").to_numpy()
    place = np.searchsorted(numbers, who)
    kinds = np.array(participants.column("kind").to_pylist())
    length = participants.column("length_m").to_numpy().astype(np.float64)[place]
    lane = _lane_of_rows(who, t_s, stays)
    edges = {edge: number for number, edge in enumerate(dict.fromkeys(line.edge for line in lines))}
    # One more than the lanes, so that the -1 of "on no lane" finds a -1 too.
    edge_of = np.array([*(edges[line.edge] for line in lines), -1], dtype=np.int64)
    by_lane = np.argsort(lane, kind="stable")
    bounds = np.searchsorted(lane[by_lane], np.arange(len(lines) + 1))
    front_x = x_m + length / 2 * np.sin(np.radians(heading))
    front_y = y_m + length / 2 * np.cos(np.radians(heading))
    return Traffic(
        who=who,
        t_s=t_s,
        x_m=x_m,
        y_m=y_m,
        speed_mps=speed,
        heading_deg=heading,
        length_m=length,
        is_motor=np.isin(kinds, MOTOR)[place],
        is_heavy=np.isin(kinds, HEAVY)[place],
        lane=lane,
        along_m=_along(lines, by_lane, bounds, front_x, front_y),
        edge=edge_of[lane],
        lanes=lines,
        by_lane=by_lane,
        lane_bounds=bounds,
        stays=stays,
    )


def _line(edge: str, lane_no: int, x_m: Sequence[float], y_m: Sequence[float]) -> LaneLine:
    x, y = np.array(x_m), np.array(y_m)
    return LaneLine(edge, lane_no, x, y, np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(x), np.diff(y))))))


def _lane_of_rows(who: Ints, t_s: Ints, stays: pa.Table) -> Ints:
    """Tracks have no gaps, so a stay is a run of rows that begins a known number of rows after its track does."""
    stayed, lane, first, last = (
        stays.column(name).to_numpy().astype(np.int64) for name in ("participant", "lane", "first_s", "last_s")
    )
    track = np.searchsorted(who, stayed)
    begin, count = track + first - t_s[track], last - first + 1
    steps = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    found = np.full(len(who), -1, dtype=np.int64)
    found[np.repeat(begin, count) + steps] = np.repeat(lane, count)
    return found


def _along(lines: Sequence[LaneLine], by_lane: Ints, bounds: Ints, front_x: Floats, front_y: Floats) -> Floats:
    along = np.full(len(by_lane), np.nan)
    for number, line in enumerate(lines):
        rows = by_lane[bounds[number] : bounds[number + 1]]
        if len(rows):
            along[rows] = line.along(front_x[rows], front_y[rows])
    return along
