"""A run of the true DAG over a platform that is paused, in an Airflow of its own."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import pytest

from hutong.orchestrate import local, names
from hutong.orchestrate.processes import only_run
from hutong.pauses import pause
from hutong.registry import open_registry
from hutong.settings import read
from hutong.store.paths import Store
from tests.conftest import ROOT


@pytest.mark.slow
@pytest.mark.xdist_group("airflow")
def test_land_is_skipped_with_the_reason_and_publish_still_runs(tmp_path: Path) -> None:
    environment = {
        "HUTONG_ROOT": str(ROOT),
        "HUTONG_LAKE": str(tmp_path / "lake"),
        "HUTONG_BUDGET": str(tmp_path / "budget"),
        "HUTONG_UNSCHEDULED": "1",
    }
    registry, store = open_registry(read(environment)), Store(environment["HUTONG_LAKE"])
    pause("transport_info", "works on the line", registry, store)
    (tmp_path / "dags").mkdir()
    shutil.copy(ROOT / "dags" / "sync.py", tmp_path / "dags")
    dag, pools = names.sync_dag("transport_info"), {names.pool("transport_info"): 2}
    with only_run(tmp_path) as run:
        airflow = local.start(run, tmp_path / "dags", environment, pools=pools)
        local.wait_for_dags(run, airflow, {dag})
        airflow.api.trigger(dag)
        deadline = time.monotonic() + 120
        while not (runs := airflow.api.runs()) or not runs[0].is_over:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        states = {task.id: task.state for task in airflow.api.tasks()}
        logs = "".join(file.read_text() for file in airflow.home.glob("logs/**/*land*/**/*.log"))
    assert (runs[0].state, states) == ("success", {names.LAND: "skipped", names.PUBLISH: "success"})
    assert "(works on the line); `hutong connector resume transport_info" in logs
