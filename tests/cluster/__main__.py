"""`python -m tests.cluster`: a cluster on loopback syncs three cities while it is broken in four ways.

Exit 0 when the account balances and every row equals that of an undisturbed lake, 1 when not, 2 when it cannot be
tried.
"""

from __future__ import annotations

import argparse
import logging
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from hutong.errors import AskedWrongly
from hutong.orchestrate.processes import Run, only_run
from tests.cities.three import CITIES
from tests.cluster import faults, packages, trial
from tests.cluster.told import Told
from tests.cluster.topology import LAKE, WORKERS, ClusterBroken

TWIN_TRIES = 3


def main() -> int:
    """Try it, and print what was done and what came of it."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__.partition(": ")[2])
    parser.add_argument(
        "--cities",
        default=",".join(CITIES),
        metavar="CODE[,CODE...]",
        help="of the three, those to sync (default: all)",
    )
    cities = parser.parse_args().cities.split(",")
    if not set(cities) <= set(CITIES):
        parser.error(f"--cities takes some of {','.join(CITIES)}")
    logging.basicConfig(level=logging.ERROR)
    told = Told()
    try:
        if installed := packages.install_missing():
            told.step(f"installed {', '.join(installed)}")
    except packages.PackagesMissing as missing:
        print(missing, file=sys.stderr)
        return 2
    # Always the same folder: what a killed trial left running is found by its notes and stopped.
    folder = Path(tempfile.gettempdir()) / "hutong-cluster"
    try:
        with only_run(folder, "TMPDIR") as run:
            for old in folder.iterdir():
                if old.is_dir():
                    shutil.rmtree(old)
            _try(run, cities, told)
        shutil.rmtree(folder)
    except AskedWrongly as wrong:
        print(wrong, file=sys.stderr)
        return 2
    except ClusterBroken as broken:
        told.problems.append(f"{broken}\n    what it wrote is in {folder}")
    print(told.text())
    return 1 if told.problems else 0


def _try(run: Run, cities: Sequence[str], told: Told) -> None:
    ground = trial.prepared(run, cities)
    told.step(f"the platforms of {len(cities)} cities answer")
    filling = trial.begin_undisturbed(run, ground)
    with trial.syncing(run, ground, told) as cluster:
        store = cluster.s3.store(LAKE)
        faults.kill_a_worker(cluster, WORKERS[0], told)
        cluster.start(WORKERS[0])
        trial.when(cluster, 0.2)
        halves = (
            faults.kill_a_main_process(cluster, WORKERS[1], ground.registry, store, told) for _ in range(TWIN_TRIES)
        )
        if not any(halves):
            told.problems.append(f"no task was published by a twin, in {TWIN_TRIES} tries")
        trial.when(cluster, 0.4)
        faults.cut_the_store(cluster, told)
        trial.when(cluster, 0.6)
        faults.restart_the_scheduler(cluster, told)
        trial.verdict(cluster, ground, filling, told)


if __name__ == "__main__":
    raise SystemExit(main())
