"""What must become of every bad record that the city plants: written down from the guides, not from the engine.

Streams are called as the city calls them: rsus, rsm, accidents, flow, road_segment, intersection, building...
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from citysim.faults import Fault

Fate = Literal["published", "duplicate", "quarantined"]

COLUMNS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "rsus": {
        "rsuEsn": ("source_id", "serial_no"),
        "rsuName": ("name",),
        "areaCode": ("admin_code",),
        "position.lon": ("lon", "lat"),
        "position.lat": ("lon", "lat"),
        "position.ele": ("height_m",),
        "rsuStatus": ("facility_state",),
        "updateTime": ("observed_at",),
    },
    "rsm": {
        "ptcType": ("participant_kind",),
        "ptcId": ("source_id", "participant_no"),
        "source": ("sensor",),
        "secMark": ("observed_at", "date"),
        "pos.lon": ("lon", "lat"),
        "pos.lat": ("lon", "lat"),
        "pos.ele": ("height_m",),
        "posConfidence": ("position_error_m",),
        "posConfidence.pos": ("position_error_m",),
        "speed": ("speed_mps",),
        "heading": ("heading_deg",),
        "size.width": ("width_m",),
        "size.length": ("length_m",),
        "size.height": ("object_height_m",),
        "vehicleClass": ("vehicle_class",),
    },
    "spat": {
        "phaseId": ("source_id", "phase_id"),
        "light": ("light",),
        "timing.counting.likelyEndTime": ("remaining_s",),
        "timing.counting.minEndTime": ("min_end_s",),
    },
    "rsi": {
        "rteId": ("source_id",),
        "eventType": ("event_kind", "gbt29100_code"),
        "eventSource": ("event_source",),
        "eventPos.lon": ("lon", "lat"),
        "eventPos.lat": ("lon", "lat"),
        "eventRadius": ("radius_m",),
        "eventConfidence": ("confidence",),
        "timeDetails.startTime": ("source_id", "observed_at", "started_at", "date"),
    },
    "signs": {
        "rtsId": ("source_id",),
        "signType": ("control_kind", "sign_kind"),
        "signPos.lon": ("lon", "lat"),
        "signPos.lat": ("lon", "lat"),
        "timeDetails.startTime": ("valid_from",),
    },
    "map": {
        "name": ("name",),
        "id.region": ("source_id", "node_region"),
        "id.id": ("source_id",),
        "refPos.lon": ("lon", "lat"),
        "refPos.lat": ("lon", "lat"),
        "refPos.ele": ("height_m",),
    },
    "heartbeat": {
        "rsuEsn": ("source_id", "facility_id"),
        "rsuStatus": ("facility_state",),
        "lastHeartbeat": ("last_heartbeat_at", "clock_offset_s"),
        "deviceTime": ("clock_offset_s",),
    },
    "bsm": {
        "id": ("vehicle_key",),
        "secMark": ("observed_at", "date"),
        "pos.lon": ("lon", "lat"),
        "pos.lat": ("lon", "lat"),
        "posConfidence": ("position_error_m",),
        "speed": ("speed_mps",),
        "heading": ("heading_deg",),
        "vehicleClass": ("vehicle_kind",),
    },
    "vehicle": {
        "vehicleId": ("vehicle_key",),
        "position.longitude": ("lon", "lat"),
        "position.latitude": ("lon", "lat"),
        "velocityGNSS": ("speed_mps",),
        "heading": ("heading_deg",),
        "driveMode": ("drive_mode",),
    },
    "accidents": {
        "sgbh": ("source_id",),
        "xzqh": ("admin_code",),
        "sgfssj": ("observed_at", "started_at", "date"),
        "gxsj": ("updated_at",),
        "swrs": ("deaths_on_scene",),
        "ssrs": ("injured",),
        "zjccss": ("property_loss_cny",),
        "dzzb": ("lon", "lat"),
        "tq": ("weather",),
        "sgxt": ("collision_kind",),
    },
    "flow": {
        "speed": ("speed_mps",),
        "flow": ("vehicle_count", "flow_vph"),
        "largeVehFlow": ("heavy_vehicle_count",),
        "occupancy": ("occupancy",),
        "status": ("congestion_level",),
        "tpi": ("tpi",),
        # Of the section, which is the second dataset of this stream.
        "freeSpeed": ("free_speed_mps",),
        "length": ("length_m",),
        "polyline": ("lon", "lat", "geometry", "place"),
        "angle": ("heading_deg",),
    },
    "road_status": {
        "speed": ("speed_mps",),
        "status": ("congestion_level",),
        "length": ("length_m",),
        "polyline": ("lon", "lat", "geometry", "place"),
        "angle": ("heading_deg",),
    },
    "bus_positions": {
        "vehicleNo": ("vehicle_key",),
        "plateColor": ("vehicle_key",),
        "direction": ("direction",),
        "longitude": ("lon", "lat"),
        "latitude": ("lon", "lat"),
        "speed": ("speed_mps",),
        "course": ("heading_deg",),
        "status": ("is_located",),
        "gpsTime": ("observed_at", "date"),
    },
    "parking_facility": {
        "regionCode": ("admin_code",),
        "totalSpaces": ("capacity",),
        "chargePiles": ("charging_space_count",),
        "lon": ("lon", "lat"),
        "lat": ("lon", "lat"),
        "updateTime": ("observed_at",),
    },
    "parking_spaces": {
        "totalSpaces": ("capacity",),
        "freeSpaces": ("free_count",),
        "updateTime": ("observed_at", "date"),
    },
    "detectors": {
        "detectorType": ("detector_kind",),
        "laneNo": ("lane_no",),
        "distance": ("stop_line_distance_m",),
        "lon": ("lon", "lat"),
        "lat": ("lon", "lat"),
        "updateTime": ("observed_at",),
    },
    "detector_flow": {
        "laneNo": ("lane_no",),
        "flow": ("vehicle_count", "flow_vph"),
        "largeVehFlow": ("heavy_vehicle_count",),
        "speed": ("speed_mps",),
        "occupancy": ("occupancy",),
        "headway": ("headway_s",),
    },
    "road_segment": {
        "properties.name": ("name",),
        "properties.adminCode": ("admin_code",),
        "properties.elevation85": ("height_m",),
        "properties.updateDate": ("observed_at",),
        "properties.status": ("lifecycle",),
        "properties.roadGrade": ("road_class",),
        "properties.laneCount": ("lane_count",),
        "properties.designSpeed": ("design_speed_mps",),
        "properties.lengthM": ("length_m",),
        "geometry.coordinates": ("lon", "lat", "geometry"),
    },
    "building": {
        "properties.name": ("name",),
        "properties.adminCode": ("admin_code",),
        "properties.elevation85": ("height_m",),
        "properties.updateDate": ("observed_at",),
        "properties.status": ("lifecycle",),
        "properties.cimLevel": ("cim_level",),
        "properties.classCode": ("class_code",),
        "properties.buildingHeight": ("height_above_ground_m",),
        "properties.floors": ("floor_count",),
        "geometry.coordinates": ("lon", "lat", "geometry"),
    },
    "lane": {
        "properties.updateDate": ("observed_at",),
        "properties.status": ("lifecycle",),
        "properties.roadCode": ("road_segment_id",),
        "properties.laneNo": ("lane_no",),
        "properties.laneType": ("lane_kind",),
        "properties.laneWidth": ("width_m",),
        "geometry.coordinates": ("lon", "lat", "geometry"),
    },
    "roadside_asset": {
        "properties.name": ("name",),
        "properties.adminCode": ("admin_code",),
        "properties.elevation85": ("height_m",),
        "properties.updateDate": ("observed_at",),
        "properties.status": ("lifecycle",),
        "properties.assetType": ("facility_kind",),
        "properties.assetNo": ("serial_no",),
        "properties.laneNo": ("lane_no",),
        "properties.stopDistance": ("stop_line_distance_m",),
        "geometry.coordinates": ("lon", "lat"),
    },
}
COLUMNS = {
    **COLUMNS,
    "intersection": COLUMNS["road_segment"],
    "parking_lot": COLUMNS["road_segment"],
    "building_model": {
        wire.replace("properties.", "attributes."): columns for wire, columns in COLUMNS["building"].items()
    },
}
"""Field on the wire -> the columns it fills, which a row rule's finding names instead."""

