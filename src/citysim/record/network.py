"""The network that netconvert built: what the plan did not fix, such as lane lines, turns and signal groups."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from citysim.record import sumo
from citysim.record.city import Point

TURNS = {"s": "straight", "l": "left", "L": "left", "r": "right", "R": "right", "t": "u_turn"}
"""By SUMO's direction letter; the capitals are half turns."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One direction of a street between two junctions, as built."""

    edge: str
    length_m: float
    line: tuple[Point, ...]
    """The middle of the carriageway for motor vehicles, in driving direction, from junction to stop line."""
    motor_lanes: tuple[str, ...]
    """SUMO's lane ids, the right-hand one first."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One lane of an edge as built."""

    lane: str
    """SUMO's id."""
    edge: str
    lane_no: int
    """Motor lanes from 1, next to the centre line, to the kerb; the sidewalk comes after them."""
    width_m: float
    speed_limit_mps: float
    is_motor: bool
    line: tuple[Point, ...]
    """In driving direction, from junction to stop line."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One way over a junction, from a motor lane to a motor lane."""

    junction: str
    from_edge: str
    from_lane_no: int
    to_edge: str
    to_lane_no: int
    turn: str
    link: int | None
    """Place of its light in the junction's state text; None: no signal."""
    signal_group: int | None
    """From 1 within the junction: movements of one approach that always show the same light are one group."""


def read(net_file: Path) -> dict[str, Edge]:
    """Every edge between two junctions, by id."""
    edges = {}
    for node in sumo.written(net_file).iter("edge"):
        if node.get("function") is not None:
            continue
        lanes = [lane for lane in node.iter("lane") if _is_for_motors(lane)]
        middle = [_shape(lane) for lane in (lanes[(len(lanes) - 1) // 2], lanes[len(lanes) // 2])]
        line = tuple(((a[0] + b[0]) / 2, (a[1] + b[1]) / 2) for a, b in zip(*middle, strict=True))
        edges[node.attrib["id"]] = Edge(
            edge=node.attrib["id"],
            length_m=float(lanes[0].attrib["length"]),
            line=line,
            motor_lanes=tuple(lane.attrib["id"] for lane in lanes),
        )
    return edges


def lanes(net_file: Path) -> list[Lane]:
    """Every lane of every edge between two junctions, sidewalks included, edge by edge from the centre line out."""
    found = []
    for node in sumo.written(net_file).iter("edge"):
        if node.get("function") is not None:
            continue
        # SUMO counts from the kerb.
        for lane_no, lane in enumerate(reversed(list(node.iter("lane"))), start=1):
            found.append(
                Lane(
                    lane=lane.attrib["id"],
                    edge=node.attrib["id"],
                    lane_no=lane_no,
                    width_m=float(lane.attrib["width"]),
                    speed_limit_mps=float(lane.attrib["speed"]),
                    is_motor=_is_for_motors(lane),
                    line=tuple(_shape(lane)),
                )
            )
    return found


def movements(net_file: Path, built: list[Lane]) -> list[Movement]:
    """Every way over a junction for motor vehicles, by junction, approach and lane.

    built: as `lanes` gives them.
    """
    root = sumo.written(net_file)
    lane_no = {lane.lane: lane.lane_no for lane in built if lane.is_motor}
    ends = {edge.attrib["id"]: edge.get("to", "") for edge in root.iter("edge")}
    columns = _light_columns(root)
    groups: dict[str, dict[tuple[str, str], int]] = {}
    found = []
    for node in root.iter("connection"):
        start, end = (f"{node.attrib[side]}_{node.attrib[side + 'Lane']}" for side in ("from", "to"))
        if start not in lane_no or end not in lane_no:
            continue
        junction, link, group = ends[node.attrib["from"]], None, None
        if "tl" in node.attrib:
            link = int(node.attrib["linkIndex"])
            known = groups.setdefault(junction, {})
            group = known.setdefault((node.attrib["from"], columns[junction][link]), len(known) + 1)
        found.append(
            Movement(
                junction=junction,
                from_edge=node.attrib["from"],
                from_lane_no=lane_no[start],
                to_edge=node.attrib["to"],
                to_lane_no=lane_no[end],
                turn=TURNS[node.attrib["dir"]],
                link=link,
                signal_group=group,
            )
        )
    return sorted(found, key=lambda one: (one.junction, one.from_edge, one.from_lane_no, one.to_edge, one.to_lane_no))


def _light_columns(root: ElementTree.Element) -> Mapping[str, tuple[str, ...]]:
    """Per junction with a signal and link, the light of that link in all phases, as one text."""
    return {
        logic.attrib["id"]: tuple(
            "".join(column) for column in zip(*(phase.attrib["state"] for phase in logic.iter("phase")), strict=True)
        )
        for logic in root.iter("tlLogic")
    }


def _is_for_motors(lane: ElementTree.Element) -> bool:
    """Sidewalks and bicycle lanes carry an `allow` of one class; motor lanes a `disallow`, or nothing."""
    return lane.get("allow") is None


def _shape(lane: ElementTree.Element) -> list[Point]:
    corners = (corner.split(",") for corner in lane.attrib["shape"].split())
    return [(float(x), float(y)) for x, y, *_ in corners]
