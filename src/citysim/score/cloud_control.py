"""The cloud-control platform's streams, as they are scored."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from citysim.score.streams import PLACE, Many, Scored, shown_by
from citysim.views import cloud_control as view
from citysim.views.city import City

TENTH_MICRODEGREE_M = 1e-7 * 111_320.0


def _rsm(city: City, from_s: float, to_s: float) -> Many:
    """Participants in the envelopes of whole minutes."""
    first, last = max(0, math.floor(from_s / 60)), math.ceil(min(to_s, city.truth.duration_s) / 60)
    return participants([view.rsm(city, minute) for minute in range(first, last)])


def participants(minutes: Sequence[view.RsmMinute]) -> Many:
    """All participants of one minute or more."""

    def joined(array: Callable[[view.RsmMinute], npt.NDArray[Any]]) -> npt.NDArray[Any]:
        return np.concatenate([array(minute) for minute in minutes])

    return Many(
        record_ids=[one for minute in minutes for one in minute.record_ids],
        lon=joined(lambda minute: minute.lon),
        lat=joined(lambda minute: minute.lat),
        noise_east_m=joined(lambda minute: minute.noise_east_m),
        noise_north_m=joined(lambda minute: minute.noise_north_m),
        values={name: np.concatenate([minute.values[name] for minute in minutes]) for name in minutes[0].values},
        faults={fault.record_id: fault for minute in minutes for fault in minute.faults},
    )


STREAMS = (
    Scored(
        stream="cloud_control.rsu",
        dataset="roadside_facility",
        shown=shown_by(view.rsus),
        steps={PLACE: TENTH_MICRODEGREE_M, "height_m": 0.1, "observed_at": 0.002},
        is_latest=True,
    ),
    Scored(
        stream="cloud_control.rsm",
        dataset="participant_observation",
        shown=_rsm,
        steps={
            PLACE: TENTH_MICRODEGREE_M,
            "height_m": 0.1,
            "speed_mps": 0.02,
            "heading_deg": 0.0125,
            "width_m": 0.01,
            "length_m": 0.01,
            "object_height_m": 0.05,
        },
    ),
)
"""Steps: T/CSAE 53-2020."""
