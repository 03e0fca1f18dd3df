"""The cloud-control platform's streams, as they are scored."""

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from citysim.score.streams import PLACE, Many, Scored, shown_by
from citysim.views import cloud_control as view
from citysim.views.city import City
from citysim.views.connected import bsm, cloud_reports
from citysim.views.heartbeats import heartbeats
from citysim.views.map_messages import map_nodes
from citysim.views.rsi import rsi, signs
from citysim.views.spat import spat

TENTH_MICRODEGREE_M = 1e-7 * 111_320.0
MINUTE_S = 120.0
"""Step of a time that is cut to the minute: it may be off by a whole one, where rounding would be off by half."""
SPEED_MPS, HEADING_DEG = 0.02, 0.0125


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
            "speed_mps": SPEED_MPS,
            "heading_deg": HEADING_DEG,
            "width_m": 0.01,
            "length_m": 0.01,
            "object_height_m": 0.05,
        },
    ),
    Scored(
        stream="cloud_control.spat",
        dataset="signal_state",
        shown=shown_by(spat),
        steps={"remaining_s": 0.1, "min_end_s": 0.1, "max_end_s": 0.1},
    ),
    Scored(
        stream="cloud_control.rsi",
        dataset="traffic_event",
        shown=shown_by(rsi),
        steps={
            PLACE: TENTH_MICRODEGREE_M,
            "observed_at": MINUTE_S,
            "started_at": MINUTE_S,
            "ended_at": MINUTE_S,
            "radius_m": 0.1,
            "confidence": 0.005,
        },
    ),
    Scored(
        stream="cloud_control.sign",
        dataset="traffic_control",
        shown=shown_by(signs),
        steps={PLACE: TENTH_MICRODEGREE_M},
    ),
    Scored(
        stream="cloud_control.map",
        dataset="junction",
        shown=shown_by(map_nodes),
        steps={PLACE: TENTH_MICRODEGREE_M, "height_m": 0.1},
        is_latest=True,
    ),
    Scored(
        stream="cloud_control.map",
        dataset="road_segment",
        shown=shown_by(map_nodes),
        steps={PLACE: TENTH_MICRODEGREE_M, "speed_limit_mps": SPEED_MPS, "width_m": 0.01},
        is_latest=True,
    ),
    Scored(
        stream="cloud_control.map",
        dataset="lane",
        shown=shown_by(map_nodes),
        steps={PLACE: TENTH_MICRODEGREE_M, "speed_limit_mps": SPEED_MPS, "width_m": 0.01},
        is_latest=True,
    ),
    Scored(
        stream="cloud_control.map",
        dataset="junction_movement",
        shown=shown_by(map_nodes),
        is_latest=True,
    ),
    Scored(
        stream="cloud_control.heartbeat",
        dataset="facility_status",
        shown=shown_by(heartbeats),
        steps={"last_heartbeat_at": 0.001, "clock_offset_s": 0.001},
    ),
    Scored(
        stream="cloud_control.bsm",
        dataset="vehicle_position",
        shown=shown_by(bsm),
        steps={PLACE: TENTH_MICRODEGREE_M, "speed_mps": SPEED_MPS, "heading_deg": HEADING_DEG},
    ),
    Scored(
        stream="cloud_control.vehicle",
        dataset="vehicle_position",
        shown=shown_by(cloud_reports),
        steps={PLACE: TENTH_MICRODEGREE_M, "speed_mps": 0.1 / 3.6, "heading_deg": 0.1},
    ),
)
"""Steps: T/CSAE 53-2020; of what vehicles tell the cloud, the platform's own."""
