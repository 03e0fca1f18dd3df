"""A replay while a sync goes on publishing: what comes in meanwhile is neither lost nor counted twice."""

from __future__ import annotations

import subprocess
import sys

import pytest

from hutong.secrets import Secrets
from hutong.settings import Settings
from hutong.store.paths import Store
from hutong.verify import verify
from tests.conftest import ROOT
from tests.hutong.redo.conftest import LIVE, publish_in, read_131_as_missing, rebuild, replay, seen

SYNCING = """
import sys
from hutong.registry import open_registry
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.paths import Store
from tests.hutong.publish.conftest import flow
from tests.hutong.redo.conftest import LIVE, land_in, publish_in

settings = read({"HUTONG_ROOT": sys.argv[1]})
registry, store, secrets = open_registry(settings), Store(settings.lake), resolver(settings)
for batch in range(8):
    link, seen = f"L{batch % 5}", f"2026-03-18 08:{25 + 5 * batch}:00"
    rows = [flow(link, statTime=seen, occupancy=131), flow("L1"), flow("L6", speed="fast")]
    land_in(LIVE, rows, registry, store, 600 + batch)
    publish_in(LIVE, registry, store, secrets)
    print(batch, flush=True)
"""


@pytest.mark.slow
def test_batches_published_during_a_replay_stay_and_are_accounted_once(
    settings: Settings, store: Store, secrets: Secrets
) -> None:
    changed = read_131_as_missing(settings)
    with subprocess.Popen(
        [sys.executable, "-c", SYNCING, str(settings.root)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as syncing:
        assert syncing.stdout is not None
        syncing.stdout.readline()
        during = replay(changed, store, secrets)
        assert syncing.wait() == 0
    assert during.is_needed
    assert publish_in(LIVE, changed, store, secrets) == []
    assert verify(changed, store, secrets).problems == []
    assert not replay(changed, store, secrets).is_needed
    assert rebuild("road_segment", changed, store, secrets).is_equal
    links = {row["source_id"] for row in seen(changed, store, "traffic_flow")["traffic_flow"]}
    assert links == {"L0", "L1", "L2", "L3", "L4", "L5"}