OPTIONAL = {("rsm", "posConfidence"), ("rsm", "pos.ele"), ("rsm", "size.height"), ("rsm", "vehicleClass")} | {
    ("accidents", "zsrs"),
    ("accidents", "qsrs"),
    ("rsi", "eventRadius"),
    ("rsi", "eventConfidence"),
    ("map", "name"),
    ("bsm", "posConfidence"),
    ("bsm", "vehicleClass"),
}
"""Fields that a record may lack: the column is null. Every other missing key is a reason to refuse."""

REFUSED_MARKS = {
    # 0, 0 lies in the Gulf of Guinea: a number, but no place of this city, and no platform's mark for "unavailable".
    ("rsus", "position.lon", 0), ("rsus", "position.lat", 0), ("rsm", "pos.lon", 0), ("rsm", "pos.lat", 0),
    ("rsi", "eventPos.lon", 0), ("rsi", "eventPos.lat", 0), ("signs", "signPos.lon", 0), ("signs", "signPos.lat", 0),
    ("map", "refPos.lon", 0), ("map", "refPos.lat", 0), ("bsm", "pos.lon", 0), ("bsm", "pos.lat", 0),
    # Without a time no row can be filed.
    ("rsi", "timeDetails.startTime", 527040), ("signs", "timeDetails.startTime", 527040),
    ("rsus", "updateTime", 0), ("rsus", "updateTime", -1),
    ("accidents", "sgfssj", "1900-01-01 00:00:00"), ("accidents", "sgfssj", "-"),
    ("road_segment", "properties.updateDate", "1900-01-01"), ("road_segment", "properties.updateDate", "-"),
    ("intersection", "properties.updateDate", "1900-01-01"), ("intersection", "properties.updateDate", "-"),
    ("building", "properties.updateDate", "1900-01-01"), ("building", "properties.updateDate", "-"),
    ("building_model", "attributes.updateDate", "1900-01-01"), ("building_model", "attributes.updateDate", "-"),
    ("lane", "properties.updateDate", "1900-01-01"), ("lane", "properties.updateDate", "-"),
    ("parking_lot", "properties.updateDate", "1900-01-01"), ("parking_lot", "properties.updateDate", "-"),
    ("roadside_asset", "properties.updateDate", "1900-01-01"), ("roadside_asset", "properties.updateDate", "-"),
}  # fmt: skip
CLOSED_LISTS = {("rsm", "posConfidence.pos"), ("flow", "crs"), ("parking_facility", "coordsys")}
"""A code outside these cannot be read at all: an accuracy class without metres, a coordinate system without a way."""
NOT_KEPT = {
    ("accidents", "sfty"), ("accidents", "jllx"),
    ("road_segment", "properties.cimLevel"), ("intersection", "properties.cimLevel"),
    ("lane", "properties.cimLevel"), ("parking_lot", "properties.cimLevel"), ("roadside_asset", "properties.cimLevel"),
    ("lane", "properties.name"), ("lane", "properties.adminCode"), ("lane", "properties.elevation85"),
    ("parking_lot", "properties.elevation85"),
}  # fmt: skip
"""Fields that no base dataset takes, so that what stands there hurts nobody."""
UNFIT: Mapping[str, frozenset[str]] = {
    "parking_spaces": frozenset({"unknown_code"}), "detector_flow": frozenset({"unknown_code"}),
    "map": frozenset({"unknown_code"}),
}  # fmt: skip
"""Kinds of faults that a stream cannot have: these have no codes of their own."""
SECOND_DATASET = {("flow", "length"), ("flow", "polyline"), ("flow", "angle"), ("flow", "freeSpeed")} | {
    ("road_status", "length"), ("road_status", "polyline"), ("road_status", "angle"),
}  # fmt: skip
"""Fields of the section, whose one row is the newest of many records."""
MARK_WITH_A_MEANING = {
    ("rsm", "vehicleClass", 0): {"vehicle_class": "unknown", "vehicle_class_raw": "0"},
    ("bsm", "vehicleClass", 0): {"vehicle_kind": "unknown", "vehicle_kind_raw": "0"},
    ("rsi", "eventSource", 0): {"event_source": "unknown", "event_source_raw": "0"},
    ("signs", "signType", 0): {"control_kind": "unknown", "sign_kind": "unknown", "sign_kind_raw": "0"},
}
MARKS_DRAWN_AS_IMPOSSIBLE = {("flow", "occupancy", 255)}
"""Drawn as impossible values, but the guide's mark for "unavailable"."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What must become of a record. holds: column -> value, of its row in the deciding dataset."""

    fate: Fate
    holds: Mapping[str, Any] = field(default_factory=dict)


