"""Reading a recording, and noticing when it is not what its manifest says."""

import json
import shutil
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from citysim.truth import MANIFEST, RECORDING, TABLES, RecordingUnreadable, Truth, content_hash, load, verify

INTERFACE = {
    "tracks": "t_s int32, participant int32, x_m double, y_m double, lon double, lat double, speed_mps float, "
    "heading_deg float",
    "participants": "participant int32, kind string, length_m float, width_m float, height_m float",
    "junctions": "junction string, lon double, lat double, x_m double, y_m double, is_signalised bool, name_zh string, "
    "district_code string, elevation_m double",
    "edges": "edge string, from_junction string, to_junction string, name_zh string, road_class string, "
    "lane_count int32, speed_limit_mps double, length_m double, district_code string, elevation_m double, "
    "lon list of double, lat list of double",
    "sections": "section string, name_zh string, edges list of string, length_m double, free_speed_mps double, "
    "district_code string, lon list of double, lat list of double",
    "section_flow": "section string, interval_end_s int32, vehicle_count int32, heavy_vehicle_count int32, "
    "speed_mps double, occupancy double",
    "rsus": "rsu string, junction string, lon double, lat double, elevation_m double, has_sensing bool",
    "accidents": "accident string, t_s double, cleared_s double, lon double, lat double, x_m double, y_m double, "
    "junction string, edge string, kind string, participants list of int32, dip_section string",
    "buildings": "building string, lon list of double, lat list of double, x_m list of double, y_m list of double, "
    "floors int32",
    "lanes": "lane string, edge string, lane_no int32, width_m double, length_m double, speed_limit_mps double, "
    "is_motor bool, lon list of double, lat list of double, x_m list of double, y_m list of double",
    "movements": "movement string, junction string, from_edge string, from_lane_no int32, to_edge string, to_lane_no "
    "int32, turn string, signal_group int32",
    "signals": "junction string, signal_group int32, t_s double, light string, until_s double",
    "stays": "participant int32, lane int32, first_s int32, last_s int32",
    "bus_lines": "line string, direction int32, name_zh string, headway_s int32, participants list of int32, edges "
    "list of string",
    "bus_stops": "stop string, name_zh string, edge string, lon double, lat double",
    "bus_line_stops": "line string, direction int32, stop_seq int32, stop string, offset_s int32",
    "parkings": "parking string, name_zh string, capacity int32, charging_space_count int32, edge string, "
    "district_code string, lon double, lat double, x_m double, y_m double, ring_lon list of double, "
    "ring_lat list of double, ring_x_m list of double, ring_y_m list of double",
    "parking_occupancy": "parking string, t_s int32, occupied int32",
    "assets": "asset string, kind string, name_zh string, junction string, edge string, lane_no int32, "
    "stop_line_distance_m double, mount string, sign_kind string, height_m double, lon double, lat double",
    "violations": "violation string, kind string, t_s double, participant int32, asset string, junction string, edge "
    "string, lane_no int32, speed_mps double, limit_mps double, lon double, lat double",
    "controls": "control string, kind string, edge string, from_s int32, to_s int32, time_of_day string, lanes "
    "string, limit_mps double",
    "detector_flow": "asset string, interval_end_s int32, vehicle_count int32, heavy_vehicle_count int32, speed_mps "
    "double, occupancy double, headway_s double",
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(RECORDING, tmp_path / "recording"))


def _columns(table: pa.Table) -> str:
    def said(kind: pa.DataType) -> str:
        return f"list of {kind.value_type}" if pa.types.is_list(kind) else str(kind)

    return ", ".join(f"{field.name} {said(field.type)}" for field in table.schema)


def test_every_table_has_the_columns_of_the_interface(truth: Truth) -> None:
    assert {name: _columns(getattr(truth, name)) for name in TABLES} == INTERFACE


def test_the_committed_recording_is_what_its_manifest_says() -> None:
    assert verify(RECORDING) == []


def test_rewriting_a_table_with_other_settings_changes_no_hash(copy: Path) -> None:
    path = copy / "junctions.parquet"
    before = path.read_bytes()
    pq.write_table(pq.read_table(path), path, compression="none")
    assert path.read_bytes() != before
    assert verify(copy) == []


@pytest.mark.parametrize("name", TABLES)
def test_one_changed_value_is_noticed_in_every_table(copy: Path, name: str) -> None:
    path = copy / f"{name}.parquet"
    table = pq.read_table(path)
    first = table.column(0).to_pylist()
    first[0] = first[0] + 1 if isinstance(first[0], int) else first[0] + "x"
    pq.write_table(table.set_column(0, table.column_names[0], pa.array(first, table.column(0).type)), path)
    assert verify(copy) == [f"{name}: contents differ from the manifest's hash; restore the file or record again"]


def test_a_lost_row_is_noticed_by_count(copy: Path) -> None:
    path = copy / "rsus.parquet"
    pq.write_table(pq.read_table(path).slice(1), path)
    assert "rsus: 128 rows where the manifest says 129" in verify(copy)


def test_a_table_the_manifest_does_not_list_is_noticed(copy: Path) -> None:
    manifest = json.loads((copy / MANIFEST).read_text(encoding="utf-8"))
    del manifest["tables"]["edges"]
    (copy / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    assert verify(copy) == [f"{copy / MANIFEST}: table 'edges' is not listed"]


def test_a_folder_without_a_recording_is_said_to_be_one(tmp_path: Path) -> None:
    with pytest.raises(RecordingUnreadable, match="no readable recording"):
        load(tmp_path)
    assert len(verify(tmp_path)) == 1


def test_the_hash_tells_types_and_names_apart() -> None:
    numbers = pa.table({"n": pa.array([1, 2], pa.int32())})
    hashes = {
        content_hash(table)
        for table in (numbers, numbers.rename_columns(["m"]), numbers.cast(pa.schema([("n", pa.int64())])))
    }
    assert len(hashes) == 3
