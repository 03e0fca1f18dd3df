"""The accidents that did happen in a run: the scripted ones, the collisions SUMO saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from citysim.record import sumo
from citysim.record.city import Point, metres_between
from citysim.record.fcd import Run, Standstill, standstills
from citysim.record.incidents import Incident
from citysim.record.sections import PERIOD_S, Flow, Section

ONE_PLACE_M = 12.0
"""Vehicles further apart make no one scene."""
TOGETHER_S = 20
"""Vehicles of one accident come to a stop within this time."""
SHORTEST_COLLISION_S = 30
DIP_SHARE = 0.75
DIP_MPS = 1.0
LEAST_OVERLAP_S = 60


@dataclass(frozen=True, slots=True)
class Accident:
    """Vehicles that stand at one place; times in seconds from the recording's first."""

    t_s: float
    cleared_s: float | None
    point: Point
    edge: str
    kind: str
    names: tuple[str, ...]
    dip_section: str | None = None


def scripted(run: Run, incidents: Sequence[Incident], seconds: int) -> list[Accident]:
    """Those incidents whose two vehicles stopped beside one another."""
    found = []
    for incident in incidents:
        longest = [
            max(standstills(run, name), key=lambda still: still.end_s - still.start_s, default=None)
            for name in incident.vehicles
        ]
        stills = [still for still in longest if still is not None and still.edge == incident.edge]
        if len(stills) == 2 and (accident := _scene(stills, "scripted", seconds)) is not None:
            found.append(accident)
    return found


def collisions(run: Run, collision_file: Path, begin_s: int, seconds: int) -> list[Accident]:
    """SUMO's collisions where both stood still together for at least half a minute, each pair once."""
    found: list[Accident] = []
    involved: set[str] = set()
    for event in sumo.written(collision_file).iter("collision"):
        names = (event.attrib["collider"], event.attrib["victim"])
        t_s = float(event.attrib["time"]) - begin_s
        if t_s < 0 or involved & set(names):
            continue
        stills = [
            still
            for name in names
            for still in standstills(run, name)
            if still.end_s - still.start_s >= SHORTEST_COLLISION_S and still.start_s - 15 <= t_s <= still.start_s + 60
        ]
        if len(stills) == 2 and (accident := _scene(stills, "collision", seconds)) is not None:
            found.append(accident)
            involved |= set(names)
    return found


def with_dip(accident: Accident, sections: Sequence[Section], flows: Sequence[Flow]) -> Accident:
    """`accident` with the section whose speed it dented: its own, else the one that leads to it; or none.

    A dent is a period that overlaps the standing by a minute or more, at most three quarters of the mean of the
    periods before, and at least 1 m/s slower.
    """
    speeds: dict[str, dict[int, float]] = {}
    for flow in flows:
        if flow.speed_mps is not None:
            speeds.setdefault(flow.section, {})[flow.interval_end_s] = flow.speed_mps
    for section in _along(accident.edge, sections):
        if _is_dented(speeds.get(section.section, {}), accident):
            return replace(accident, dip_section=section.section)
    return accident


def ids(accidents: Sequence[Accident]) -> Mapping[str, Accident]:
    """Accidents by id, in the order they happened."""
    ordered = sorted(accidents, key=lambda accident: (accident.t_s, accident.names))
    return {f"A{number + 1:03d}": accident for number, accident in enumerate(ordered)}


def _scene(stills: Sequence[Standstill], kind: str, seconds: int) -> Accident | None:
    first, second = stills
    starts, ends = (first.start_s, second.start_s), (first.end_s, second.end_s)
    together = max(starts) < min(ends) and abs(starts[0] - starts[1]) <= TOGETHER_S
    if not first.edge or not together or metres_between((first.x_m, first.y_m), (second.x_m, second.y_m)) > ONE_PLACE_M:
        return None
    return Accident(
        t_s=float(max(starts)),
        cleared_s=float(min(ends) + 1) if min(ends) + 1 < seconds else None,
        point=((first.x_m + second.x_m) / 2, (first.y_m + second.y_m) / 2),
        edge=first.edge,
        kind=kind,
        names=(first.name, second.name),
    )


def _along(edge: str, sections: Sequence[Section]) -> list[Section]:
    """The section that holds `edge`, then the one before it on the same street and direction."""
    own = [section for section in sections if edge in section.edges]
    before = [
        section
        for section in sections
        for mine in own
        if section.sites[-1] == mine.sites[0] and _way(section) == _way(mine)
    ]
    return own + before


def _way(section: Section) -> tuple[int, int]:
    (u, v), (next_u, next_v) = section.sites[:2]
    return next_u - u, next_v - v


def _is_dented(speeds: Mapping[int, float], accident: Accident) -> bool:
    until = accident.cleared_s if accident.cleared_s is not None else float("inf")
    before = [speed for end, speed in speeds.items() if end <= accident.t_s]
    during = [
        speed for end, speed in speeds.items() if min(end, until) - max(end - PERIOD_S, accident.t_s) >= LEAST_OVERLAP_S
    ]
    if not before or not during:
        return False
    usual, slowest = sum(before) / len(before), min(during)
    return slowest <= DIP_SHARE * usual and usual - slowest >= DIP_MPS
