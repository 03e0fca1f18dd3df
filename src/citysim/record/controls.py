"""Traffic controls in force: closures, bans, limits, as the police would have ordered them."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from citysim.measure.traffic import Ints
from citysim.record.city import LANES, SPEED_MPS, City, edge_id

DAY_S = 86400
WORK_LIMIT_SHARE = 0.6
MOST_CLOSED = 4


@dataclass(frozen=True, slots=True)
class Control:
    """One order. Times are seconds of the recording and may lie outside of it; to_s None: until further notice."""

    control: str
    kind: str
    edge: str
    from_s: int
    to_s: int | None
    time_of_day: str | None = None
    lanes: str | None = None
    limit_mps: float | None = None


def order(city: City, bus_edges: Sequence[str], entered_s: Mapping[str, Ints], seconds: int) -> list[Control]:
    """About thirty orders. A closure in force during the recording lies where nobody drove at that time.

    entered_s: per edge, the seconds at which vehicles came onto it.
    """
    draw = random.Random(f"controls {city.seed}")
    classes = {
        edge_id(*ends): link.road_class
        for link in city.links
        for ends in ((link.start, link.end), (link.end, link.start))
    }
    branches = sorted(edge for edge, name in classes.items() if name == "branch")
    wide = sorted(edge for edge, name in classes.items() if LANES[name] == 3)
    found: list[Control] = []

    def add(kind: str, edge: str, from_s: int, to_s: int | None, **known: object) -> None:
        found.append(Control(f"G{len(found) + 1:03d}", kind, edge, from_s, to_s, **known))  # type: ignore[arg-type]

    for edge, from_s, to_s in _quiet(draw, branches, entered_s, seconds):
        add("closure", edge, from_s, to_s)
    for edge in _some(draw, wide, 3):
        night = DAY_S // 2 + draw.randrange(0, 7200, 600)
        add("closure", edge, night, night + 6 * 3600)
    for edge in _some(draw, wide, 5):
        begin = -draw.randrange(600, 6 * 3600, 300)
        add("lane_ban", edge, begin, begin + 10 * 3600, lanes=str(draw.randrange(1, 4)))
    for edge in _some(draw, sorted(set(bus_edges)), 6):
        add(
            "bus_lane", edge, -draw.randrange(30, 300) * DAY_S, None,
            time_of_day="07:00-09:00,17:00-19:00", lanes=str(LANES[classes[edge]]),
        )  # fmt: skip
    for edge in _some(draw, branches, 4):
        add("one_way", edge, -draw.randrange(30, 300) * DAY_S, None, time_of_day="22:00-06:00")
    for edge in _some(draw, wide, 5):
        begin = -draw.randrange(1, 9) * DAY_S
        limit = round(SPEED_MPS[classes[edge]] * WORK_LIMIT_SHARE * 3.6 / 10) * 10 / 3.6
        add("speed_limit", edge, begin, begin + draw.randrange(10, 30) * DAY_S, limit_mps=round(limit, 2))
    for edge in _some(draw, wide, 5):
        add("truck_ban", edge, -draw.randrange(100, 900) * DAY_S, None, time_of_day="07:00-22:00")
    return found


def _some(draw: random.Random, edges: Sequence[str], count: int) -> list[str]:
    """`count` of the edges, or all of a city that has fewer."""
    return draw.sample(edges, min(count, len(edges)))


def _quiet(
    draw: random.Random, edges: Sequence[str], entered_s: Mapping[str, Ints], seconds: int
) -> list[tuple[str, int, int]]:
    """Up to MOST_CLOSED edges, each with a while of the recording in which no vehicle came onto it."""
    found = []
    for edge in draw.sample(edges, len(edges)):
        from_s = draw.randrange(120, max(seconds // 2, 121), 60)
        to_s = from_s + draw.randrange(300, 900, 60)
        came = entered_s.get(edge)
        if came is None or not ((came >= from_s - 60) & (came < to_s)).any():
            found.append((edge, from_s, to_s))
        if len(found) == MOST_CLOSED:
            break
    return found
