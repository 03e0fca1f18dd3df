"""Accidents written into the demand: two vehicles stop side by side and block two of three lanes.

They stand shortly behind a junction with sensing, far before the next stop line, where no queue at a red light stands.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

from citysim.record import sumo
from citysim.record.city import LANES, City, Site, edge_id, metres_between
from citysim.record.network import Edge
from citysim.record.sensing import Rsu, Sight

COUNT = 16
FIRST_S, LAST_S = 290, 1320
SHORTEST_S, LONGEST_S = 360, 720
PLACE_M = (40.0, 62.0)
"""From where the edge begins; the junction's middle is some 20 m further back."""
QUEUE_M = 100.0
"""Kept free before the next stop line, so that no queue at a red light is mistaken for an accident."""
SEEN_WITHIN_M = 115.0
APART_M = 430.0
"""Between accidents: two at neighbouring junctions block the city (measured)."""


@dataclass(frozen=True, slots=True)
class Incident:
    """A planned accident: when its vehicles set out, where they stop, for how long."""

    name: str
    edge: str
    depart_s: float
    lanes: tuple[int, int]
    place_m: float
    duration_s: float
    route: tuple[str, ...]

    @property
    def vehicles(self) -> tuple[str, str]:
        """SUMO's ids of the two."""
        return f"{self.name}a", f"{self.name}b"


def passages(routes_file: Path) -> tuple[Counter[str], dict[tuple[str, str], tuple[str, ...]]]:
    """How many vehicles will use each edge, and for each pair of edges in a row the rest of one route from the second.

    routes_file: duarouter's output.
    """
    uses: Counter[str] = Counter()
    onward: dict[tuple[str, str], tuple[str, ...]] = {}
    for vehicle in sumo.written(routes_file).iter("vehicle"):
        route = vehicle.find("route")
        if route is None or vehicle.get("type") in ("bus", "bicycle"):
            continue
        edges = route.attrib["edges"].split()
        uses.update(edges)
        for place in range(1, len(edges)):
            pair, rest = (edges[place - 1], edges[place]), tuple(edges[place:])
            # The longest one, so that the vehicles drive on when their stop is over.
            if len(rest) > len(onward.get(pair, ())):
                onward[pair] = rest
    return uses, onward


def choose(
    city: City,
    network: Mapping[str, Edge],
    units: Sequence[Rsu],
    sight: Sight,
    uses: Counter[str],
    onward: Mapping[tuple[str, str], tuple[str, ...]],
    begin_s: float,
) -> list[Incident]:
    """At most COUNT incidents on the busiest edges that roadside sensing oversees, evenly over the time.

    begin_s: when the recording begins in the run.
    """
    draw = random.Random(f"incidents {city.seed}")
    taken: list[Site] = []
    places: list[tuple[str, str, float]] = []
    for start, end, before in _candidates(city, units, uses):
        edge = network[edge_id(start, end)]
        place_m = round(draw.uniform(*PLACE_M), 1)
        unit = next(unit for unit in units if unit.site == start)
        point = along(edge, place_m)
        if (
            edge.length_m - place_m >= QUEUE_M
            and metres_between(point, unit.point) <= SEEN_WITHIN_M
            and sight.is_clear(point, unit.point)
            and all(metres_between(city.point(start), city.point(other)) >= APART_M for other in taken)
            and (before, edge.edge) in onward
            and len(onward[(before, edge.edge)]) >= 2
        ):
            taken.append(start)
            places.append((edge.edge, before, place_m))
        if len(places) == COUNT:
            break
    draw.shuffle(places)
    gap = (LAST_S - FIRST_S) / max(len(places), 1)
    return [
        Incident(
            name=f"i{number}",
            edge=edge,
            depart_s=round(begin_s + FIRST_S + gap * (number + draw.uniform(0.1, 0.8)), 1),
            lanes=draw.choice(((0, 1), (1, 2))),
            place_m=place_m,
            duration_s=float(draw.randrange(SHORTEST_S, LONGEST_S)),
            route=onward[(before, edge)],
        )
        for number, (edge, before, place_m) in enumerate(places)
    ]


def add(routes_file: Path, incidents: Sequence[Incident], out: Path) -> None:
    """duarouter's routes with the incidents' vehicles among them, sorted by departure."""
    root = sumo.written(routes_file)
    for incident in incidents:
        for vehicle, lane, place_m in zip(
            incident.vehicles, incident.lanes, (incident.place_m, incident.place_m + 3.0), strict=True
        ):
            node = ElementTree.SubElement(
                root,
                "vehicle",
                id=vehicle,
                type="car" if lane == incident.lanes[0] else "suv",
                depart=f"{incident.depart_s:.2f}",
                departLane=str(lane + 1),
                departPos="8",
                departSpeed="max",
            )
            ElementTree.SubElement(node, "route", edges=" ".join(incident.route))
            ElementTree.SubElement(
                node,
                "stop",
                lane=f"{incident.edge}_{lane + 1}",
                startPos=f"{place_m - 1:.1f}",
                endPos=f"{place_m:.1f}",
                duration=f"{incident.duration_s:.0f}",
            )
    types = [node for node in root if node.tag == "vType"]
    starts = sorted((node for node in root if node.tag != "vType"), key=lambda node: float(node.attrib["depart"]))
    root[:] = types + starts
    ElementTree.ElementTree(root).write(out, encoding="utf-8", xml_declaration=True)


def along(edge: Edge, metres: float) -> tuple[float, float]:
    """The point `metres` from where the edge begins."""
    for start, end in pairwise(edge.line):
        piece = metres_between(start, end)
        if metres <= piece:
            share = metres / piece
            return start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])
        metres -= piece
    return edge.line[-1]


def _candidates(city: City, units: Sequence[Rsu], uses: Counter[str]) -> list[tuple[Site, Site, str]]:
    """Three-lane edges (start, end, edge before on the same street) from a sensing junction, busiest first."""
    sensing = {unit.site for unit in units if unit.has_sensing}
    present = {(link.start, link.end) for link in city.links} | {(link.end, link.start) for link in city.links}
    wide = [
        ends
        for link in city.links
        if LANES[link.road_class] == 3
        for ends in ((link.start, link.end), (link.end, link.start))
    ]
    found = []
    for start, end in wide:
        before = (2 * start[0] - end[0], 2 * start[1] - end[1])
        if start in sensing and (before, start) in present:
            found.append((start, end, edge_id(before, start)))
    return sorted(found, key=lambda ends: (-uses[edge_id(ends[0], ends[1])], ends))
