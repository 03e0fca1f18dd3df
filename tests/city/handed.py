"""What the services say they handed out, in the order in which the gateway received it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

ROW_CAP = 10
"""Rows at which the police platform stops: such an answer is asked again in two halves, and not kept."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream by the names that both sides give it."""

    city: str
    """In the simulated city."""
    sequence: str
    """In the gateway."""
    dataset: str
    """The deciding dataset."""
    log: str
    path: str
    interface: str | None = None
    """Of the police platform, which has one path for all: the interface id."""


STREAMS = (
    Stream("rsus", "cloud_control/rsu/500000", "roadside_facility", "cloud_control", "/api/v1/rsus"),
    Stream("rsm", "cloud_control/rsm/500000", "participant_observation", "cloud_control", "/api/v1/rsm"),
    Stream("spat", "cloud_control/spat/500000", "signal_state", "cloud_control", "/api/v1/spat"),
    Stream("rsi", "cloud_control/rsi/500000", "traffic_event", "cloud_control", "/api/v1/rsi/events"),
    Stream("signs", "cloud_control/sign/500000", "traffic_control", "cloud_control", "/api/v1/rsi/signs"),
    Stream("map", "cloud_control/map/500000", "junction", "cloud_control", "/api/v1/map"),
    Stream("heartbeat", "cloud_control/heartbeat/500000", "facility_status", "cloud_control", "/api/v1/rsus/status"),
    Stream("bsm", "cloud_control/bsm/500000", "vehicle_position", "cloud_control", "/api/v1/bsm"),
    Stream("vehicle", "cloud_control/vehicle/500000", "vehicle_position", "cloud_control", "/api/v1/vehicles/status"),
    Stream(
        "accidents",
        "traffic_safety/accident/500000",
        "traffic_event",
        "traffic_safety",
        "/services/TmriOutAccess",
        "03C01",
    ),
    Stream("flow", "transport_info/section_flow/500000", "traffic_flow", "transport_info", "/openapi/v1/section/flow"),
    Stream(
        "road_status",
        "transport_info/segment_status/500000",
        "traffic_flow",
        "transport_info",
        "/openapi/v1/road/status",
    ),
    Stream(
        "bus_positions",
        "transport_info/bus_position/500000",
        "vehicle_position",
        "transport_info",
        "/openapi/v1/bus/positions",
    ),
    Stream(
        "parking_facility",
        "transport_info/parking_facility/500000",
        "parking_facility",
        "transport_info",
        "/openapi/v1/parking/facilities",
    ),
    Stream(
        "parking_spaces",
        "transport_info/parking_space/500000",
        "parking_occupancy",
        "transport_info",
        "/openapi/v1/parking/spaces",
    ),
    Stream(
        "detectors",
        "transport_info/detector/500000",
        "roadside_facility",
        "transport_info",
        "/openapi/v1/detector/list",
    ),
    Stream(
        "detector_flow",
        "transport_info/detector_flow/500000",
        "traffic_flow",
        "transport_info",
        "/openapi/v1/detector/flow",
    ),
    Stream("road_segment", "cim/road_segment/500000", "road_segment", "cim", "/collections/road_segment/items"),
    Stream("intersection", "cim/junction/500000", "junction", "cim", "/collections/intersection/items"),
    Stream("building", "cim/building/500000", "building", "cim", "/collections/building/items"),
    Stream("building_model", "cim/building_model/500000", "building", "cim", "/models/building.city.jsonl"),
    Stream("lane", "cim/lane/500000", "lane", "cim", "/collections/lane/items"),
    Stream("parking_lot", "cim/parking_lot/500000", "parking_facility", "cim", "/collections/parking_lot/items"),
    Stream(
        "roadside_asset", "cim/roadside_asset/500000", "roadside_facility", "cim", "/collections/roadside_asset/items"
    ),
)
BY_CITY_NAME = {stream.city: stream for stream in STREAMS}


@dataclass(frozen=True, slots=True)
class Handed:
    """record_ids: one per record, in order, doubled ones twice. fault_ids: the bad ones among them."""

    record_ids: tuple[str, ...]
    fault_ids: frozenset[str]


def handed_out(folder: Path, stream: Stream) -> Handed:
    """What the served log in `folder` says about `stream`, answers that the gateway must not keep left out."""
    record_ids: list[str] = []
    fault_ids: set[str] = set()
    for line in (folder / f"{stream.log}.served.jsonl").read_text(encoding="utf-8").splitlines():
        answer = json.loads(line)
        is_asked = answer["path"] == stream.path and answer["query"].get("jkid") == stream.interface
        if is_asked and answer["status"] == 200 and not _is_overfull(stream, answer):
            assert answer["records"] == len(answer["record_ids"])
            record_ids += answer["record_ids"]
            fault_ids |= set(answer["fault_ids"])
    return Handed(tuple(record_ids), frozenset(fault_ids))


def _is_overfull(stream: Stream, answer: Mapping[str, object]) -> bool:
    if stream.city != "accidents" or answer["records"] != ROW_CAP:
        return False
    query = answer["query"]
    assert isinstance(query, dict)
    start, end = (datetime.fromisoformat(query[name]) for name in ("kssj", "jssj"))
    return (end - start).total_seconds() > 1
