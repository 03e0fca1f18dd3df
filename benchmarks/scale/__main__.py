"""What a worker carries of the RSUs' stream, from the platform's answers to published tables:

    python -m benchmarks.scale [--tiles N] [--minutes N] [--processes 1,2] [--max-mib N] [--in FOLDER] [--short]

`python -m citysim tile` renders and serves the load; each process pulls tiles of its own, as a shard, and publishes
them into the one table that all share. CPU seconds are those of the process, user and system: on a machine that others
use as well they are the steadier figure, though not free of the neighbours either. Then: commits a second on one
table, by how many writers and on which store, and how long a table takes to open.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.scale.run import START
from deltalake import DeltaTable

REPOSITORY = Path(__file__).resolve().parents[2]
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("HUTONG_")} | {
    "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "src")])
}
"""Of the processes that are started: what they import is what stands here."""
Said = dict[str, Any]


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--tiles", type=int, default=1, help="tiles for each process")
    asked.add_argument("--minutes", type=int, default=10, help="minutes of tile time")
    asked.add_argument("--processes", default="1,2", help="how many at a time, one run for each (default: 1,2)")
    asked.add_argument("--max-mib", type=int, help="most MiB in a batch, instead of what the connector says")
    asked.add_argument("--in", dest="folder", type=Path, help="folder for rendered tiles and lakes; tiles are kept")
    asked.add_argument("--short", action="store_true", help="two minutes, one process, few commits: a few minutes")
    args = asked.parse_args()
    sys.stdout.reconfigure(line_buffering=True)
    minutes, processes = (2, [1]) if args.short else (args.minutes, [int(one) for one in args.processes.split(",")])
    with TemporaryDirectory() as temporary:
        folder = (args.folder or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        for count in processes:
            load(folder, count, args.tiles, minutes, args.max_mib)
        python("benchmarks.scale.commits", folder, *(["--short"] if args.short else []))


def load(folder: Path, processes: int, tiles: int, minutes: int, max_mib: int | None) -> None:
    """One run, printed."""
    root, lake = registry_in(folder / "registry", max_mib), folder / f"lake-{processes}"
    for gone in (lake, Path(f"{lake}.budget")):
        shutil.rmtree(gone, ignore_errors=True)
    with ExitStack() as stack:
        addresses = [stack.enter_context(served(folder, tiles, one, minutes)) for one in range(processes)]
        landing = side_by_side("land", root, lake, addresses, minutes)
    kept = size_of(lake)
    publishing = side_by_side("publish", root, lake, addresses, minutes)
    records, received = (sum(int(said[-1][name]) for said in landing) for name in ("records", "bytes"))
    print(f"\n{processes} process(es) of {tiles} tile(s), {minutes} minutes of tile time: {records:,} participants")
    cpu = sum(said[-1]["cpu_s"] for said in landing)
    print(f"  landing     {records / cpu:>9,.0f} records per CPU second; {received / records:.0f} bytes of JSON and")
    print(f"              {kept / records:.1f} bytes of landing table for each")
    for number, said in enumerate(publishing):
        told(number, said)
    rows, wall = sum(said[-1]["rows"] for said in publishing), max(said[-1]["seconds"] for said in publishing)
    print(f"  together    {rows / wall:>9,.0f} rows a second by the clock")
    tables(lake, rows)
    environment = {"HUTONG_ROOT": str(root), "HUTONG_LAKE": str(lake)}
    subprocess.run(
        [sys.executable, "-P", "-m", "hutong.cli", "maintain"], check=True, env={**ENVIRONMENT, **environment}
    )
    print("  after `hutong maintain`:")
    tables(lake, rows)


def told(number: int, said: list[Said]) -> None:
    """Rows a second, and memory from the first quarter of the batches to the last."""
    *batches, whole = said
    # The first batch imports what judges gates, and warms up.
    steady = batches[1:] or batches
    begun, ended = (batches[0], batches[-1]) if len(batches) > 1 else ({"cpu_s": 0, "seconds": 0}, batches[0])
    received = sum(one["received"] for one in steady)
    cpu, wall = ended["cpu_s"] - begun["cpu_s"], ended["seconds"] - begun["seconds"]
    quarter = max(1, len(steady) // 4)
    first, last = (statistics.median(one["rss_mib"] for one in part) for part in (steady[:quarter], steady[-quarter:]))
    print(
        f"  publishing {number} {received / cpu:>8,.0f} records per CPU second, {received / wall:,.0f} by the clock; "
        f"{len(batches)} batches, {60 * (len(batches) - 1) / wall:.0f} a minute"
    )
    for name, is_it in (("no row of an earlier one", False), ("some", True)):
        of = [
            (one, one["cpu_s"] - before["cpu_s"])
            for before, one in pairwise(batches)
            if bool(one["corrected"]) is is_it
        ]
        if of:
            each = sum(one["received"] for one, _ in of) / sum(cost for _, cost in of)
            print(f"              {len(of)} batches that correct {name}: {each:,.0f} records per CPU second")
    print(
        f"              memory {first:.0f} MiB in the first quarter, {last:.0f} in the last: {last / first:.2f}; "
        f"peak {whole['peak_mib']:.0f}"
    )


def tables(lake: Path, rows: int) -> None:
    """Commits, files and bytes of every table."""
    for log in sorted(lake.rglob("_delta_log")):
        table = DeltaTable(str(log.parent))
        sizes = [int(size) for size in table.get_add_actions(flatten=True)["size_bytes"].to_pylist()]
        print(
            f"    {log.parent.relative_to(lake)!s:<34} {table.version():>5} commits {len(sizes):>5} files"
            f" {sum(sizes) / 2**20:>8.1f} MiB, {sum(sizes) / rows:.1f} bytes a row published"
        )


def registry_in(root: Path, max_mib: int | None) -> Path:
    """The registry as it stands, with batches of another size for the stream."""
    shutil.rmtree(root, ignore_errors=True)
    for name in ("connectors", "mappings", "schemas"):
        shutil.copytree(REPOSITORY / name, root / name)
    if max_mib is not None:
        file = root / "connectors" / "cloud_control" / "connector.yaml"
        limits = f"  rsm:\n    max_bytes: {max_mib * 2**20}\n    max_records: 1000000\n"
        file.write_text(file.read_text().replace("  rsm:\n", limits, 1))
    return root


@contextmanager
def served(folder: Path, tiles: int, process: int, minutes: int) -> Iterator[str]:
    """The address of the tiles of one process; they are others than those of its siblings."""
    words = ["tile", tiles, "--out", folder / f"tile-{minutes}", "--minutes", minutes, "--first", tiles * process]
    command = [sys.executable, "-P", "-m", "citysim", *map(str, words), "--start", START.isoformat()]
    server = subprocess.Popen([*command, "--serve", "--json"], stdout=subprocess.PIPE, text=True, env=ENVIRONMENT)
    try:
        assert server.stdout is not None
        yield json.loads(server.stdout.readline())["cloud_control"]
    finally:
        server.terminate()
        server.wait()


def side_by_side(what: str, root: Path, lake: Path, addresses: Sequence[str], minutes: int) -> list[list[Said]]:
    """What the processes say that do `what` at the same time, one for each of `addresses`."""
    started = [
        subprocess.Popen(
            [sys.executable, "-P", "-m", "benchmarks.scale.run", what, root, lake, str(number), address, str(minutes)],
            stdout=subprocess.PIPE,
            text=True,
            env=ENVIRONMENT,
        )
        for number, address in enumerate(addresses)
    ]
    said = [one.communicate()[0] for one in started]
    if any(one.returncode for one in started):
        raise SystemExit(f"a process that was to {what} failed")
    return [[json.loads(line) for line in text.splitlines() if line.startswith("{")] for text in said]


def size_of(lake: Path) -> int:
    """Bytes of all files under `lake`."""
    return sum(file.stat().st_size for file in lake.rglob("*") if file.is_file())


def python(module: str, *words: object) -> None:
    """Run a module of ours, and let it speak."""
    subprocess.run([sys.executable, "-P", "-m", module, *map(str, words)], check=True, env=ENVIRONMENT)


if __name__ == "__main__":
    main()
