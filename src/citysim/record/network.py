"""The network that netconvert built: what the plan did not fix, such as lane lines and lengths."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

from citysim.record import sumo
from citysim.record.city import Point


@dataclass(frozen=True, slots=True)
class Edge:
    """One direction of a street between two junctions, as built."""

    edge: str
    length_m: float
    line: tuple[Point, ...]
    """The middle of the carriageway for motor vehicles, in driving direction, from junction to stop line."""
    motor_lanes: tuple[str, ...]
    """SUMO's lane ids, the right-hand one first."""


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


def _is_for_motors(lane: ElementTree.Element) -> bool:
    """Sidewalks and bicycle lanes carry an `allow` of one class; motor lanes a `disallow`, or nothing."""
    return lane.get("allow") is None


def _shape(lane: ElementTree.Element) -> list[Point]:
    corners = (corner.split(",") for corner in lane.attrib["shape"].split())
    return [(float(x), float(y)) for x, y, *_ in corners]
