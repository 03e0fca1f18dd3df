"""A process killed between any two of its commits leaves nothing that running again does not mend."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hutong.lake import rows_of
from hutong.model.batch import Sequence
from hutong.publish.stage import last_published
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

# Imports once and forks for each death, before deltalake is used: its runtime would not survive that.
DYING = """
import os, signal, sys
import hutong.store.tables as tables
from hutong.pipeline import publish_waiting
from hutong.registry import open_registry
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.paths import Store

write = tables.write_deltalake

def write_and_die(*args, **kwargs):
    write(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)

def publish():
    tables.write_deltalake = write_and_die
    settings = read()
    registry = open_registry(settings)
    source = registry.source("transport_info", "section_flow")
    list(publish_waiting(source, source.sequences[0], registry, Store(settings.lake), resolver(settings)))

for _ in sys.stdin:
    child = os.fork()
    if child == 0:
        publish()
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
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


def test_killed_at_every_commit_of_two_batches_it_ends_as_if_undisturbed(
    settings: Settings,
    registry: Registry,
    store: Store,
    secrets: Secrets,
    undisturbed: dict[str, list[dict[str, Any]]],
) -> None:
    for rows in (ROWS, LATER):
        land_flow(registry, store, rows)
    env = {**os.environ, "HUTONG_ROOT": str(settings.root), "HUTONG_LAKE": settings.lake}
    with subprocess.Popen(
        [sys.executable, "-c", DYING], env=env, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as dying:
        assert dying.stdin is not None
        assert dying.stdout is not None
        # Each run makes one commit that is still missing and dies: so every point between two commits is met once.
        for _ in range(2 * COMMITS_OF_A_BATCH):
            dying.stdin.write("\n")
            dying.stdin.flush()
            assert int(dying.stdout.readline()) == -signal.SIGKILL
            problems = verify(registry, store, secrets).problems
            assert not any("twice" in said or "stands already" in said for said in problems)
        dying.stdin.close()
    assert last_published(Sequence("transport_info", "section_flow", "500000"), store) == 2
    publish_flow(registry, store, secrets)
    assert published_rows(registry, store) == undisturbed
    assert verify(registry, store, secrets).problems == []
