"""A sync that is killed at any moment and run again ends where an undisturbed one does."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
import yaml

from citysim.clock import default_recording_start
from citysim.services.process import running
from hutong.lake import rows_of
from hutong.registry import Registry, open_registry
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.paths import Store
from hutong.verify import verify
from tests.conftest import CITY_SEED, command_environment, environment_for, write_secrets

from .copied import change, registry_copy

# A city of its own, so that it may run beside the large one.
pytestmark = pytest.mark.xdist_group("small_cities")

MINUTES = 1
KILLS = 3
STREAM = ("cloud_control", "rsm")


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A city whose clock stands after the first minute, asked in small pages that land in small batches."""
    folder = tmp_path_factory.mktemp("crash")
    root = registry_copy(folder / "root")
    connector = root / "connectors" / "cloud_control" / "connector.yaml"
    change(connector, "      page_size: 2000\n", "      page_size: 200\n")
    change(
        connector,
        "    data_selector: data[].rsms[].participants\n",
        "    data_selector: data[].rsms[].participants\n    max_records: 1500\n",
    )
    _without_gates(root / "schemas" / "participant_observation.odcs.yaml")
    write_secrets(folder / "secrets")
    start = default_recording_start(datetime.now(UTC))
    with running(
        seed=CITY_SEED, recording_start=start, clock_start=start + timedelta(minutes=MINUTES), speed=1e-6
    ) as live:
        yield command_environment(environment_for(folder, live)) | {"HUTONG_ROOT": str(root)}


def _without_gates(path: Path) -> None:
    """Gates take seconds to load, and decide nothing here."""
    contract = yaml.safe_load(path.read_text(encoding="utf-8"))
    table = contract["schema"][0]
    table["quality"] = [rule for rule in table["quality"] if rule["engine"] != "greatExpectations"]
    path.write_text(yaml.safe_dump(contract, allow_unicode=True, sort_keys=False), encoding="utf-8")


def commits(lake: Path) -> int:
    """How many commits there are in all tables."""
    return sum(1 for _ in lake.glob("**/_delta_log/*.json"))


def start_sync(environment: dict[str, str], lake: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "hutong.cli", "sync", *STREAM],
        env=environment | {"HUTONG_LAKE": str(lake)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


def run_to_the_end(environment: dict[str, str], lake: Path) -> None:
    process = start_sync(environment, lake)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said.decode()


def content(registry: Registry, lake: Path, dataset: str) -> pl.DataFrame:
    """The rows, without the moments at which this lake got them."""
    found = pl.from_arrow(rows_of(registry.dataset(dataset), registry, Store(str(lake))).to_table())
    assert isinstance(found, pl.DataFrame)
    moments = {
        "received_at", "landed_at", "published_at", "first_seen", "lag_s", "latency_p50_s", "latency_p95_s",
    }  # fmt: skip
    kept = found.drop([name for name in found.columns if name in moments])
    return kept.sort(kept.columns, nulls_last=True)


@pytest.mark.slow
def test_killed_again_and_again_it_ends_as_if_undisturbed(environment: dict[str, str], tmp_path: Path) -> None:
    undisturbed, killed = tmp_path / "undisturbed", tmp_path / "killed"
    run_to_the_end(environment, undisturbed)
    registry = open_registry(read(environment))
    in_all = commits(undisturbed)
    assert in_all > 30

    draw = random.Random(20260318)
    # One early, while pages land; the others among the commits of publishing, right behind one or a little later.
    moments = sorted(draw.sample(range(2, in_all - 1), KILLS))
    hits = 0
    for moment in moments:
        process = start_sync(environment, killed)
        while commits(killed) < moment and process.poll() is None:
            time.sleep(0.001)
        time.sleep(draw.choice((0.0, 0.002, 0.01, 0.03)))
        hits += process.poll() is None
        process.kill()
        process.communicate()
    assert hits >= KILLS - 1
    run_to_the_end(environment, killed)

    rows = content(registry, killed, "participant_observation")
    assert rows.equals(content(registry, undisturbed, "participant_observation"))
    assert rows.select(list(registry.dataset("participant_observation").key)).n_unique() == rows.height > 3_000
    for dataset in ("ledger", "quarantine", "platform_service"):
        wanted, found = content(registry, undisturbed, dataset), content(registry, killed, dataset)
        newest = wanted["batch"].max()
        assert found.filter(pl.col("batch") <= newest).equals(wanted), dataset
    # Each further run asked again for the last seconds: it found what stands there already, and nothing else.
    later = content(registry, killed, "ledger").filter(pl.col("batch") > newest, pl.col("kind") == "record")
    assert set(later["outcome"]) <= {"duplicate", "quarantined"}
    assert verify(registry, Store(str(killed)), resolver(read(environment))).problems == []
