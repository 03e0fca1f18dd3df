"""Samples as the platforms send them, through what this repository declares, traps included."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from hutong.model.batch import Record, Sequence
from hutong.model.rows import Normalised
from hutong.normalise import Pseudonymiser, compile_source, normalise_records
from hutong.registry import Registry, open_registry
from hutong.settings import read

RECEIVED = datetime(2026, 3, 18, 0, 16, tzinfo=UTC)
KEY = Pseudonymiser.from_hex("ab" * 32)


@pytest.fixture(scope="module")
def registry() -> Registry:
    """What this repository declares."""
    return open_registry(read({"HUTONG_ROOT": str(Path(__file__).parents[3])}))


def declared(registry: Registry, name: str, *contents: dict[str, Any]) -> Normalised:
    platform, stream = name.split(".")
    records = [Record(number, 0, number, content, RECEIVED) for number, content in enumerate(contents)]
    plan = compile_source(registry.source(platform, stream), KEY)
    return normalise_records(records, Sequence(platform, stream, "500000"), 1, plan)


PARTICIPANT: dict[str, Any] = {
    "rsuEsn": "R50011201",
    "moy": 109455,
    "timestamp": 1773792927300,
    "ptcType": "motor",
    "ptcId": 4021,
    "source": 7,
    "secMark": 27300,
    "pos": {"lon": 1065514750, "lat": 295630842, "ele": 2462},
    "posConfidence": {"pos": 10},
    "speed": 722,
    "heading": 7200,
    "size": {"width": 180, "length": 450, "height": 30},
    "vehicleClass": 10,
}


def test_a_participant(registry: Registry) -> None:
    found = declared(registry, "cloud_control.rsm", PARTICIPANT)
    (row,) = found.frames["participant_observation"].to_dicts()
    assert (row["lon"], row["lat"], row["source_crs"]) == (106.551475, 29.5630842, "EPSG:4326")
    assert (row["speed_mps"], row["heading_deg"]) == (14.44, 90.0)
    assert (row["length_m"], row["width_m"], row["object_height_m"]) == (4.5, 1.8, 1.5)
    assert row["observed_at"] == datetime(2026, 3, 18, 0, 15, 27, 300000, tzinfo=UTC)
    assert row["position_error_m"] == 0.5
    assert (row["source_id"], row["participant_no"]) == ("R50011201/4021", 4021)
    assert (row["participant_kind"], row["vehicle_class"]) == ("motor", "passenger_car")


def test_a_participant_of_which_nothing_is_known(registry: Registry) -> None:
    unknown = {
        "pos": {"lon": 1800000001, "lat": 900000001, "ele": -4096},
        "speed": 8191,
        "heading": 28800,
        "size": {"width": 0, "length": 0, "height": 0},
        "secMark": 60000,
    }
    (row,) = declared(registry, "cloud_control.rsm", PARTICIPANT | unknown).frames["participant_observation"].to_dicts()
    names = ("lon", "lat", "source_crs", "height_m", "speed_mps", "heading_deg", "length_m", "observed_at", "date")
    assert [row[name] for name in names] == [None] * len(names)


def test_a_participant_sampled_in_the_minute_before_its_envelope(registry: Registry) -> None:
    late = PARTICIPANT | {"moy": 109456, "timestamp": 1773792960050, "secMark": 59900}
    (row,) = declared(registry, "cloud_control.rsm", late).frames["participant_observation"].to_dicts()
    assert row["observed_at"] == datetime(2026, 3, 18, 0, 15, 59, 900000, tzinfo=UTC)


ACCIDENT: dict[str, Any] = {
    "sgbh": "5001125202600417",
    "xzqh": "500112",
    "sgfssj": "2026-03-18 08:12:00",
    "lh": "10500",
    "lm": "金开大道",
    "gls": "3",
    "ms": "250",
    "sgdd": "金开大道3公里250米",
    "jyaq": "渝AD12345追尾渝B12345",
    "tq": "3",
    "sgxt": "11",
    "cljsg": "1",
    "dllx": "22",
    "swrs": "0",
    "swrs30": "0",
    "ssrs": "1",
    "zsrs": "0",
    "qsrs": "1",
    "zjccss": "8000",
    "sfty": "1",
    "jllx": "1",
    "hphm": "渝AD12345",
    "hpzl": "52",
    "hpys": "4",
    "dzzb": "359633.3,3272547.9,106.555318,29.560151",
    "glbm": "500112000000",
    "gxsj": "2026-03-18 08:20:11.0",
}


def test_an_accident(registry: Registry) -> None:
    (row,) = declared(registry, "traffic_safety.accident", ACCIDENT).frames["traffic_event"].to_dicts()
    assert (row["lon"], row["lat"]) == pytest.approx((106.5516, 29.5630), abs=1e-6)
    assert row["started_at"] == datetime(2026, 3, 18, 0, 12, tzinfo=UTC)
    assert row["updated_at"] == datetime(2026, 3, 18, 0, 20, 11, tzinfo=UTC)
    assert row["linear_ref_m"] == 3250.0
    assert row["plate_key"] == KEY.pseudonym("accident_plate", ["渝AD12345", "52"])
    assert "12345" not in repr({name: value for name, value in row.items() if name != "plate_key"})


@pytest.mark.parametrize("plate", ["-", "000000", "无牌", "未识别"])
def test_an_accident_without_a_plate(registry: Registry, plate: str) -> None:
    found = declared(registry, "traffic_safety.accident", ACCIDENT | {"hphm": plate})
    (row,) = found.frames["traffic_event"].to_dicts()
    assert row["plate_key"] is None


FLOW: dict[str, Any] = {
    "linkId": "500112-0031-02",
    "roadName": "金开大道",
    "direction": "由东向西",
    "angle": 180,
    "length": 812,
    "speed": 23.5,
    "freeSpeed": 52.0,
    "status": 3,
    "tpi": 7.1,
    "flow": 186,
    "largeVehFlow": 12,
    "period": 300,
    "occupancy": 31,
    "statTime": "2026-03-18 08:15:00",
    "polyline": "106.561235,29.563310;106.553012,29.563288",
    "crs": "GCJ02",
}


def test_a_section_and_its_flow(registry: Registry) -> None:
    found = declared(registry, "transport_info.section_flow", FLOW)
    (flow,), (section,) = found.frames["traffic_flow"].to_dicts(), found.frames["road_segment"].to_dicts()
    assert flow["speed_mps"] == pytest.approx(23.5 / 3.6, abs=1e-12)
    assert (flow["flow_vph"], flow["vehicle_count"], flow["occupancy"]) == (2232.0, 186, 0.31)
    assert flow["period_start"] == datetime(2026, 3, 18, 0, 10, tzinfo=UTC)
    assert flow["period_end"] == datetime(2026, 3, 18, 0, 15, tzinfo=UTC)
    assert section["heading_deg"] == 270.0
    assert section["source_crs"] == "GCJ-02"


def test_a_section_on_which_nobody_drove_until_midnight(registry: Registry) -> None:
    nobody = {"flow": 0, "speed": 0, "status": 0, "tpi": None, "occupancy": 0, "statTime": "2026-03-18 24:00:00"}
    (flow,) = declared(registry, "transport_info.section_flow", FLOW | nobody).frames["traffic_flow"].to_dicts()
    assert (flow["vehicle_count"], flow["speed_mps"], flow["occupancy"], flow["tpi"]) == (0, None, 0.0, None)
    assert flow["date"] == date(2026, 3, 18)


def test_a_section_whose_sensor_is_down(registry: Registry) -> None:
    down = {"flow": -1, "largeVehFlow": -1, "speed": -1, "status": 0, "tpi": None, "occupancy": -1}
    (flow,) = declared(registry, "transport_info.section_flow", FLOW | down).frames["traffic_flow"].to_dicts()
    assert [flow[name] for name in ("vehicle_count", "flow_vph", "speed_mps", "occupancy")] == [None] * 4


def test_a_section_in_a_system_that_the_table_lacks(registry: Registry) -> None:
    (refused,) = declared(registry, "transport_info.section_flow", FLOW | {"crs": "BD09"}).refused
    assert [(one.rule, one.place, one.value) for one in refused.findings] in (
        [("place_unknown_crs", "$.crs", '"BD09"')],
        [("crs_enum", "$.crs", '"BD09"')],
    )


def test_a_centreline_in_metres(registry: Registry) -> None:
    segment = {
        "type": "Feature",
        "id": "5001120205000317",
        "crs": "urn:ogc:def:crs:EPSG::4545",
        "geometry": {
            "type": "LineString",
            "coordinates": [[359633.31, 3272547.95, 245.3], [359102.88, 3272540.12, 244.9]],
        },
        "properties": {
            "entityCode": "5001120205000317",
            "name": "金开大道",
            "cimLevel": "CIM3",
            "roadGrade": "主干路",
            "laneCount": 6,
            "designSpeed": 60,
            "lengthM": 530.5,
            "adminCode": "500112",
            "elevation85": 245.3,
            "updateDate": "2025-11-30",
            "status": 1,
        },
    }
    found = declared(registry, "cim.road_segment", segment)
    assert not found.refused
    (row,) = found.frames["road_segment"].to_dicts()
    assert row["design_speed_mps"] == pytest.approx(60 / 3.6, abs=1e-12)
    assert row["observed_at"] == datetime(2025, 11, 29, 16, tzinfo=UTC)
    assert (row["road_class"], row["road_class_raw"]) == ("arterial", "主干路")
    assert (row["lon"], row["lat"]) == pytest.approx((106.5461, 29.5629), abs=1e-3)
