"""A finished run as the recording's tables, and the files they go into."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from citysim.packed_tracks import pack
from citysim.record.accidents import Accident
from citysim.record.buildings import Building
from citysim.record.city import SPEED_MPS, City, Link, Point, Site, edge_id, junction_id, metres_between
from citysim.record.fcd import Floats, Ints, Run
from citysim.record.network import Edge
from citysim.record.sections import Flow, Section
from citysim.record.sensing import ANTENNA_M, Rsu
from citysim.truth import MANIFEST, content_hash

Row = Mapping[str, Any]

ACCIDENTS = pa.schema(
    {
        "accident": pa.string(),
        "t_s": pa.float64(),
        "cleared_s": pa.float64(),
        "x_cm": pa.int32(),
        "y_cm": pa.int32(),
        "junction": pa.string(),
        "edge": pa.string(),
        "kind": pa.string(),
        "participants": pa.list_(pa.int32()),
        "dip_section": pa.string(),
    }
)


def tracks(run: Run) -> pa.Table:
    """The packed tracks; see `citysim.packed_tracks`."""
    return pack(
        participant=run.who,
        t_s=run.t_s,
        x_dm=_whole(run.x_m * 10),
        y_dm=_whole(run.y_m * 10),
        speed_cmps=_whole(run.speed_mps * 100),
        heading_ddeg=_whole(run.heading_deg * 10) % 3600,
    )


def participants(run: Run) -> pa.Table:
    """One row per road user, numbered as in the tracks."""
    return pa.table(
        {
            "participant": pa.array(np.arange(len(run.names), dtype=np.int32)),
            "kind": pa.array([kind.kind for kind in run.kinds]),
            "length_m": pa.array([kind.length_m for kind in run.kinds], pa.float32()),
            "width_m": pa.array([kind.width_m for kind in run.kinds], pa.float32()),
            "height_m": pa.array([kind.height_m for kind in run.kinds], pa.float32()),
        }
    )


def junctions(city: City) -> pa.Table:
    """One row per junction, at its middle."""
    return _table(
        [
            {
                "junction": junction_id(site),
                **_point(city.point(site)),
                "is_signalised": site in city.signalised,
                "name_zh": city.junction_name(site),
                "district_code": city.district(city.point(site)),
                "elevation_m": city.elevation(city.point(site)),
            }
            for site in city.sites
        ]
    )


def edges(city: City, network: Mapping[str, Edge]) -> pa.Table:
    """One row per street and direction between two junctions; the line is the middle of the carriageway."""
    return _table(
        [
            _edge(city, link, start, end, network[edge_id(start, end)])
            for link in city.links
            for start, end in ((link.start, link.end), (link.end, link.start))
        ]
    )


def sections(city: City, cut: Sequence[Section], network: Mapping[str, Edge]) -> pa.Table:
    """Length: along the edges. Free speed: the limit."""
    roads = {edge_id(a, b): link for link in city.links for a, b in ((link.start, link.end), (link.end, link.start))}
    return _table(
        [
            {
                "section": section.section,
                "name_zh": roads[section.edges[0]].name_zh,
                "edges": list(section.edges),
                "length_m": round(_line_length(_section_line(section, network)), 1),
                "free_speed_mps": SPEED_MPS[roads[section.edges[0]].road_class],
                "district_code": city.district(city.point(section.sites[len(section.sites) // 2])),
                **_line(_section_line(section, network)),
            }
            for section in cut
        ]
    )


def section_flow(flows: Sequence[Flow]) -> pa.Table:
    """One row per section and period."""
    return pa.table(
        {
            "section": pa.array([flow.section for flow in flows]),
            "interval_end_s": pa.array([flow.interval_end_s for flow in flows], pa.int32()),
            "vehicle_count": pa.array([flow.vehicle_count for flow in flows], pa.int32()),
            "heavy_vehicle_count": pa.array([flow.heavy_vehicle_count for flow in flows], pa.int32()),
            "speed_mps": pa.array([flow.speed_mps for flow in flows], pa.float64()),
            "occupancy": pa.array([flow.occupancy for flow in flows], pa.float64()),
        }
    )


def rsus(city: City, units: Sequence[Rsu]) -> pa.Table:
    """One row per unit, at its antenna."""
    return _table(
        [
            {
                "rsu": unit.rsu,
                "junction": junction_id(unit.site),
                **_point(unit.point),
                "elevation_m": round(city.elevation(unit.point) + ANTENNA_M, 1),
                "has_sensing": unit.has_sensing,
            }
            for unit in units
        ]
    )


def accidents(city: City, found: Mapping[str, Accident], run: Run) -> pa.Table:
    """One row per accident, at the middle between its vehicles."""
    numbers = {name: number for number, name in enumerate(run.names)}
    rows = [
        {
            "accident": name,
            "t_s": accident.t_s,
            "cleared_s": accident.cleared_s,
            **_point(accident.point),
            "junction": junction_id(_nearest(city, accident.point)),
            "edge": accident.edge,
            "kind": accident.kind,
            "participants": [numbers[vehicle] for vehicle in accident.names],
            "dip_section": accident.dip_section,
        }
        for name, accident in found.items()
    ]
    return pa.Table.from_pylist(rows, schema=ACCIDENTS)  # its own schema: a quiet city has none


def buildings(built: Sequence[Building]) -> pa.Table:
    """One row per footprint."""
    table = _table(
        [
            {"building": f"B{number + 1:04d}", **_line(building.ring), "floors": building.floors}
            for number, building in enumerate(built)
        ]
    )
    return table.set_column(table.num_columns - 1, "floors", table.column("floors").cast(pa.int32()))


def write(tables: Mapping[str, pa.Table], about: Mapping[str, Any], folder: Path) -> Mapping[str, Any]:
    """One Parquet file per table, with a manifest: what is known `about` the run, the tables' hashes and row counts.

    Returns the manifest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        packed = name in ("tracks", "stays")
        pq.write_table(
            table,
            folder / f"{name}.parquet",
            compression="zstd",
            compression_level=19,
            use_dictionary=not packed,
            # Small differences in four-byte integers: three of the four byte planes are nearly constant.
            column_encoding=dict.fromkeys(table.column_names, "BYTE_STREAM_SPLIT") if packed else None,
            data_page_size=8 << 20,
            row_group_size=4 << 20,
        )
    listed = {name: {"rows": table.num_rows, "sha256": content_hash(table)} for name, table in tables.items()}
    manifest = {**about, "tables": listed}
    text = json.dumps(manifest, ensure_ascii=False, indent=2)
    (folder / MANIFEST).write_text(text + "\n", encoding="utf-8")
    return manifest


