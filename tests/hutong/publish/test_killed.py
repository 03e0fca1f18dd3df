"""A process killed right before or after any of its commits leaves nothing that running again does not mend."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hutong.lake import rows_of
from hutong.registry import Registry
from hutong.secrets import Secrets
from hutong.settings import Settings
from hutong.store.paths import Store
from hutong.verify import verify
from tests.conftest import ROOT
from tests.hutong.publish.conftest import flow, land_flow, publish_flow

ROWS = [flow("L1"), flow("L1"), flow("L2"), flow("L3", speed="fast")]
LATER = [flow("L1", roadName="金山大道", statTime="2026-03-18 08:20:00"), flow("L2")]
COMMITS_OF_A_BATCH = 5  # quarantine, road_segment, traffic_flow, platform_service, ledger

DYING = """
import os, signal, sys
import hutong.store.tables as tables
from hutong.pipeline import publish_waiting
from hutong.registry import open_registry
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.paths import Store

left, moment = int(sys.argv[1]), sys.argv[2]
write = tables.write_deltalake

def write_and_die(*args, **kwargs):
    global left
    left -= 1
    if left == 0 and moment == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    write(*args, **kwargs)
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

tables.write_deltalake = write_and_die
settings = read()
registry = open_registry(settings)
source = registry.source("transport_info", "section_flow")
list(publish_waiting(source, source.sequences[0], registry, Store(settings.lake), resolver(settings)))
"""


def published_rows(registry: Registry, store: Store) -> dict[str, list[dict[str, Any]]]:
    """What readers see, without the moments at which it was written."""
    volatile = {"published_at", "first_seen"}
    found: dict[str, list[dict[str, Any]]] = {}
    for name in ("traffic_flow", "road_segment", "ledger", "quarantine", "platform_service"):
        rows = rows_of(registry.dataset(name), registry, store).to_table().to_pylist()
        found[name] = sorted(({k: v for k, v in row.items() if k not in volatile} for row in rows), key=str)
    return found


@pytest.fixture
def undisturbed(registry: Registry, secrets: Secrets, tmp_path: Path) -> dict[str, list[dict[str, Any]]]:
    store = Store(str(tmp_path / "undisturbed"))
    for rows in (ROWS, LATER):
        land_flow(registry, store, rows)
    publish_flow(registry, store, secrets)
    return published_rows(registry, store)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_at_every_commit_of_two_batches_it_ends_as_if_undisturbed(
    moment: str,
    settings: Settings,
    registry: Registry,
    store: Store,
    secrets: Secrets,
    undisturbed: dict[str, list[dict[str, Any]]],
) -> None:
    for rows in (ROWS, LATER):
        land_flow(registry, store, rows)
    env = {**os.environ, "HUTONG_ROOT": str(settings.root), "HUTONG_LAKE": settings.lake}
    # Killed at its first commit, each run is given one commit more than it already has: so every point is met once.
    for _ in range(2 * COMMITS_OF_A_BATCH):
        nth = "2" if moment == "before" else "1"
        died = subprocess.run([sys.executable, "-c", DYING, nth, moment], env=env, cwd=ROOT, check=False)
        if died.returncode == 0:
            break
        assert died.returncode == -signal.SIGKILL
        assert not any(
            "twice" in said or "stands already" in said for said in verify(registry, store, secrets).problems
        )
    publish_flow(registry, store, secrets)
    assert published_rows(registry, store) == undisturbed
    assert verify(registry, store, secrets).problems == []
