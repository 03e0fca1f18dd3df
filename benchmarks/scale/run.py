"""One process of the measured load: python -m benchmarks.scale.run land|publish LAKE SHARD ADDRESS MINUTES

It does what a worker's tasks `land` and `publish` do, by the same calls. Printed is a line of JSON for every batch that
is published, and one for the whole. CPU seconds are of this process, user and system, and count from after the imports.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter, process_time

import psutil

from hutong.model.batch import Sequence
from hutong.model.window import Window
from hutong.pipeline import allowance, land_window, publish_waiting
from hutong.registry import Registry, open_registry
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.paths import Store

PLATFORM, STREAM, CITY = "cloud_control", "rsm", "500000"
START = datetime.fromisoformat("2026-03-18T08:00:00+08:00")


def tell(**said: object) -> None:
    """One line of JSON."""
    print(json.dumps(said), flush=True)


def main(what: str, root: str, lake: str, shard: str, address: str, minutes: int) -> None:
    environment = {
        "HUTONG_ROOT": root,
        "HUTONG_LAKE": lake,
        "HUTONG_BUDGET": f"{lake}.budget",
        "HUTONG_ADDRESS_CLOUD_CONTROL": address,
        "HUTONG_SECRET_CLOUD_CONTROL_USERNAME": "hutong",
        "HUTONG_SECRET_CLOUD_CONTROL_PASSWORD": "city-cloud-password",
    }
    settings = read(environment)
    registry, store = open_registry(settings), Store(lake)
    sequence = Sequence(PLATFORM, STREAM, CITY, f"shard/{shard}/backfill/scale")
    work = {"land": landed, "publish": published}[what]
    began, began_cpu = perf_counter(), process_time()
    said = work(registry, store, sequence, minutes, environment)
    tell(what=what, seconds=perf_counter() - began, cpu_s=process_time() - began_cpu, **said)


def landed(
    registry: Registry, store: Store, sequence: Sequence, minutes: int, environment: Mapping[str, str]
) -> dict[str, object]:
    """Pull `minutes` of what is served, from the first on."""
    settings, source = read(environment), registry.source(PLATFORM, STREAM)
    secrets, window = resolver(settings, environment), Window(START, START + timedelta(minutes=minutes))
    allowed = allowance(source, CITY, registry, store, settings)
    got = land_window(source, sequence, window, store, secrets, allowed)
    return {"records": got.records, "batches": got.last, "bytes": got.size, "completeness": got.completeness}


def published(
    registry: Registry, store: Store, sequence: Sequence, minutes: int, environment: Mapping[str, str]
) -> dict[str, object]:
    """Publish all that has landed."""
    source, secrets = registry.source(PLATFORM, STREAM), resolver(read(environment), environment)
    process, records, rows, batches = psutil.Process(), 0, 0, 0
    for done in publish_waiting(source, sequence, registry, store, secrets):
        records, batches = records + done.received, batches + 1
        rows += sum(done.rows["participant_observation"].values())
        tell(
            batch=done.batch,
            received=done.received,
            corrected=done.rows["participant_observation"].get("corrected", 0),
            rss_mib=process.memory_info().rss / 2**20,
            seconds=perf_counter(),
            cpu_s=process_time(),
        )
    return {"records": records, "rows": rows, "batches": batches, "peak_mib": peak_mib()}


def peak_mib() -> float:
    """The most memory that this process ever held."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4], sys.argv[5], int(sys.argv[6]))
    sys.stdout.flush()
    os._exit(0)
