"""The transport platform's streams, as they are scored."""

from collections.abc import Mapping

from citysim.score.streams import PLACE, Scored, shown_by
from citysim.views import buses, detectors, parking, road_status, timetable
from citysim.views import transport_info as view
from citysim.views.city import STANDARD, City, Shown

MICRODEGREE_M = 1e-6 * 111_320.0
KMH, TENTH_KMH = 1 / 3.6, 0.1 / 3.6


def _stops(city: City, from_s: float, to_s: float) -> Mapping[str, Shown]:
    return {one.record_id: one for one in timetable.feed(city).stops.shown}


def _route_stops(city: City, from_s: float, to_s: float) -> Mapping[str, Shown]:
    return {one.record_id: one for one in timetable.feed(city).route_stops.shown}


STREAMS = (
    Scored(
        stream="transport_info.section_flow",
        dataset="traffic_flow",
        shown=shown_by(view.flow),
        steps={"speed_mps": TENTH_KMH, "occupancy": 0.001, "tpi": 0.1},
    ),
    Scored(
        stream="transport_info.section_flow",
        dataset="road_segment",
        shown=shown_by(view.flow),
        steps={PLACE: MICRODEGREE_M, "heading_deg": 1.0, "length_m": 1.0, "free_speed_mps": TENTH_KMH},
        is_latest=True,
    ),
    Scored(
        stream="transport_info.segment_status",
        dataset="traffic_flow",
        shown=shown_by(road_status.road_status),
        steps={"speed_mps": TENTH_KMH},
        dialects=(STANDARD,),
    ),
    Scored(
        stream="transport_info.segment_status",
        dataset="traffic_flow",
        shown=shown_by(road_status.road_status),
        steps={"speed_mps": KMH},
        dialects=("vendor",),
    ),
    Scored(
        stream="transport_info.segment_status",
        dataset="road_segment",
        shown=shown_by(road_status.road_status),
        steps={PLACE: MICRODEGREE_M, "heading_deg": 1.0, "length_m": 1.0},
        is_latest=True,
    ),
    Scored(
        stream="transport_info.bus_position",
        dataset="vehicle_position",
        shown=shown_by(buses.bus_positions),
        steps={PLACE: MICRODEGREE_M, "speed_mps": TENTH_KMH, "heading_deg": 1.0},
    ),
    Scored(
        stream="transport_info.bus_stop",
        dataset="transit_stop",
        shown=_stops,
        steps={PLACE: MICRODEGREE_M},
        is_latest=True,
        ids=timetable.STOP,
    ),
    Scored(
        stream="transport_info.bus_route_stop",
        dataset="transit_route_stop",
        shown=_route_stops,
        is_latest=True,
        ids=timetable.ROUTE_STOP,
    ),
    Scored(
        stream="transport_info.parking_facility",
        dataset="parking_facility",
        shown=shown_by(parking.facilities),
        steps={PLACE: MICRODEGREE_M},
        is_latest=True,
    ),
    Scored(
        stream="transport_info.parking_space",
        dataset="parking_occupancy",
        shown=shown_by(parking.spaces),
    ),
    Scored(
        stream="transport_info.detector",
        dataset="roadside_facility",
        shown=shown_by(detectors.detectors),
        steps={PLACE: MICRODEGREE_M, "stop_line_distance_m": 0.01},
        is_latest=True,
    ),
    Scored(
        stream="transport_info.detector_flow",
        dataset="traffic_flow",
        shown=shown_by(detectors.detector_flow),
        steps={"speed_mps": TENTH_KMH, "occupancy": 0.001, "headway_s": 0.1},
    ),
)
