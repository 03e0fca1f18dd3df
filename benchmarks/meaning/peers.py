"""What others do, one measured run in a process and an environment of their own:

    .venv-bench/bin/python -m benchmarks.meaning.peers ROUTE FOLDER ROWS

dlt does hutong's job as far as it can be told to: pages are read, records held against the same JSON Schema by the
fastest validator there is, what fails is left out (without a reason, and kept nowhere), fields are renamed and scaled
by the user's own function, and rows go to one Delta table. Places are not taken from GCJ-02, rows not held against a
contract, keys not compared, and nothing is accounted for. Its settings are those that its performance guide names:
pages yielded whole, large buffers, Parquet files, no column of its own, orjson, no telemetry.
DuckDB converts and does nothing else, of good records only, since it stops at the first bad one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.meaning.clock import Work, tell
from benchmarks.meaning.ground import HERE, WARM, Ground

Raw = dict[str, Any]

KINDS = {1: "motor", 2: "non_motor", 3: "pedestrian", 4: "rsu"}
SENSORS = {1: "self", 2: "v2x", 3: "video", 4: "microwave_radar", 5: "loop", 6: "lidar", 7: "integrated"}
COLUMNS = {
    "source_id": "text",
    "observed_at": "bigint",
    "lon": "double",
    "lat": "double",
    "height_m": "double",
    "rsu_id": "text",
    "participant_no": "bigint",
    "participant_kind": "text",
    "sensor": "text",
    "speed_mps": "double",
    "heading_deg": "double",
    "width_m": "double",
    "length_m": "double",
    "object_height_m": "double",
    "fleet_no": "text",
}
RECORD = (
    "STRUCT(rsuEsn VARCHAR, id VARCHAR, ptcId BIGINT, ptcType BIGINT, source BIGINT, secMark BIGINT, timestamp BIGINT,"
    " pos STRUCT(lat BIGINT, lon BIGINT, ele BIGINT), speed BIGINT, heading BIGINT,"
    " size STRUCT(width BIGINT, length BIGINT, height BIGINT), fleetNo VARCHAR)"
)


def renamed(raw: Raw) -> Raw:
    """The row of a good record."""
    place, size, speed, height = raw["pos"], raw["size"], raw["speed"], raw["pos"]["ele"]
    return {
        "source_id": raw["id"],
        "observed_at": raw["timestamp"],
        "lon": place["lon"] * 1e-7,
        "lat": place["lat"] * 1e-7,
        "height_m": None if height == -4096 else height * 0.1,
        "rsu_id": raw["rsuEsn"],
        "participant_no": raw["ptcId"],
        "participant_kind": KINDS[raw["ptcType"]],
        "sensor": SENSORS[raw["source"]],
        "speed_mps": None if speed == 8191 else speed * 0.02,
        "heading_deg": raw["heading"] * 0.0125,
        "width_m": size["width"] * 0.01,
        "length_m": size["length"] * 0.01,
        "object_height_m": size["height"] * 0.05,
        "fleet_no": raw.get("fleetNo"),
    }


def dlt_delta(ground: Ground, scratch: Path) -> Work:
    """dlt on the same job."""
    os.environ |= {
        "DLT_DATA_DIR": str(scratch / "dlt"),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "CRITICAL",
        "DATA_WRITER__BUFFER_MAX_ITEMS": "50000",
        "EXTRACT__DATA_WRITER__FILE_MAX_ITEMS": "100000",
        "NORMALIZE__DATA_WRITER__FILE_MAX_ITEMS": "500000",
        "NORMALIZE__WORKERS": "1",
        "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": "false",
        "LOAD__WORKERS": "2",
    }
    import dlt
    import jsonschema_rs
    import orjson

    schema = orjson.loads((HERE / "registry" / "connectors" / "roadside" / "sighting.schema.json").read_bytes())
    is_valid = jsonschema_rs.Draft202012Validator(schema, pattern_options=jsonschema_rs.RegexOptions()).is_valid

    def rows() -> Iterator[list[Raw]]:
        with ground.pages.open("rb") as pages:
            for page in pages:
                yield [renamed(raw) for raw in orjson.loads(page)["data"]["list"] if is_valid(raw)]

    def work() -> tuple[int, dict[str, object]]:
        name = f"sightings_{ground.rows}"
        pipeline = dlt.pipeline(
            name,
            destination=dlt.destinations.filesystem(bucket_url=str(scratch / "out")),
            dataset_name=name,
            pipelines_dir=str(scratch / "pipelines"),
        )
        columns = {column: {"data_type": kind} for column, kind in COLUMNS.items()}
        resource = dlt.resource(rows, name="sighting", columns=columns)
        pipeline.run(resource, loader_file_format="parquet", table_format="delta")
        trace = pipeline.last_trace
        steps = {step.step: round((step.finished_at - step.started_at).total_seconds(), 1) for step in trace.steps}
        return trace.last_normalize_info.row_counts["sighting"], steps

    return work


def duckdb_to_delta(ground: Ground, scratch: Path) -> Work:
    """DuckDB reads the good records, one a line, and deltalake writes what it read."""
    import duckdb
    from deltalake import DeltaTable, write_deltalake

    record = RECORD.removeprefix("STRUCT(").removesuffix(")")
    columns = ", ".join(f"{name}: '{kind}'" for name, kind in _columns(record))
    place = scratch / f"delta-{ground.rows}"

    def work() -> tuple[int, dict[str, object]]:
        query = f"SELECT * FROM read_json('{ground.lines}', format='newline_delimited', columns={{{columns}}})"
        write_deltalake(str(place), duckdb.connect().sql(query).to_arrow_reader(100_000))
        return int(sum(DeltaTable(str(place)).get_add_actions(flatten=True)["num_records"].to_pylist())), {}

    return work


def _columns(record: str) -> Iterator[tuple[str, str]]:
    """Names and types of the outermost columns of `a BIGINT, b STRUCT(c BIGINT, d BIGINT)`."""
    depth, part = 0, ""
    for letter in record + ",":
        depth += (letter == "(") - (letter == ")")
        if letter == "," and depth == 0:
            name, kind = part.strip().split(" ", 1)
            yield name, kind
            part = ""
        else:
            part += letter


def duckdb_pages_to_parquet(ground: Ground, scratch: Path) -> Work:
    """DuckDB reads the pages (without the spoiled records) and writes their records as one Parquet file."""
    import duckdb

    place = scratch / f"rows-{ground.rows}.parquet"

    def work() -> tuple[int, dict[str, object]]:
        duckdb.connect().execute(
            f"COPY (SELECT unnest(data.list, recursive := true) FROM read_json('{ground.good_pages}',"
            f" format='newline_delimited', columns={{data: 'STRUCT(list {RECORD}[])'}}))"
            f" TO '{place}' (FORMAT parquet, COMPRESSION zstd)"
        )
        found = duckdb.execute(f"SELECT count(*) FROM '{place}'").fetchone()
        assert found is not None
        return int(found[0]), {}

    return work


def coordtransform(ground: Ground, scratch: Path) -> Work:
    """Its loop, one place at a time, with the one-step inverse that it has (up to 2 m off)."""
    from benchmarks.meaning.places import places
    from coordTransform import gcj02_to_wgs84

    lon, lat = (column.tolist() for column in places(ground.rows))

    def work() -> tuple[int, dict[str, object]]:
        for place in zip(lon, lat, strict=True):
            gcj02_to_wgs84(*place)
        return ground.rows, {}

    return work


ROUTES: dict[str, Callable[[Ground, Path], Work]] = {
    "dlt": dlt_delta,
    "duckdb_delta": duckdb_to_delta,
    "duckdb_pages": duckdb_pages_to_parquet,
    "coordtransform": coordtransform,
}


def main(route: str, folder: Path, rows: int) -> None:
    with TemporaryDirectory(dir=folder) as scratch:
        ROUTES[route](Ground(folder, "sighting", WARM), Path(scratch))()
        tell(ROUTES[route](Ground(folder, "sighting", rows), Path(scratch)))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]))
