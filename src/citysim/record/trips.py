"""Who wants to go where: trips of cars, trucks, buses, bicycles, walks, all from the seed."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from citysim.record.city import LANES, SPEED_MPS, City, Site, edge_id, metres_between

BICYCLES_PER_TRIP = 0.052
WALKS_PER_TRIP = 0.068
"""Measured so that each makes about 8 % of what roadside sensing sees."""
BUS_HEADWAY_S = 420.0
BUS_STOP_M, BUS_DWELL_S = 110, 15
RECKLESS_SHARE = 0.005
"""Drivers who run red lights and speed; with them come the few collisions that nobody scripted."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of road user: SUMO's class, outline (m), share among the motor trips, further SUMO attributes."""

    name: str
    kind: str
    sumo_class: str
    length_m: float
    width_m: float
    height_m: float
    share: float = 0.0
    further: str = ""


_DRIVER = 'sigma="0.5" tau="1.0" speedFactor="normc(1.0,0.1,0.7,1.25)"'
KINDS = (
    Kind("car", "passenger", "passenger", 4.6, 1.82, 1.48, 0.52, _DRIVER),
    Kind("suv", "passenger", "passenger", 4.8, 1.9, 1.72, 0.26, _DRIVER),
    Kind("mini", "passenger", "passenger", 3.7, 1.64, 1.55, 0.12, _DRIVER),
    Kind("light_truck", "truck", "truck", 6.0, 2.2, 2.5, 0.06, 'sigma="0.5" tau="1.2" accel="1.6"'),
    Kind("truck", "truck", "truck", 9.6, 2.5, 3.5, 0.025, 'sigma="0.5" tau="1.3" accel="1.2"'),
    Kind("reckless", "passenger", "passenger", 4.6, 1.82, 1.48, RECKLESS_SHARE,
         'sigma="0.5" tau="0.6" speedFactor="1.35" jmDriveAfterRedTime="4" jmIgnoreFoeProb="0.4" '
         'jmIgnoreJunctionFoeProb="0.4" jmIgnoreFoeSpeed="20" impatience="1"'),
    Kind("bus", "bus", "bus", 11.6, 2.55, 3.1),
    Kind("bicycle", "bicycle", "bicycle", 1.7, 0.6, 1.7, 0.0, 'maxSpeed="5.5" speedFactor="normc(1.0,0.15,0.6,1.3)"'),
    Kind("pedestrian", "pedestrian", "pedestrian", 0.4, 0.5, 1.7, 0.0, 'speedFactor="normc(1.0,0.12,0.7,1.3)"'),
)  # fmt: skip
KIND_OF = {kind.name: kind for kind in KINDS}


def write(city: City, trips_per_hour: int, end_s: float, folder: Path) -> Path:
    """The demand file of `city` from 0 to `end_s` seconds, sorted by departure: input for duarouter."""
    draw = random.Random(f"demand {city.seed}")
    hours = end_s / 3600
    starts: list[tuple[float, str]] = []
    starts += _motor_trips(draw, city, round(trips_per_hour * hours), end_s)
    starts += _bicycle_trips(draw, city, round(trips_per_hour * hours * BICYCLES_PER_TRIP), end_s)
    starts += _walks(draw, city, round(trips_per_hour * hours * WALKS_PER_TRIP), end_s)
    starts += _buses(draw, city, end_s)
    starts.sort()
    path = folder / "demand.xml"
    lines = ["<routes>", *(_vehicle_type(kind) for kind in KINDS), *(text for _, text in starts), "</routes>\n"]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def motor_lane(edge: str, lane: int) -> str:
    """SUMO's id of motor lane `lane` (0 is the right-hand one): the sidewalk counts first."""
    return f"{edge}_{lane + 1}"


def street_runs(city: City) -> list[tuple[tuple[Site, Site], ...]]:
    """Each street in each direction, as unbroken runs of its edges (start, end) in driving direction."""
    runs = []
    present = {(link.start, link.end) for link in city.links}
    for is_column in (True, False):
        streets, count = (city.bend.columns, city.bend.rows) if is_column else (city.bend.rows, city.bend.columns)
        for street in range(streets):
            run: list[tuple[Site, Site]] = []
            for step in range(count):
                here = (street, step) if is_column else (step, street)
                there = (street, step + 1) if is_column else (step + 1, street)
                if (here, there) in present:
                    run.append((here, there))
                elif run:
                    runs += [tuple(run), tuple((b, a) for a, b in reversed(run))]
                    run = []
    return runs


def _vehicle_type(kind: Kind) -> str:
    return (
        f'<vType id="{kind.name}" vClass="{kind.sumo_class}" length="{kind.length_m}" width="{kind.width_m}" '
        f'height="{kind.height_m}" {kind.further}/>'
    )


