"""The short form: one platform of one city, and a worker killed with all its children while it has a task in its hands.

`make cluster-test` is the long one.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from hutong.orchestrate.processes import only_run
from tests.cluster import faults, packages, trial
from tests.cluster.told import Told
from tests.cluster.topology import WORKERS


@pytest.mark.timeout(900)
@pytest.mark.xdist_group("cluster")
def test_a_platform_is_synced_whole_although_a_worker_is_killed(tmp_path: Path) -> None:
    try:
        packages.install_missing()
    except packages.PackagesMissing as missing:
        pytest.skip(f"NO CLUSTER IS TESTED HERE: {missing}")
    told = Told()
    with only_run(tmp_path, "TMPDIR") as run:
        ground = trial.prepared(run, ["500000"], {"cim": ["junction", "building", "roadside_asset"]})
        filling = trial.begin_undisturbed(run, ground)
        with trial.syncing(run, ground, told) as cluster:
            faults.kill_a_worker(cluster, WORKERS[0], told)
            trial.verdict(cluster, ground, filling, told)
    assert told.problems == []
    assert told.figures["rows of the undisturbed lake"]
    assert told.figures["tasks tried again"]
    assert (told.figures["rows lost"], told.figures["rows doubled"], told.figures["rows changed"]) == (0, 0, 0)
