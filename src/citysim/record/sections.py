"""Road sections as the transport bureau cuts them, with what passed on them in five minutes."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from citysim.record.city import City, Site, edge_id
from citysim.record.fcd import Floats, Ints, Run
from citysim.record.network import Edge
from citysim.record.trips import street_runs

PERIOD_S = 300
HEAVY = ("truck", "bus")
MOTOR = ("passenger", "truck", "bus")


@dataclass(frozen=True, slots=True)
class Section:
    """Two to four edges of one street and direction, in driving direction."""

    section: str
    edges: tuple[str, ...]
    sites: tuple[Site, ...]


@dataclass(frozen=True, slots=True)
class Flow:
    """One section in one period."""

    section: str
    interval_end_s: int
    vehicle_count: int
    heavy_vehicle_count: int
    speed_mps: float | None
    occupancy: float


def cut(city: City) -> list[Section]:
    """Every unbroken street of at least two edges, cut into sections; a lone edge belongs to none."""
    draw = random.Random(f"sections {city.seed}")
    found: list[Section] = []
    for run in street_runs(city):
        rest = list(run)
        while len(rest) >= 2:
            # Never leave one edge alone at the end.
            size = draw.choice([n for n in (2, 3, 4) if len(rest) - n == 0 or len(rest) - n >= 2])
            piece, rest = rest[:size], rest[size:]
            sites = (piece[0][0], *(end for _, end in piece))
            found.append(Section(f"S{len(found) + 1:04d}", tuple(edge_id(*edge) for edge in piece), sites))
    return found


def measure(run: Run, sections: Sequence[Section], network: Mapping[str, Edge], seconds: int) -> list[Flow]:
    """The flow of every section in every full period of the run, from the run's own tracks.

    A vehicle counts when it comes onto the section, from another street or from the roadside; one that crosses a
    junction between two of the section's edges stays on it. Speed is distance over time spent on the edges themselves;
    occupancy is covered lane length over lane length, averaged over the period.
    """
    is_motor = np.array([kind.kind in MOTOR for kind in run.kinds])[run.who]
    is_heavy = np.array([kind.kind in HEAVY for kind in run.kinds])[run.who]
    length = np.array([kind.length_m for kind in run.kinds])[run.who]
    on = _section_of_rows(run, sections)
    comes_on = np.concatenate(([True], (on[1:] != on[:-1]) | (run.who[1:] != run.who[:-1])))
    periods = seconds // PERIOD_S
    cell = np.where((on >= 0) & is_motor, on * periods + np.minimum(run.t_s // PERIOD_S, periods - 1), -1)
    cells = len(sections) * periods

    def total(chosen: Ints, weights: Floats | None = None) -> list[float]:
        given = None if weights is None else weights[chosen]
        return [float(value) for value in np.bincount(cell[chosen], weights=given, minlength=cells)]

    inside = np.flatnonzero((cell >= 0) & (run.t_s < periods * PERIOD_S))
    # Whoever is on a section in the first second came onto it before the recording.
    entering = inside[comes_on[inside] & (run.t_s[inside] > 0)]
    count, heavy = total(entering), total(entering[is_heavy[entering]])
    on_lanes = inside[~run.is_in_junction[inside]]
    time_s, metres, covered = total(on_lanes), total(on_lanes, run.speed_mps), total(on_lanes, length)
    flows = []
    for number, section in enumerate(sections):
        lane_m = sum(network[edge].length_m * len(network[edge].motor_lanes) for edge in section.edges)
        for period in range(periods):
            at = number * periods + period
            flows.append(
                Flow(
                    section=section.section,
                    interval_end_s=(period + 1) * PERIOD_S,
                    vehicle_count=int(count[at]),
                    heavy_vehicle_count=int(heavy[at]),
                    speed_mps=round(metres[at] / time_s[at], 3) if time_s[at] else None,
                    occupancy=round(min(covered[at] / (lane_m * PERIOD_S), 1.0), 5),
                )
            )
    return flows


def _section_of_rows(run: Run, sections: Sequence[Section]) -> Ints:
    """For every row the place of its section in `sections`; -1: on none."""
    place = {edge: number for number, section in enumerate(sections) for edge in section.edges}
    # One more than the edges, so that the -1 of "on no edge" finds a -1 too.
    of_edge = np.array([*(place.get(name, -1) for name in run.edge_names), -1], dtype=np.int64)
    return of_edge[run.edge]
