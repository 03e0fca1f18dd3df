"""The police platform's streams, as they are scored."""

from citysim.score.streams import PLACE, Scored, shown_by
from citysim.views import police_records, police_signals
from citysim.views import traffic_safety as view

_MICRODEGREE_M = 1e-6 * 111_320.0
_KMH = 1 / 3.6

STREAMS = (
    Scored(
        stream="traffic_safety.accident",
        dataset="traffic_event",
        shown=shown_by(view.accidents),
        steps={PLACE: _MICRODEGREE_M, "started_at": 1.0, "observed_at": 1.0},
    ),
    Scored(
        stream="traffic_safety.violation",
        dataset="violation",
        shown=shown_by(police_records.violations),
        steps={"observed_at": 1.0, "measured_speed_mps": _KMH, "limit_speed_mps": _KMH},
    ),
    Scored(
        stream="traffic_safety.control",
        dataset="traffic_control",
        shown=shown_by(police_records.controls),
        steps={PLACE: _MICRODEGREE_M, "speed_limit_mps": _KMH},
    ),
    Scored(
        stream="traffic_safety.device",
        dataset="roadside_facility",
        shown=shown_by(police_records.devices),
        steps={PLACE: _MICRODEGREE_M, "stop_line_distance_m": 0.01},
        is_latest=True,
    ),
    Scored(
        stream="traffic_safety.signal_junction",
        dataset="junction",
        shown=shown_by(police_signals.crossings),
        steps={PLACE: _MICRODEGREE_M},
        is_latest=True,
    ),
    Scored(
        stream="traffic_safety.signal_controller",
        dataset="roadside_facility",
        shown=shown_by(police_signals.controllers),
        steps={PLACE: _MICRODEGREE_M},
        is_latest=True,
    ),
    Scored(
        stream="traffic_safety.cross_lane",
        dataset="lane",
        shown=shown_by(police_signals.cross_lanes),
        steps={"approach_heading_deg": 1.0},
        is_latest=True,
    ),
    Scored(
        stream="traffic_safety.cross_state",
        dataset="facility_status",
        shown=shown_by(police_signals.cross_states),
        steps={"clock_offset_s": 0.001},
    ),
    Scored(
        stream="traffic_safety.signal_state",
        dataset="signal_state",
        shown=shown_by(police_signals.lights),
        steps={"observed_at": 0.001, "remaining_s": 1.0, "cycle_s": 1.0, "clock_offset_s": 0.002},
    ),
    Scored(
        stream="traffic_safety.cross_traffic",
        dataset="traffic_flow",
        shown=shown_by(police_signals.cross_traffic),
        steps={
            "speed_mps": 0.1 * _KMH,
            "occupancy": 0.001,
            "density_vpkm": 0.1,
            "headway_s": 0.1,
            "headway_m": 0.1,
        },
    ),
)
