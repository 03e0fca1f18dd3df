"""From a seed to a recording: plan, build, route, simulate, measure, write. One run gives all tables."""

from __future__ import annotations

import logging
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from citysim.local_metres import ORIGIN
from citysim.record import (
    accidents,
    buildings,
    city,
    fcd,
    incidents,
    lights,
    network,
    plain_xml,
    sections,
    sensing,
    street,
    sumo,
    tables,
    trips,
)

log = logging.getLogger(__name__)

SIZE = "12x11"
WARM_UP_S = 600
MOST_TELEPORTS = 0.02
MOST_GROWTH = 1.1

DUAROUTER_OPTIONS = {
    "--ignore-errors": "true",  # a corner that a bicycle cannot leave again costs that trip, not the run
    "--weights.random-factor": "1.6",  # drivers do not all know the fastest way
    "--no-step-log": "true",
}
SUMO_OPTIONS = {
    "--step-length": str(lights.STEP_S),
    "--fcd-output.attributes": "x,y,angle,speed,lane,type",
    "--device.fcd.period": "1",
    "--output.compression": "zstd",
    "--summary-output.period": "60",
    # Driver reaction times lie above the step, and only real overlap counts: so few collisions are artefacts.
    "--collision.mingap-factor": "0",
    "--collision.check-junctions": "true",
    "--collision.stoptime": "90",
    "--collision.action": "remove",
    "--time-to-teleport": "300",
    "--no-step-log": "true",
}


class Gridlocked(RuntimeError):
    """The run is no honest traffic: too much got stuck."""

    def __init__(self, said: str) -> None:
        super().__init__(f"the traffic locked up: {said}; try another --seed, or less --demand")


@dataclass(frozen=True, slots=True)
class Health:
    """How well the traffic moved."""

    teleport_share: float
    """Vehicles that SUMO lifted out of a jam, over those that set out."""
    growth: float | None
    """Vehicles on the road at the end over those ten minutes before (means of three minutes); None: too short a run."""
    mean_running: float


def size_of(text: str) -> tuple[int, int]:
    """Columns and rows of a size such as "12x11". Raises ValueError."""
    found = re.fullmatch(r"(\d+)x(\d+)", text)
    if found is None:
        raise ValueError(f"size '{text}': write columns x rows, for example {SIZE}")
    return int(found[1]), int(found[2])


def make(seed: int, minutes: int, size: str, demand: int, out: Path) -> Mapping[str, Any]:
    """Record the city of `seed` for `minutes` into folder `out`; the manifest.

    size: junctions, such as "12x11". demand: motor vehicle trips per hour.
    Raises SumoMissing, SumoFailed, Gridlocked; ValueError for a size that cannot be.
    """
    columns, rows = size_of(size)
    version = sumo.version()
    with tempfile.TemporaryDirectory(prefix="citysim-") as scratch:
        return _make(city.plan(seed, columns, rows), minutes, demand, out, Path(scratch), version)


def _make(plan: city.City, minutes: int, per_hour: int, out: Path, scratch: Path, version: str) -> Mapping[str, Any]:
    seconds = minutes * 60
    end_s = WARM_UP_S + seconds
    built = buildings.build(plan)
    roads = _build_network(plan, scratch)
    routes = _route(plan, per_hour, end_s, scratch)
    uses, onward = incidents.passages(routes)
    units = sensing.poles(plan, _junction_use(plan, uses))
    planned = incidents.choose(plan, roads, units, sensing.Sight(built), uses, onward, begin_s=WARM_UP_S)
    incidents.add(routes, planned, scratch / "traffic.xml")
    _simulate(plan.seed, end_s, scratch)
    health = _health(scratch, end_s)
    refuse_gridlock(health)

    run = fcd.read(scratch / "fcd.parquet", WARM_UP_S, seconds)
    cut = sections.cut(plan)
    flows = sections.measure(run, cut, roads, seconds)
    happened = accidents.scripted(run, planned, seconds)
    happened += accidents.collisions(run, scratch / "collisions.xml", WARM_UP_S, seconds)
    found = accidents.ids([accidents.with_dip(accident, cut, flows) for accident in happened])
    packed = {"tracks": tables.tracks(run), "participants": tables.participants(run)}
    made = {
        **packed,
        "junctions": tables.junctions(plan),
        "edges": tables.edges(plan, roads),
        "sections": tables.sections(plan, cut, roads),
        "section_flow": tables.section_flow(flows),
        "rsus": tables.rsus(plan, units),
        "accidents": tables.accidents(plan, found, run),
        "buildings": tables.buildings(built),
        **street.tables(plan, run, units, packed, scratch, WARM_UP_S, seconds),
    }
    about = {
        "about": "An invented city with invented traffic. It is no map of Chongqing and says nothing of its traffic.",
        "licence": "CC-BY-4.0",
        "seed": plan.seed,
        "size": f"{plan.bend.columns}x{plan.bend.rows}",
        "demand_per_hour": per_hour,
        "duration_s": seconds,
        "warm_up_s": WARM_UP_S,
        "origin": list(ORIGIN),
        "made_with": {
            "sumo": version,
            "netconvert": plain_xml.NETCONVERT_OPTIONS,
            "duarouter": DUAROUTER_OPTIONS,
            "sumo_options": SUMO_OPTIONS,
        },
        "health": {
            "teleport_share": round(health.teleport_share, 4),
            "growth_in_last_10_min": None if health.growth is None else round(health.growth, 3),
            "mean_running": round(health.mean_running, 1),
        },
    }
    return tables.write(made, about, out)


