"""Everything of the street beside the roads themselves: what the network, the plan and the run's tracks say of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from citysim.measure.detectors import detector_flow
from citysim.measure.parked import parking_occupancy
from citysim.measure.traffic import Ints, Traffic, lane_lines, traffic
from citysim.measure.violations import violations
from citysim.packed_tracks import unpack_metres, unpack_stays
from citysim.record import assets, buses, controls, lights, network, parkings, street_tables
from citysim.record.city import City, edge_id
from citysim.record.fcd import Run
from citysim.record.sensing import Rsu
from citysim.truth import with_lengths, with_positions


def tables(
    city: City,
    run: Run,
    units: Sequence[Rsu],
    packed: Mapping[str, pa.Table],
    scratch: Path,
    begin_s: int,
    seconds: int,
) -> dict[str, pa.Table]:
    """The tables of lanes, signals, buses, parking, assets, controls and all that is measured, by name.

    packed: the tables "tracks" and "participants". scratch: where SUMO wrote its files. What is measured is measured
    on the packed tracks, which are the truth, and not on SUMO's longer numbers.
    """
    built = network.lanes(scratch / "city.net.xml")
    turns = network.movements(scratch / "city.net.xml", built)
    stored = {
        "lanes": street_tables.lanes(built),
        "movements": street_tables.movements(turns),
        "signals": street_tables.signals(lights.read(scratch / lights.LOG, turns, begin_s, seconds)),
        "stays": street_tables.stays(run, built),
    }
    lane_table = with_lengths(with_positions(stored["lanes"], ("x_m", "y_m")))
    drawn = lane_lines(lane_table)
    motor = [line for line, lane in zip(drawn, built, strict=True) if lane.is_motor]
    kerb = {line.edge: line for line in motor}  # the last one of an edge is the one at the kerb
    lines, stops = buses.lines(city, run, kerb)
    facilities = parkings.place(city, _street_names(city), kerb)
    stored |= {
        "bus_lines": street_tables.bus_lines(lines),
        "bus_stops": street_tables.bus_stops(stops),
        "bus_line_stops": street_tables.bus_line_stops(lines),
        "parkings": street_tables.parkings(city, facilities),
        "assets": street_tables.assets(assets.place(city, units, kerb, motor)),
    }
    moving = traffic(unpack_metres(packed["tracks"]), unpack_stays(stored["stays"]), packed["participants"], lane_table)
    bus_edges = [edge for line in lines for edge in line.edges]
    stored["controls"] = street_tables.controls(controls.order(city, bus_edges, _entered(moving), seconds))
    lots = with_positions(stored["parkings"], ("x_m", "y_m"))
    stored["parking_occupancy"] = parking_occupancy(moving, lots, seconds, city.seed)
    stored["violations"] = violations(moving, lane_table, stored["movements"], stored["signals"], stored["assets"])
    stored["detector_flow"] = detector_flow(moving, stored["assets"], seconds)
    return stored


def _street_names(city: City) -> dict[str, str]:
    return {
        edge_id(*ends): link.name_zh for link in city.links for ends in ((link.start, link.end), (link.end, link.start))
    }


def _entered(moving: Traffic) -> dict[str, Ints]:
    """Per edge, the seconds at which somebody came onto one of its lanes."""
    lanes, first_s = (moving.stays.column(name).to_numpy().astype(np.int64) for name in ("lane", "first_s"))
    edges = np.array([line.edge for line in moving.lanes])[lanes]
    return {edge: first_s[edges == edge] for edge in np.unique(edges).tolist()}
