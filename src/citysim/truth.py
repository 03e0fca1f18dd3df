"""The truth about the simulated city: what a recording holds, before any platform has looked at it.

Times are seconds from the recording's first second and carry no date. Positions are WGS84 degrees and local metres
(see `citysim.local_metres`), speeds m/s, headings degrees clockwise from north.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from citysim.local_metres import ORIGIN, to_lonlat
from citysim.packed_tracks import unpack, unpack_stays

RECORDING = Path(__file__).parent / "recording"
"""The committed recording."""

MANIFEST = "manifest.json"
TABLES = (
    "tracks", "participants", "junctions", "edges", "sections", "section_flow", "rsus", "accidents", "buildings",
    "lanes", "movements", "signals", "stays", "bus_lines", "bus_stops", "bus_line_stops", "parkings",
    "parking_occupancy", "assets", "violations", "controls", "detector_flow",
)  # fmt: skip


class RecordingUnreadable(ValueError):
    """The folder holds no recording that this version can read."""


@dataclass(frozen=True, slots=True)
class Truth:
    """Everything that is so in the city for half an hour."""

    seed: int
    """The seed the city and its traffic were made from."""
    origin: tuple[float, float]
    """Longitude and latitude of local (0, 0), degrees."""
    duration_s: int
    """Seconds recorded."""
    manifest: dict[str, Any]
    """manifest.json: seed, SUMO version and options, hashes and row counts of the tables, licence."""
    tracks: pa.Table
    """t_s, participant int32; x_m, y_m, lon, lat float64; speed_mps, heading_deg float32. 1 Hz, sorted by t_s.

    The position is the middle of the participant's outline.
    """
    participants: pa.Table
    """participant int32; kind (passenger, truck, bus, bicycle, pedestrian); length_m, width_m, height_m float32."""
    junctions: pa.Table
    """junction, lon, lat, x_m, y_m, is_signalised, name_zh, district_code (GB/T 2260), elevation_m (1985 datum)."""
    edges: pa.Table
    """edge, from_junction, to_junction, name_zh, road_class (urban_expressway, arterial, sub_arterial, branch),
    lane_count (lanes for motor vehicles) int32, speed_limit_mps, length_m, district_code, elevation_m;
    lon, lat list<double> in driving direction. One edge is one direction."""
    sections: pa.Table
    """section, name_zh, edges list<string> (consecutive edges of one street and direction), length_m,
    free_speed_mps, district_code; lon, lat list<double>."""
    section_flow: pa.Table
    """section, interval_end_s int32, vehicle_count int32, heavy_vehicle_count int32, speed_mps (null: no vehicle),
    occupancy 0..1. Motor vehicles; each period is the 300 s before its end. Measured on the run's own tracks:
    vehicle_count counts entries (vehicles that came onto the section), speed_mps is distance over time spent,
    occupancy is the share of lane length covered by vehicles, averaged over the period."""
    rsus: pa.Table
    """rsu, junction, lon, lat, elevation_m (antenna: ground plus 6 m), has_sensing."""
    accidents: pa.Table
    """accident, t_s (the last of its vehicles came to a stop), cleared_s (the first left; null: still there at the
    end), lon, lat, x_m, y_m (the middle between them), junction (nearest), edge (the one it is on, or came from),
    kind (scripted, collision), participants list<int32>, dip_section (null: none seen)."""
    buildings: pa.Table
    """building; lon, lat, x_m, y_m list<double>, a closed ring, counter-clockwise; floors int32."""
    lanes: pa.Table
    """lane, edge, lane_no int32 (1 = next to the centre line; the sidewalk comes last), width_m, length_m,
    speed_limit_mps, is_motor; lon, lat, x_m, y_m list<double> of its middle in driving direction."""
    movements: pa.Table
    """movement, junction, from_edge, from_lane_no int32, to_edge, to_lane_no int32, turn (straight, left, right,
    u_turn), signal_group int32 (null: no signal). Motor lanes only."""
    signals: pa.Table
    """junction, signal_group int32, t_s (start of the light; 0 for the one that burned at the beginning), light (red,
    permissive_green, protected_green, yellow), until_s (null: it still burned at the end). Sorted by t_s, junction,
    signal_group; the lights of a group follow one another without a gap."""
    stays: pa.Table
    """participant, lane (place in `lanes`), first_s, last_s, all int32: the whole seconds from which to which a
    participant was on a lane; between two stays it crossed a junction. Sorted by participant, first_s."""
    bus_lines: pa.Table
    """line, direction int32 (0 up, 1 down), name_zh, headway_s int32 (scheduled), participants list<int32> (buses seen
    in the recording), edges list<string>."""
    bus_stops: pa.Table
    """stop, name_zh, edge, lon, lat."""
    bus_line_stops: pa.Table
    """line, direction int32, stop_seq int32 (from 1), stop, offset_s int32 (scheduled seconds after departure)."""
    parkings: pa.Table
    """parking, name_zh, capacity, charging_space_count int32, edge (that leads to its gate), district_code, lon, lat,
    x_m, y_m (centroid), ring_lon, ring_lat, ring_x_m, ring_y_m list<double>, a closed ring, counter-clockwise."""
    parking_occupancy: pa.Table
    """parking, t_s int32 (whole minutes), occupied int32. See `citysim.measure.parked`."""
    assets: pa.Table
    """asset (of an RSU: its id in `rsus`), kind (pole, camera, enforcement_camera, checkpoint, rsu, signal_head,
    signal_controller, cabinet, sign, mmw_radar, detector), name_zh, junction, edge, lane_no int32,
    stop_line_distance_m, mount (the pole it hangs on), sign_kind (number in GB 5768.2-2009), each null where it does
    not apply; height_m (above the ground), lon, lat."""
    violations: pa.Table
    """violation, kind (red_light, speeding), t_s, participant int32, asset (the camera), junction, edge, lane_no int32,
    speed_mps, limit_mps, lon, lat. See `citysim.measure.violations`."""
    controls: pa.Table
    """control, kind (closure, lane_ban, bus_lane, one_way, speed_limit, truck_ban), edge, from_s, to_s int32 (may lie
    outside the recording; to_s null: until further notice), time_of_day ("07:00-09:00,17:00-19:00", null: all day),
    lanes (lane numbers as in `lanes`; null: all), limit_mps (null but for a speed limit)."""
    detector_flow: pa.Table
    """asset (a detector), interval_end_s, vehicle_count, heavy_vehicle_count int32, speed_mps (null: none passed),
    occupancy 0..1, headway_s (null: fewer than two passed). Motor vehicles; see `citysim.measure.detectors`."""


def load(folder: Path | None = None) -> Truth:
    """The recording in `folder`, or the committed one.

    Raises RecordingUnreadable when a file is missing or is no recording.
    """
    manifest, stored = stored_tables(folder)
    origin = (float(manifest["origin"][0]), float(manifest["origin"][1]))
    return assembled(manifest, stored, unpack(stored["tracks"], origin), unpack_stays(stored["stays"]))


def assembled(manifest: dict[str, Any], stored: Mapping[str, pa.Table], tracks: pa.Table, stays: pa.Table) -> Truth:
    """The truth of tables as they lie in the files, with unpacked `tracks` and `stays`."""
    origin = (float(manifest["origin"][0]), float(manifest["origin"][1]))

    def placed(name: str, wanted: Sequence[str]) -> pa.Table:
        return with_positions(stored[name], wanted, origin)

    both = ("lon", "lat", "x_m", "y_m")
    return Truth(
        seed=int(manifest["seed"]),
        origin=origin,
        duration_s=int(manifest["duration_s"]),
        manifest=manifest,
        tracks=tracks,
        participants=stored["participants"],
        junctions=placed("junctions", both),
        edges=placed("edges", ("lon", "lat")),
        sections=placed("sections", ("lon", "lat")),
        section_flow=stored["section_flow"],
        rsus=placed("rsus", ("lon", "lat")),
        accidents=placed("accidents", both),
        buildings=placed("buildings", both),
        lanes=with_lengths(placed("lanes", both)),
        movements=stored["movements"],
        signals=stored["signals"],
        stays=stays,
        bus_lines=stored["bus_lines"],
        bus_stops=placed("bus_stops", ("lon", "lat")),
        bus_line_stops=stored["bus_line_stops"],
        parkings=with_positions(placed("parkings", both), both, origin, prefix="ring_"),
        parking_occupancy=stored["parking_occupancy"],
        assets=placed("assets", ("lon", "lat")),
        violations=placed("violations", ("lon", "lat")),
        controls=stored["controls"],
        detector_flow=stored["detector_flow"],
    )


def verify(folder: Path) -> list[str]:
    """What is wrong with the recording in `folder`, one sentence each; empty when it is as its manifest says."""
    try:
        manifest, stored = stored_tables(folder)
    except RecordingUnreadable as problem:
        return [str(problem)]
    problems = []
    for name in TABLES:
        declared = manifest["tables"].get(name)
        if declared is None:
            problems.append(f"{folder / MANIFEST}: table '{name}' is not listed")
            continue
        if declared["rows"] != stored[name].num_rows:
            problems.append(f"{name}: {stored[name].num_rows} rows where the manifest says {declared['rows']}")
        if declared["sha256"] != content_hash(stored[name]):
            problems.append(f"{name}: contents differ from the manifest's hash; restore the file or record again")
    return problems


def content_hash(table: pa.Table) -> str:
    """SHA-256 (hex) over a table's column names, types and values, the same whatever wrote the file.

    File bytes are no use here: Parquet headers carry the writer's version.
    """
    digest = hashlib.sha256()
    for name in table.column_names:
        column = table.column(name)
        is_list = pa.types.is_list(column.type)
        # A list's own name for its items changes on the way through Parquet.
        kind = f"list of {column.type.value_type}" if is_list else str(column.type)
        digest.update(f"{name}:{kind}:{len(column)}\n".encode())
        if pa.types.is_integer(column.type) and column.null_count == 0:
            digest.update(column.to_numpy().astype("<i8").tobytes())
        else:
            digest.update(json.dumps(column.to_pylist(), ensure_ascii=False).encode())
    return digest.hexdigest()


def stored_tables(folder: Path | None = None) -> tuple[dict[str, Any], dict[str, pa.Table]]:
    """The manifest, and the tables as they lie in the files of `folder` (the committed recording's by default).

    Raises RecordingUnreadable.
    """
    folder = folder or RECORDING
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        stored = {name: pq.read_table(folder / f"{name}.parquet") for name in TABLES}
    except (OSError, ValueError) as problem:
        raise RecordingUnreadable(
            f"{folder}: no readable recording ({problem}); name a folder that holds one"
        ) from problem
    return manifest, stored


def with_positions(
    table: pa.Table, wanted: Sequence[str], origin: tuple[float, float] = ORIGIN, prefix: str = ""
) -> pa.Table:
    """`table` with its x_cm, y_cm columns (numbers or lists) replaced by the `wanted` of lon, lat, x_m, y_m.

    prefix: what the names of all these columns begin with.
    """
    place = table.column_names.index(f"{prefix}x_cm")
    x_cm, y_cm = (table.column(f"{prefix}{axis}_cm").combine_chunks() for axis in ("x", "y"))
    is_list = pa.types.is_list(x_cm.type)
    x_m, y_m = (np.asarray(pc.list_flatten(c) if is_list else c, dtype=np.float64) / 100.0 for c in (x_cm, y_cm))
    lon, lat = to_lonlat(x_m, y_m, origin)
    positions = {"lon": lon, "lat": lat, "x_m": x_m, "y_m": y_m}
    kept = table.drop_columns([f"{prefix}x_cm", f"{prefix}y_cm"])
    for offset, name in enumerate(wanted):
        values = pa.array(positions[name])
        kept = kept.add_column(
            place + offset, f"{prefix}{name}", pa.ListArray.from_arrays(x_cm.offsets, values) if is_list else values
        )
    return kept


def with_lengths(lanes: pa.Table) -> pa.Table:
    """`lanes` with the length_m of each line (x_m, y_m), to the centimetre, before its speed limit."""
    lengths = [
        round(float(np.hypot(np.diff(x), np.diff(y)).sum()), 2)
        for x, y in zip(lanes.column("x_m").to_pylist(), lanes.column("y_m").to_pylist(), strict=True)
    ]
    return lanes.add_column(lanes.column_names.index("speed_limit_mps"), "length_m", pa.array(lengths))