def _motor_trips(draw: random.Random, city: City, count: int, end_s: float) -> list[tuple[float, str]]:
    """Trips of 400 to 1300 m as the crow flies; big streets and the city's rim begin and end more of them."""
    weights = [
        LANES[link.road_class] * SPEED_MPS[link.road_class] * (3.0 if _is_rim(city, link.start) else 1.0)
        for link in city.links
    ]
    motor = [kind for kind in KINDS if kind.share > 0]
    trips = []
    for number in range(count):
        origin, goal = _two_edges(draw, city, weights, least_m=400.0, most_m=1300.0)
        kind = draw.choices(motor, [k.share for k in motor])[0].name
        depart = draw.uniform(0, end_s)
        attributes = f'id="m{number}" type="{kind}" depart="{depart:.1f}" from="{origin}" to="{goal}"'
        trips.append((depart, f'<trip {attributes} departLane="best" departPos="random_free" departSpeed="max"/>'))
    return trips


def _bicycle_trips(draw: random.Random, city: City, count: int, end_s: float) -> list[tuple[float, str]]:
    """Rides of 300 m to 2 km between through streets, for the most part."""
    weights = [0.4 if link.road_class == "branch" else 2.0 for link in city.links]
    trips = []
    for number in range(count):
        origin, goal = _two_edges(draw, city, weights, least_m=300.0, most_m=2000.0)
        depart = draw.uniform(0, end_s)
        attributes = f'id="b{number}" type="bicycle" depart="{depart:.1f}" from="{origin}" to="{goal}"'
        trips.append((depart, f'<trip {attributes} departLane="best" departPos="random_free"/>'))
    return trips


def _walks(draw: random.Random, city: City, count: int, end_s: float) -> list[tuple[float, str]]:
    """Walks of up to 600 m that begin at a junction of through streets, where the shops are."""
    near: dict[Site, list[str]] = {}
    for link in city.links:
        for start, end in ((link.start, link.end), (link.end, link.start)):
            near.setdefault(start, []).append(edge_id(start, end))
            near.setdefault(end, []).append(edge_id(start, end))
    busy = sorted(city.signalised)
    walks = []
    for number in range(count):
        site = draw.choice(busy)
        around = [s for s in city.sites if 0 < metres_between(city.point(s), city.point(site)) < 420] + [site]
        origin, goal = draw.choice(near[site]), draw.choice(near[draw.choice(around)])
        depart = draw.uniform(0, end_s)
        attributes = f'id="p{number}" type="pedestrian" depart="{depart:.1f}" departPos="random"'
        trip = f'<personTrip from="{origin}" to="{goal}" arrivalPos="random"/>'
        walks.append((depart, f"<person {attributes}>{trip}</person>"))
    return walks


def bus_runs(city: City) -> list[tuple[str, tuple[tuple[Site, Site], ...]]]:
    """The buses' routes: what the ids of a route's vehicles begin with, and its edges (start, end).

    One along every through street in each direction; the two directions of a street follow one another.
    """
    classes = {(link.start, link.end): link.road_class for link in city.links}
    found = []
    for number, run in enumerate(street_runs(city)):
        road_class = classes.get(run[0]) or classes[(run[0][1], run[0][0])]
        if road_class not in ("branch", "urban_expressway") and len(run) >= 5:
            found.append((f"bus{number}.", run))
    return found


def bus_stop_edges(run: tuple[tuple[Site, Site], ...]) -> tuple[tuple[Site, Site], ...]:
    """The edges of a bus route with a stop, BUS_STOP_M from where they begin."""
    return run[1:-1:2]


def _buses(draw: random.Random, city: City, end_s: float) -> list[tuple[float, str]]:
    """A line along every through street in each direction, with a stop in the second half of every other edge."""
    buses = []
    for prefix, run in bus_runs(city):
        edges = " ".join(edge_id(*edge) for edge in run)
        stops = "".join(
            f'<stop lane="{motor_lane(edge_id(*edge), 0)}" endPos="{BUS_STOP_M}" duration="{BUS_DWELL_S}"/>'
            for edge in bus_stop_edges(run)
        )
        depart = draw.uniform(0, BUS_HEADWAY_S)
        while depart < end_s:
            attributes = f'id="{prefix}{int(depart)}" type="bus" depart="{depart:.1f}"'
            buses.append((depart, f'<vehicle {attributes}><route edges="{edges}"/>{stops}</vehicle>'))
            depart += BUS_HEADWAY_S * draw.uniform(0.85, 1.15)
    return buses


def _two_edges(draw: random.Random, city: City, weights: list[float], least_m: float, most_m: float) -> tuple[str, str]:
    while True:
        first, last = draw.choices(city.links, weights, k=2)
        if least_m <= metres_between(city.point(first.start), city.point(last.start)) <= most_m:
            ends = [(a.start, a.end) if draw.random() < 0.5 else (a.end, a.start) for a in (first, last)]
            return edge_id(*ends[0]), edge_id(*ends[1])


def _is_rim(city: City, site: Site) -> bool:
    return site[0] in (0, city.bend.columns - 1) or site[1] in (0, city.bend.rows - 1)
