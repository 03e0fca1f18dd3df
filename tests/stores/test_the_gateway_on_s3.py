"""What works in a folder works on an S3 server."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hutong.changes import changes
from hutong.lake import query, rows_of
from hutong.registry import Registry
from hutong.release import pins, release
from hutong.secrets import Secrets, resolver
from hutong.settings import read
from hutong.store.paths import Store, is_there
from hutong.verify import verify
from tests.conftest import command_environment
from tests.hutong.publish.conftest import flow, land_flow, publish_flow
from tests.stores.seaweed import RunningS3

pytestmark = pytest.mark.xdist_group("s3")

BATCHES = (
    [flow("L1"), flow("L1"), flow("L2"), flow("L3", speed="fast")],
    [flow("L1", roadName="金山大道", statTime="2026-03-18 08:20:00"), flow("L2", speed=45.0)],
)
WRITTEN_AT = {"published_at", "first_seen"}


@pytest.fixture
def secrets() -> Secrets:
    return resolver(read({}))


def filled(store: Store, registry: Registry, secrets: Secrets) -> dict[str, list[dict[str, Any]]]:
    """Land and publish `BATCHES`; every table's rows afterwards, without the moments at which they were written."""
    for rows in BATCHES:
        land_flow(registry, store, rows)
        publish_flow(registry, store, secrets)
    found: dict[str, list[dict[str, Any]]] = {}
    for name, dataset in registry.datasets.items():
        rows = rows_of(dataset, registry, store).to_table().to_pylist()
        found[name] = sorted(({k: v for k, v in row.items() if k not in WRITTEN_AT} for row in rows), key=str)
    return found


def test_a_lake_on_s3_holds_what_a_lake_in_a_folder_holds(
    s3: RunningS3, registry: Registry, secrets: Secrets, tmp_path: Path
) -> None:
    on_s3, on_disk = s3.store("same"), Store(str(tmp_path / "lake"))
    assert not is_there(on_s3)
    assert filled(on_s3, registry, secrets) == filled(on_disk, registry, secrets)
    assert is_there(on_s3)
    report = verify(registry, on_s3, secrets)
    assert (report.recounted, report.problems) == (2, [])
    (corrected,) = query("SELECT speed_mps FROM traffic_flow WHERE source_id = 'L2'", registry, on_s3).to_pylist()
    assert corrected["speed_mps"] == pytest.approx(45 / 3.6)


def test_a_command_finds_the_lake_by_its_environment(
    s3: RunningS3, registry: Registry, secrets: Secrets, root: Path
) -> None:
    land_flow(registry, s3.store("commands"), BATCHES[0])
    publish_flow(registry, s3.store("commands"), secrets)
    environment = {"HUTONG_ROOT": str(root), "HUTONG_LANG": "en", **s3.environment("commands")}
    done = subprocess.run(
        [sys.executable, "-m", "hutong.cli", "verify", "--json"],
        env=command_environment(environment),
        capture_output=True,
        text=True,
    )
    report = json.loads(done.stdout)
    assert (report["recounted"], report["records"], report["problems"]) == (1, 4, [])


def test_a_lake_on_s3_is_released_and_compared(s3: RunningS3, registry: Registry, secrets: Secrets) -> None:
    store = s3.store("released")
    land_flow(registry, store, BATCHES[0])
    publish_flow(registry, store, secrets)
    made = release("first", "before the second batch", registry, store)
    land_flow(registry, store, BATCHES[1])
    publish_flow(registry, store, secrets)
    assert pins(store).keys() == {pin.place(store).uri for pin in made.pins}
    (answer,) = query("SELECT count(*) AS n FROM traffic_flow", registry, store, at="first").to_pylist()
    assert answer["n"] == 2
    (road,) = changes("first", "now", registry, store, "road_segment")
    assert (road.added, road.changed, road.removed) == (0, 1, 0)