def expected(fault: Fault) -> Expected:
    """What must become of the record that `fault` sits on; for a duplicate, of its second copy."""
    stream, wire, value = fault.stream, fault.field or "", fault.value
    at = (stream, wire)
    if fault.kind == "duplicate":
        return Expected("duplicate")
    if fault.kind == "missing_key":
        return Expected("published", _nulls(stream, wire)) if at in OPTIONAL else Expected("quarantined")
    is_drawn_mark = (
        fault.kind == "impossible_value" and type(value) is int and (*at, value) in MARKS_DRAWN_AS_IMPOSSIBLE
    )
    if fault.kind == "sentinel" or is_drawn_mark:
        if (*at, value) in REFUSED_MARKS:
            return Expected("quarantined")
        return Expected("published", MARK_WITH_A_MEANING.get((*at, value), _nulls(stream, wire)))
    if fault.kind == "unknown_code" and at not in CLOSED_LISTS:
        if at in NOT_KEPT:
            return Expected("published")
        columns = COLUMNS[stream][wire]
        raw = {f"{column}_raw": str(value) for column in columns}
        return Expected("published", dict.fromkeys(columns, "unmapped") | raw)
    return Expected("quarantined")


def is_named(fault: Fault, place: str) -> bool:
    """Whether `place`, of a finding, leads a reader to the field that was broken, or to a part of it."""
    wire = fault.field or ""
    columns = {name.strip() for name in place.split(",")}
    return place.startswith(f"$.{wire}") or bool(columns & set(COLUMNS[fault.stream].get(wire, ())))


def _nulls(stream: str, wire: str) -> dict[str, None]:
    if (stream, wire) in SECOND_DATASET | NOT_KEPT or ((stream, wire) in OPTIONAL and wire not in COLUMNS[stream]):
        return {}
    return dict.fromkeys(COLUMNS[stream][wire])
