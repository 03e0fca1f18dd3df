"""How fast a batch is published, and in how much memory, beside plain deltalake with the same rows on the same tables.

python benchmarks/publish.py [--table ROWS] [--rounds N] [--in FOLDER]

Measured is what a sync does with a checked batch, from the Arrow table to the change that is committed. The rows are
five-minute flows of 3,473 road sections: a million is a day. Three batches of a million rows are published: new ones
into an empty table, new ones into a table of ten million, and 900,000 new ones with 100,000 corrections into it. The
corrections are of the day before, or of all days (which rewrites the whole table).

Every run has a process of its own and a table of its own (files are linked, not copied). Ours and plain take turns,
with the library's defaults for plain; seconds and peak resident memory are medians.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import numpy as np
import pyarrow as pa
from deltalake import DeltaTable, write_deltalake

from hutong.model.batch import Sequence
from hutong.model.dataset import Dataset
from hutong.publish.upsert import change_for
from hutong.registry import open_registry
from hutong.schema.arrow import arrow_schema
from hutong.schema.versions import NONE_LOST, as_frame
from hutong.settings import read
from hutong.store.contracted import table_of
from hutong.store.paths import Place
from hutong.store.tables import Change, Table, commit, opened

MILLION = 1_000_000
CORRECTED = 100_000
SECTIONS = 3_473
PERIOD_US = 300_000_000
FIRST = np.datetime64("2026-03-01T00:00:00", "us")
SEQUENCE = Sequence("transport_info", "section_flow", "500000")
# What the table was filled with counts as a backfill, so that the batch is the first of its own sequence.
FILLING = Sequence("transport_info", "section_flow", "500000", "backfill/2026-03")


def flows(numbers: np.ndarray, said: int, dataset: Dataset) -> pa.Table:
    """The flows of these numbers, counted through sections and then through periods, as the batch `said` tells them."""
    draw, count = np.random.default_rng(said), len(numbers)
    starts = FIRST + (numbers // SECTIONS * PERIOD_US).astype("timedelta64[us]")
    sections = pa.array([f"L{section:06d}" for section in range(SECTIONS)]).take(pa.array(numbers % SECTIONS))
    levels = pa.array(draw.integers(0, 5, count))

    def instants(values: np.ndarray) -> pa.Array:
        return pa.array(values).cast(pa.timestamp("us", tz="UTC"))

    columns = {
        "city": pa.repeat(SEQUENCE.city, count),
        "source_platform": pa.repeat(SEQUENCE.platform, count),
        "source_stream": pa.repeat(SEQUENCE.stream, count),
        "source_id": sections,
        "observed_at": instants(starts),
        "received_at": instants(starts + np.timedelta64(320 + said, "s")),
        "batch": pa.repeat(said, count),
        "record": pa.array(np.arange(count)),
        "date": pa.array((starts + np.timedelta64(8, "h")).astype("datetime64[D]")),
        "target_kind": pa.repeat("section", count),
        "target_id": sections,
        "period_start": instants(starts),
        "period_end": instants(starts + np.timedelta64(300, "s")),
        "vehicle_count": pa.array(draw.integers(0, 60, count)),
        "flow_vph": pa.array(draw.random(count) * 700),
        "heavy_vehicle_count": pa.array(draw.integers(0, 9, count)),
        "speed_mps": pa.array(draw.random(count) * 16),
        "occupancy": pa.array(draw.random(count)),
        "congestion_level": pa.array(["free", "light", "moderate", "heavy", "unknown"]).take(levels),
        "congestion_level_raw": pa.array(["1", "2", "3", "4", "9"]).take(levels),
        "tpi": pa.array(draw.random(count) * 5),
    }
    schema = arrow_schema(dataset)
    return pa.table(
        [
            columns[field.name].cast(field.type) if field.name in columns else pa.nulls(count, field.type)
            for field in schema
        ],
        schema=schema,
    )


def batch(kind: str, there: int, dataset: Dataset) -> pa.Table:
    """A million rows for a table that holds `there` of them."""
    corrected = {
        "new": lambda: np.arange(0),
        "recent": lambda: np.sort(there - MILLION + np.random.default_rng(1).choice(MILLION, CORRECTED, replace=False)),
        "scattered": lambda: np.sort(np.random.default_rng(1).choice(there, CORRECTED, replace=False)),
    }[kind]()
    return flows(np.concatenate([corrected, np.arange(there, there + MILLION - len(corrected))]), 1, dataset)


def ours(rows: pa.Table, table: Table, dataset: Dataset) -> None:
    commit(table, SEQUENCE.id, 1, lambda snapshot: change_for(snapshot, as_frame(rows), NONE_LOST, dataset, SEQUENCE))


def plain_append(rows: pa.Table, table: Table, dataset: Dataset) -> None:
    write_deltalake(table.place.uri, rows, mode="append")


def plain_merge(rows: pa.Table, table: Table, dataset: Dataset) -> None:
    same_key = " AND ".join(f"old.{name} = new.{name}" for name in dataset.key)
    merge = DeltaTable(table.place.uri).merge(rows, same_key, source_alias="new", target_alias="old")
    merge.when_matched_update_all().when_not_matched_insert_all().execute()


ROUTES: dict[str, Callable[[pa.Table, Table, Dataset], None]] = {
    "ours": ours,
    "append": plain_append,
    "merge": plain_merge,
}


def contract() -> Dataset:
    return open_registry(read({"HUTONG_ROOT": str(Path(__file__).parents[1])})).dataset("traffic_flow")


def fill(folder: Path, count: int, dataset: Dataset) -> None:
    """A table of `count` rows at `folder`, as half-million batches leave it."""
    table = table_of(dataset, Place(str(folder)))
    opened(table)
    for number, start in enumerate(range(0, count, MILLION // 2), start=1):
        rows = flows(np.arange(start, min(start + MILLION // 2, count)), 0, dataset)
        change = Change(rows, {})
        commit(table, FILLING.id, number, lambda _, change=change: change)


def child(route: str, kind: str, there: int, folder: Path) -> None:
    """One run, timed; prints seconds and MiB as JSON."""
    dataset = contract()
    rows, table = batch(kind, there, dataset), table_of(dataset, Place(str(folder)))
    started = perf_counter()
    ROUTES[route](rows, table, dataset)
    took = perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    wanted = there + (MILLION if kind == "new" else MILLION - CORRECTED)
    held = int(np.sum(pa.table(DeltaTable(table.place.uri).get_add_actions(flatten=True))["num_records"].to_numpy()))
    if held != wanted:
        raise SystemExit(f"{route} left {held} rows, not {wanted}")
    print(json.dumps([took, peak]))


def run(route: str, kind: str, there: int, tables: Path) -> tuple[float, float]:
    with TemporaryDirectory(dir=tables) as scratch:
        folder = Path(scratch) / "table"
        shutil.copytree(tables / str(there), folder, copy_function=os.link)
        asked = [sys.executable, __file__, "--run", route, kind, str(there), str(folder)]
        said = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    took, peak = json.loads(said)
    return took, peak


def measured(routes: list[tuple[str, str, int]], rounds: int, tables: Path) -> list[tuple[float, float]]:
    """Median seconds and median peak MiB of each of `routes`, run in turn."""
    found = [[run(*route, tables) for route in routes] for _ in range(rounds)]
    return [
        (statistics.median(took for took, _ in runs), statistics.median(peak for _, peak in runs))
        for runs in zip(*found, strict=True)
    ]


def beside(said: str, kind: str, there: int, plain: str, goal: float, rounds: int, tables: Path) -> None:
    """Print ours beside plain, and the ratio."""
    (took, peak), (plain_took, plain_peak) = measured([("ours", kind, there), (plain, kind, there)], rounds, tables)
    print(
        f"{said:<46} ours {took:6.2f} s {peak:6.0f} MiB   plain {plain} {plain_took:6.2f} s {plain_peak:6.0f} MiB"
        f"   ratio {took / plain_took:.2f} of time (goal {goal}), {peak / plain_peak:.2f} of memory",
        flush=True,
    )


def growth(said: str, kind: str, there: int, rounds: int, tables: Path) -> None:
    """Print what twice the table costs."""
    (_, small), (_, large) = measured([("ours", kind, there), ("ours", kind, 2 * there)], rounds, tables)
    print(
        f"{said:<46} ours {small:6.0f} MiB, into twice the table {large:6.0f} MiB   ratio {large / small:.2f}",
        flush=True,
    )


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--table", type=int, default=10 * MILLION, help="rows of the table")
    asked.add_argument("--rounds", type=int, default=3)
    asked.add_argument("--in", dest="folder", help="folder for the tables, about 2 GB; removed in the end")
    asked.add_argument("--run", nargs=4, help=argparse.SUPPRESS)
    args = asked.parse_args()
    if args.run:
        route, kind, there, folder = args.run
        child(route, kind, int(there), Path(folder))
        return
    dataset, size, rounds = contract(), args.table, args.rounds
    with TemporaryDirectory(dir=args.folder) as folder:
        tables = Path(folder)
        for count in (0, size, 2 * size):
            fill(tables / str(count), count, dataset)
        name = f"{size / MILLION:g} M"
        beside("1 M new rows into an empty table", "new", 0, "append", 1.5, rounds, tables)
        beside(f"1 M new rows into {name}", "new", size, "append", 1.5, rounds, tables)
        beside(f"1 M with 10 % corrections of a day into {name}", "recent", size, "merge", 2.0, rounds, tables)
        beside(f"1 M with 10 % of all days into {name}", "scattered", size, "merge", 2.0, rounds, tables)
        growth("1 M with 10 % corrections of a day", "recent", size, rounds, tables)
        growth("1 M with 10 % of all days", "scattered", size, rounds, tables)


if __name__ == "__main__":
    main()