def _build_network(plan: city.City, scratch: Path) -> dict[str, network.Edge]:
    nodes, edges = plain_xml.write(plan, scratch)
    files = {"--node-files": nodes.name, "--edge-files": edges.name, "--output-file": "city.net.xml"}
    sumo.run("netconvert", files | plain_xml.NETCONVERT_OPTIONS, scratch)
    return network.read(scratch / "city.net.xml")


def _route(plan: city.City, per_hour: int, end_s: int, scratch: Path) -> Path:
    """One duarouter call over all trips: two route files with the same vehicle type would stop SUMO."""
    wishes = trips.write(plan, per_hour, end_s, scratch)
    files = {"--net-file": "city.net.xml", "--route-files": wishes.name, "--output-file": "routes.xml"}
    sumo.run("duarouter", files | {"--seed": str(plan.seed)} | DUAROUTER_OPTIONS, scratch)
    return scratch / "routes.xml"


def _junction_use(plan: city.City, uses: Mapping[str, int]) -> dict[city.Site, float]:
    use: dict[city.Site, float] = dict.fromkeys(plan.sites, 0.0)
    for link in plan.links:
        for start, end in ((link.start, link.end), (link.end, link.start)):
            use[end] += uses.get(city.edge_id(start, end), 0)
    return use


def _simulate(seed: int, end_s: int, scratch: Path) -> None:
    files = {
        "--net-file": "city.net.xml",
        "--route-files": "traffic.xml",
        "--additional-files": lights.asked_for(scratch).name,
        "--fcd-output": "fcd.parquet",
        "--collision-output": "collisions.xml",
        "--summary-output": "summary.xml",
        "--statistic-output": "statistics.xml",
    }
    times = {"--end": str(end_s), "--device.fcd.begin": str(WARM_UP_S), "--seed": str(seed)}
    sumo.run("sumo", files | times | SUMO_OPTIONS, scratch)


def _health(scratch: Path, end_s: int) -> Health:
    statistics = sumo.written(scratch / "statistics.xml")
    teleports, vehicles = statistics.find("teleports"), statistics.find("vehicles")
    if teleports is None or vehicles is None:
        raise sumo.SumoFailed("sumo wrote no statistics")
    running = {
        float(step.attrib["time"]): int(step.attrib["running"])
        for step in sumo.written(scratch / "summary.xml").iter("step")
    }

    def mean(start_s: float, stop_s: float) -> float:
        chosen = [count for time, count in running.items() if start_s <= time < stop_s]
        return sum(chosen) / max(len(chosen), 1)

    # While the city still fills up, growth is no sign of a jam.
    is_long_enough = end_s - 780 >= WARM_UP_S
    return Health(
        teleport_share=int(teleports.attrib["total"]) / max(int(vehicles.attrib["inserted"]), 1),
        growth=mean(end_s - 180, end_s) / max(mean(end_s - 780, end_s - 600), 1.0) if is_long_enough else None,
        mean_running=mean(WARM_UP_S, end_s),
    )


def refuse_gridlock(health: Health) -> None:
    """Raise Gridlocked when `health` is worse than MOST_TELEPORTS and MOST_GROWTH allow."""
    log.info(
        "teleport_share=%.4f growth=%s mean_running=%.0f", health.teleport_share, health.growth, health.mean_running
    )
    if health.teleport_share >= MOST_TELEPORTS:
        raise Gridlocked(f"{health.teleport_share:.1%} of the vehicles had to be lifted out of jams")
    if health.growth is not None and health.growth > MOST_GROWTH:
        raise Gridlocked(f"{health.growth:.2f} times as many vehicles were on the road as 10 minutes before")
