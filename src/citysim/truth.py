"""The truth about the simulated city: what a recording holds, before any platform has looked at it.

Times are seconds from the recording's first second and carry no date. Positions are WGS84 degrees and local metres
(see `citysim.local_metres`), speeds m/s, headings degrees clockwise from north.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from citysim.local_metres import to_lonlat
from citysim.packed_tracks import unpack

RECORDING = Path(__file__).parent / "recording"
"""The committed recording."""

MANIFEST = "manifest.json"
TABLES = ("tracks", "participants", "junctions", "edges", "sections", "section_flow", "rsus", "accidents", "buildings")


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


def load(folder: Path | None = None) -> Truth:
    """The recording in `folder`, or the committed one.

    Raises RecordingUnreadable when a file is missing or is no recording.
    """
    folder = folder or RECORDING
    manifest, stored = _stored(folder)
    return Truth(
        seed=int(manifest["seed"]),
        origin=(float(manifest["origin"][0]), float(manifest["origin"][1])),
        duration_s=int(manifest["duration_s"]),
        manifest=manifest,
        tracks=unpack(stored["tracks"]),
        participants=stored["participants"],
        junctions=_with_positions(stored["junctions"], ("lon", "lat", "x_m", "y_m")),
        edges=_with_positions(stored["edges"], ("lon", "lat")),
        sections=_with_positions(stored["sections"], ("lon", "lat")),
        section_flow=stored["section_flow"],
        rsus=_with_positions(stored["rsus"], ("lon", "lat")),
        accidents=_with_positions(stored["accidents"], ("lon", "lat", "x_m", "y_m")),
        buildings=_with_positions(stored["buildings"], ("lon", "lat", "x_m", "y_m")),
    )


def verify(folder: Path) -> list[str]:
    """What is wrong with the recording in `folder`, one sentence each; empty when it is as its manifest says."""
    try:
        manifest, stored = _stored(folder)
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


def _stored(folder: Path) -> tuple[dict[str, Any], dict[str, pa.Table]]:
    """The manifest, and the tables as they lie in the files."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        stored = {name: pq.read_table(folder / f"{name}.parquet") for name in TABLES}
    except (OSError, ValueError) as problem:
        raise RecordingUnreadable(
            f"{folder}: no readable recording ({problem}); name a folder that holds one"
        ) from problem
    return manifest, stored


def _with_positions(table: pa.Table, wanted: Sequence[str]) -> pa.Table:
    """`table` with its x_cm, y_cm columns (numbers or lists) replaced by the `wanted` of lon, lat, x_m, y_m."""
    place = table.column_names.index("x_cm")
    x_cm, y_cm = table.column("x_cm").combine_chunks(), table.column("y_cm").combine_chunks()
    is_list = pa.types.is_list(x_cm.type)
    x_m, y_m = (np.asarray(pc.list_flatten(c) if is_list else c, dtype=np.float64) / 100.0 for c in (x_cm, y_cm))
    lon, lat = to_lonlat(x_m, y_m)
    positions = {"lon": lon, "lat": lat, "x_m": x_m, "y_m": y_m}
    kept = table.drop_columns(["x_cm", "y_cm"])
    for offset, name in enumerate(wanted):
        values = pa.array(positions[name])
        kept = kept.add_column(
            place + offset, name, pa.ListArray.from_arrays(x_cm.offsets, values) if is_list else values
        )
    return kept
