"""The speed of meaning beside its peers:

    python -m benchmarks.meaning [--rows N] [--rounds N] [--only S1,S5] [--in FOLDER] [--results FILE]

Prints the table of eight measures, S1 to S8, with what each is to reach, and writes it with versions to
`benchmarks/results.md`. Every run has a process of its own, in which the same small job comes first; ours and the peers
take turns, and medians are compared, so that only ratios of one sitting are told. Peers live in `.venv-bench`
(`make bench` makes it).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.meaning.table import Line, printed, written
from benchmarks.meaning.turns import OURS, PEERS, Bench, Route

CITY = (
    "cloud_control.rsm",
    "cloud_control.rsu",
    "traffic_safety.accident",
    "transport_info.section_flow",
    "cim.road_segment",
    "cim.junction",
)
FULL = Route("hutong, full path", OURS, ("ours", "sighting"))
DLT = Route("dlt, same job", PEERS, ("peers", "dlt"))
TO_DELTA = Route("DuckDB, NDJSON to Delta", PEERS, ("peers", "duckdb_delta"))
TO_PARQUET = Route("DuckDB, pages to Parquet", PEERS, ("peers", "duckdb_pages"))
GENERAL = Route("hutong, JSON as dicts", OURS, ("ours", "sighting_choosy"))
XML = Route("hutong, XML", OURS, ("ours", "sighting_xml"))
CSV = Route("hutong, CSV", OURS, ("ours", "sighting_csv"))
RULES = Route("hutong, row rules", OURS, ("checks", "ours"))
GX = Route("Great Expectations, same rules", OURS, ("checks", "gx"))
COLUMNS = Route("hutong, GCJ-02 by columns", OURS, ("coordinates",), takes_folder=False)
LOOP = Route("coordtransform's loop", PEERS, ("peers", "coordtransform"))


def whole_job(bench: Bench, rows: int, wanted: Sequence[str]) -> list[Line]:
    """S1 to S4: the job from landed pages to closed ledger."""
    routes = [FULL, *([TO_DELTA] if "S2" in wanted else []), *([TO_PARQUET] if "S3" in wanted else [])]
    routes += [DLT] if {"S1", "S4"} & {*wanted} else []
    routes += [GENERAL, XML, CSV] if "S4" in wanted else []
    # Of XML and CSV a quarter will do: rows a second are told.
    bench.make("sighting", rows, "both")
    for route, part in ((GENERAL, 1), (XML, 4), (CSV, 4)):
        if route in routes:
            bench.make(route.words[1], _thousands(rows, part), "lake")
    found = bench.in_turn({route: _thousands(rows, 4 if route in (XML, CSV) else 1) for route in routes})
    lines = []
    ours = found[FULL]
    if "S1" in wanted:
        lines.append(Line("S1", "full path against dlt on the same job, rows/s", ours.rate / found[DLT].rate, 11, 15))
    if "S2" in wanted:
        ratio = ours.seconds / found[TO_DELTA].seconds
        lines.append(Line("S2", "full path against DuckDB's bare NDJSON to Delta, time", ratio, 2.8, 2.0, at_most=True))
    if "S3" in wanted:
        ratio = ours.seconds / found[TO_PARQUET].seconds
        said = "full path against DuckDB's bare pages to Parquet, time"
        lines.append(Line("S3", said, ratio, 0.95, 0.7, at_most=True))
    if "S4" in wanted:
        for route in (GENERAL, XML, CSV):
            said = f"general path ({route.name.removeprefix('hutong, ')}) against dlt, rows/s"
            reach = (4.5, 7) if route is GENERAL else (None, None)
            lines.append(Line("S4", said, found[route].rate / found[DLT].rate, *reach))
    return lines


def memory(bench: Bench, rows: int, wanted: Sequence[str]) -> list[Line]:
    """S5: the most memory that the full path holds, and what four times the records add to it."""
    for count in (rows, 4 * rows):
        bench.make("sighting", count, "both" if count == rows else "lake")
    small = bench.in_turn({FULL: rows})[FULL]
    large = bench.in_turn({FULL: 4 * rows}, rounds=1)[FULL]
    return [
        Line("S5", f"peak memory at {rows:,} records, MiB", small.peak_mib, 550, None, at_most=True),
        Line("S5", "peak memory at four times as many", large.peak_mib / small.peak_mib, 1.15, None, at_most=True),
    ]


def rules(bench: Bench, rows: int, wanted: Sequence[str]) -> list[Line]:
    """S6: row rules alone."""
    bench.make("sighting", rows, "both")
    bench.publish_once(rows)
    found = bench.in_turn({RULES: rows, GX: rows})
    ratio = found[GX].seconds / found[RULES].seconds
    return [Line("S6", "built-in row rules against the same rules in Great Expectations, speed", ratio, 5, None)]


def coordinates(bench: Bench, rows: int, wanted: Sequence[str]) -> list[Line]:
    """S7: coordinates alone."""
    found = bench.in_turn({COLUMNS: rows, LOOP: rows})
    ratio = found[COLUMNS].rate / found[LOOP].rate
    return [Line("S7", "coordinates to 1e-9 degree against coordtransform's loop, speed", ratio, 6, 12)]


def city(bench: Bench, rows: int, wanted: Sequence[str]) -> list[Line]:
    """S8: every stream of the simulated city, rows out a second beside those of the full path."""
    bench.make("sighting", rows, "both")
    bench.run(OURS, "city", "prepare", bench.folder)
    streams = {Route(name, OURS, ("city", name), takes_rows=False): 0 for name in CITY}
    found = bench.in_turn({FULL: rows, **streams})
    return [
        Line(
            "S8",
            f"{route.name}: {found[route].rate:,.0f} rows/s, of S1's",
            found[route].rate / found[FULL].rate,
            0.25,
            None,
        )
        for route in streams
    ]


PARTS: dict[tuple[str, ...], Callable[[Bench, int, Sequence[str]], list[Line]]] = {
    ("S1", "S2", "S3", "S4"): whole_job,
    ("S5",): memory,
    ("S6",): rules,
    ("S7",): coordinates,
    ("S8",): city,
}


def _thousands(rows: int, parts: int) -> int:
    return max(1_000, rows // parts // 1_000 * 1_000)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--rows", type=int, default=1_000_000, help="records; a multiple of 1,000")
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--only", default="S1,S2,S3,S4,S5,S6,S7,S8", help="measures, such as S1,S5")
    asked.add_argument("--in", dest="folder", type=Path, help="folder for the data, about 6 GB; kept, and used again")
    asked.add_argument("--peers", default=".venv-bench/bin/python", help="python of the peers' environment")
    asked.add_argument("--results", type=Path, help="file for the results, instead of none; `make bench` names it")
    args = asked.parse_args()
    wanted = args.only.split(",")
    with TemporaryDirectory() as temporary:
        folder = (args.folder or Path(temporary)).resolve()
        bench = Bench(folder, sys.executable, str(Path(args.peers).absolute()), args.rounds)
        lines = []
        for names, measure in PARTS.items():
            if {*names} & {*wanted}:
                lines += measure(bench, args.rows, wanted)
    printed(lines)
    if args.results:
        written(args.results, lines, bench, args.rows)


if __name__ == "__main__":
    main()
