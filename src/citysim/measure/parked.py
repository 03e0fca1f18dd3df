"""How many spaces of each parking facility are taken, minute by minute."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from citysim.draws import Draws
from citysim.measure.traffic import Ints, Traffic

REACH_M = 320.0
"""Who sets out or arrives within this distance of a facility may have parked there."""
PARKS_SHARE = 0.7
FIRST_SHARE = (0.35, 0.85)
"""Taken when the recording begins."""
MINUTE_S = 60

OCCUPANCY = pa.schema({"parking": pa.string(), "t_s": pa.int32(), "occupied": pa.int32()})


def parking_occupancy(traffic: Traffic, parkings: pa.Table, seconds: int, seed: int) -> pa.Table:
    """One row per facility and whole minute; schema OCCUPANCY.

    Of the cars whose track begins or ends during the recording, most leave or take a space in the facility nearest to
    that place. A full facility takes none and an empty one lets none go.
    """
    draws = Draws(seed, "parking")
    begins = np.flatnonzero(np.concatenate(([True], traffic.who[1:] != traffic.who[:-1])))
    ends = np.concatenate((begins[1:] - 1, [len(traffic.who) - 1]))
    is_car = traffic.is_motor & ~traffic.is_heavy
    came = _moves(traffic, ends[is_car[ends] & (traffic.t_s[ends] < seconds - 1)], parkings, draws)
    went = _moves(traffic, begins[is_car[begins] & (traffic.t_s[begins] > 0)], parkings, draws)
    rows: list[dict[str, object]] = []
    for place, facility in enumerate(parkings.to_pylist()):
        capacity = facility["capacity"]
        low, high = FIRST_SHARE
        taken = round(capacity * (low + (high - low) * draws.one("first", facility["parking"])))
        moves = sorted([(t, 1) for p, t in came if p == place] + [(t, -1) for p, t in went if p == place])
        for minute in range(0, seconds, MINUTE_S):
            while moves and moves[0][0] <= minute:
                taken = min(max(taken + moves.pop(0)[1], 0), capacity)
            rows.append({"parking": facility["parking"], "t_s": minute, "occupied": taken})
    return pa.Table.from_pylist(rows, schema=OCCUPANCY)


def _moves(traffic: Traffic, rows: Ints, parkings: pa.Table, draws: Draws) -> list[tuple[int, int]]:
    """(place of the facility, second) of those `rows` where a car parks or sets out."""
    rows = rows[draws.uniform("parks", traffic.who[rows]) < PARKS_SHARE]
    x_m, y_m = (parkings.column(name).to_numpy() for name in ("x_m", "y_m"))
    away = np.hypot(traffic.x_m[rows][:, None] - x_m[None, :], traffic.y_m[rows][:, None] - y_m[None, :])
    nearest = away.argmin(axis=1)
    near = away[np.arange(len(rows)), nearest] <= REACH_M
    return list(zip(nearest[near].tolist(), traffic.t_s[rows[near]].tolist(), strict=True))