def _edge(city: City, link: Link, start: Site, end: Site, built: Edge) -> Row:
    middle = built.line[len(built.line) // 2]
    return {
        "edge": built.edge,
        "from_junction": junction_id(start),
        "to_junction": junction_id(end),
        "name_zh": link.name_zh,
        "road_class": link.road_class,
        "lane_count": len(built.motor_lanes),
        "speed_limit_mps": SPEED_MPS[link.road_class],
        "length_m": built.length_m,
        "district_code": city.district(middle),
        "elevation_m": city.elevation(middle),
        **_line(built.line),
    }


def _table(rows: Sequence[Row]) -> pa.Table:
    """Rows as a table; whole numbers other than positions and ids are int32, as the truth's interface has them."""
    table = pa.Table.from_pylist([dict(row) for row in rows])
    for place, name in enumerate(table.column_names):
        column = table.column(name)
        if name in ("x_cm", "y_cm"):
            is_list = pa.types.is_list(column.type)
            table = table.set_column(place, name, column.cast(pa.list_(pa.int32()) if is_list else pa.int32()))
        elif name == "lane_count":
            table = table.set_column(place, name, column.cast(pa.int32()))
    return table


def _point(point: Point) -> Row:
    return {"x_cm": round(point[0] * 100), "y_cm": round(point[1] * 100)}


def _line(line: Sequence[Point]) -> Row:
    return {"x_cm": [round(x * 100) for x, _ in line], "y_cm": [round(y * 100) for _, y in line]}


def _section_line(section: Section, network: Mapping[str, Edge]) -> list[Point]:
    return [point for edge in section.edges for point in network[edge].line]


def _line_length(line: Sequence[Point]) -> float:
    return sum(metres_between(start, end) for start, end in pairwise(line))


def _nearest(city: City, point: Point) -> Site:
    return min(city.sites, key=lambda site: metres_between(city.point(site), point))


def _whole(values: Floats) -> Ints:
    whole: Ints = np.rint(values).astype(np.int64)
    return whole
