"""What really happened in the simulated city, in the terms of the report. Only tests look here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np

from citysim.views import traffic_safety
from citysim.views.city import City, Origin
from citysim.views.sensing import REACH_M, is_in_sight, posts


@dataclass(frozen=True, slots=True)
class TrueAccident:
    """place: local metres. shown: where the police's record has it, in WGS 84, their error included."""

    id: str
    stopped_at: datetime
    place: tuple[float, float]
    edge: str
    shown: tuple[float, float]
    is_seeable: bool


def by_number(city: City) -> dict[str, TrueAccident]:
    """The accidents that the police recorded, by their number; scrapes that no traffic stopped for are left out."""
    happened = {row["accident"]: row for row in city.truth.accidents.to_pylist()}
    return {
        record_id.split("@")[0]: _accident(city, happened[origin.truth_id], origin)
        for record_id, origin in traffic_safety.truth_of(city).items()
        if origin.truth_id is not None
    }


def shown_places(city: City) -> dict[str, tuple[float, float]]:
    """Longitude and latitude of every record by its number, scrapes included, the police's error included."""
    return {
        record_id.split("@")[0]: shifted(city, origin) for record_id, origin in traffic_safety.truth_of(city).items()
    }


def metres(city: City, lon: float, lat: float) -> tuple[float, float]:
    """Local metres of a place, by the simulated city's own projection and not by hutong's."""
    x, y = city.plane().to_metres(np.array([lon]), np.array([lat]))
    return float(x[0]), float(y[0])


def _accident(city: City, row: dict[str, Any], origin: Origin) -> TrueAccident:
    here = np.array([row["x_m"]]), np.array([row["y_m"]])
    is_seeable = any(
        np.hypot(here[0][0] - post.x_m, here[1][0] - post.y_m) <= REACH_M and bool(is_in_sight(post, *here)[0])
        for post in posts(city)
    )
    return TrueAccident(
        row["accident"],
        city.recording_start + timedelta(seconds=row["t_s"]),
        (row["x_m"], row["y_m"]),
        row["edge"],
        shifted(city, origin),
        is_seeable,
    )


def shifted(city: City, origin: Origin) -> tuple[float, float]:
    """Where a platform shows a thing: its true place and that platform's error, in WGS 84."""
    assert origin.noise_m is not None
    lon, lat = city.plane().shifted(
        np.array([origin.lon]), np.array([origin.lat]), *(np.array([noise]) for noise in origin.noise_m)
    )
    return float(lon[0]), float(lat[0])
