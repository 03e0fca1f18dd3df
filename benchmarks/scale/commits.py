"""Commits on one table: python -m benchmarks.scale.commits FOLDER [--short]

Each writer is a process with a sequence of its own that commits a batch of one row again and again, as publishing does;
nothing else happens between, so it is the most that one table takes. Stores are a folder and, if `weed` is
installed, an S3 server on loopback.
"""

from __future__ import annotations

import argparse
import multiprocessing
import shutil
import statistics
import sys
from contextlib import ExitStack
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from time import perf_counter, process_time

import pyarrow as pa
from tests.stores.seaweed import WeedMissing, running_s3

from hutong.errors import HutongError
from hutong.model.batch import Sequence
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.paths import Place, open_store
from hutong.store.tables import Change, Table, commit, existing, fitted

SCHEMA = pa.schema([pa.field("city", pa.string(), nullable=False), pa.field("batch", pa.int64(), nullable=False)])
Environment = dict[str, str]


def table(environment: Environment, name: str) -> Table:
    place = open_store(read(environment), resolver(read(environment), environment)).base(name)
    return Table(place, SCHEMA, ("city",), "Commits that are counted", {}, admit=lambda snapshot: None)


def writes(
    environment: Environment,
    name: str,
    writer: int,
    seconds: float,
    done: Queue[tuple[int, int, float]],
    ready: Barrier,
) -> None:
    """Commit for `seconds`; tells how many commits, how many that others kept from landing, and CPU seconds."""
    to, sequence = table(environment, name), Sequence("cloud_control", "rsm", "500000", f"shard/{writer}").id
    fitted(to)
    ready.wait()
    began, cpu, batch, failed = perf_counter(), process_time(), 0, 0
    while perf_counter() - began < seconds:
        rows = pa.table({"city": ["500000"], "batch": [batch + 1]}, schema=SCHEMA)
        try:
            commit(to, sequence, batch + 1, lambda _, rows=rows: Change(rows, {}))
            batch += 1
        except HutongError:
            failed += 1
    done.put((batch, failed, process_time() - cpu))


def rate(environment: Environment, name: str, writers: int, seconds: float) -> str:
    """Commits a second of so many writers."""
    spawn = multiprocessing.get_context("spawn")
    done, ready = spawn.Queue(), spawn.Barrier(writers + 1)
    started = [
        spawn.Process(target=writes, args=(environment, name, one, seconds, done, ready)) for one in range(writers)
    ]
    for one in started:
        one.start()
    ready.wait()
    said = [done.get() for _ in started]
    for one in started:
        one.join()
    made, failed, cpu = (sum(one[at] for one in said) for at in range(3))
    gave_up = f", {failed} gave up" if failed else ""
    return f"{made / seconds:6.1f} commits/s, {1000 * cpu / made:.0f} ms of CPU each{gave_up}"


def opening(environment: Environment, name: str, commits: int, app_ids: int) -> str:
    """How long a table of so many commits and app ids takes to open, and to commit on."""
    to = table(environment, name)
    shutil.rmtree(to.place.uri, ignore_errors=True)
    rows = pa.table({"city": ["500000"], "batch": [1]}, schema=SCHEMA)
    others = {f"cloud_control/rsm/500000/backfill/{number}": 1 for number in range(app_ids)}
    for number in range(1, commits + 1):
        change = Change(rows, {}, transactions=others if number == 1 else {})
        commit(to, "benchmark", number, lambda _, change=change: change)
    opened, committed = [], []
    for number in range(commits + 1, commits + 10):
        began = perf_counter()
        existing(Place(to.place.uri, to.place.options))
        opened.append(perf_counter() - began)
        began = perf_counter()
        commit(to, "benchmark", number, lambda _: Change(rows, {}))
        committed.append(perf_counter() - began)
    return (
        f"open {1000 * statistics.median(opened):.0f} ms, commit {1000 * statistics.median(committed):.0f} ms"
        f" (medians of 9)"
    )


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("folder", type=Path)
    asked.add_argument("--short", action="store_true", help="a tenth of the time")
    args = asked.parse_args()
    seconds, most = (2.0, 100) if args.short else (10.0, 1000)
    folder: Path = args.folder / "commits"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    on_disk = {"HUTONG_ROOT": str(folder), "HUTONG_LAKE": str(folder / "lake")}
    for commits, app_ids in ((1, 1), (most // 10, 1), (most, 1), (1, 1_000), (1, 10_000)):
        said = opening(on_disk, f"opened_{commits}_{app_ids}", commits, app_ids)
        print(f"a table of {commits:,} commits and {app_ids:,} app ids: {said}", flush=True)
    with ExitStack() as stack:
        stores = {"disk": on_disk}
        try:
            stores["S3"] = stack.enter_context(running_s3(folder)).environment("commits")
        except WeedMissing as missing:
            print(missing, file=sys.stderr)
        for store, environment in stores.items():
            for writers in (1, 2, 4):
                said = rate({"HUTONG_ROOT": str(folder), **environment}, f"written_by_{writers}", writers, seconds)
                print(f"{store}, {writers} writer(s): {said}", flush=True)


if __name__ == "__main__":
    main()
