"""A run of the true DAG over a platform that is paused and has sent one batch that no gate lets pass, in an Airflow of
its own.
"""

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
from tests.hutong.publish.conftest import flow, land_flow


@pytest.mark.slow
@pytest.mark.xdist_group("airflow")
def test_land_is_skipped_with_the_reason_publish_still_runs_and_the_failed_gate_is_named(tmp_path: Path) -> None:
    environment = {
        "HUTONG_ROOT": str(ROOT),
        "HUTONG_LAKE": str(tmp_path / "lake"),
        "HUTONG_BUDGET": str(tmp_path / "budget"),
        "HUTONG_UNSCHEDULED": "1",
    }
    registry, store = open_registry(read(environment)), Store(environment["HUTONG_LAKE"])
    pause("transport_info", "works on the line", registry, store)
    # Its axes are swapped: within China both ways, but not within the city.
    land_flow(registry, store, [flow("L1", polyline="99.5,36.5;99.6,36.6")])
    (tmp_path / "dags").mkdir()
    shutil.copy(ROOT / "dags" / "sync.py", tmp_path / "dags")
    dag, pools = names.sync_dag("transport_info", "live"), {names.pool("transport_info"): 2}
    with only_run(tmp_path, "HUTONG_DEMO") as run:
        airflow = local.start(run, local.fresh_home(run), tmp_path / "dags", environment, pools=pools)
        local.wait_for_dags(run, airflow, {dag})
        airflow.api.trigger(dag, {"streams": ["section_flow"]})
        deadline = time.monotonic() + 120
        while not (runs := airflow.api.runs()) or not runs[0].is_over:
            assert time.monotonic() < deadline
            time.sleep(0.2)
        tasks = {task.id: task for task in airflow.api.tasks()}
        (failure,) = airflow.api.failures(dag, runs[0].id)
        logs = "".join(file.read_text() for file in airflow.home.glob("logs/**/*land*/**/*.log"))
    assert "(works on the line); `hutong connector resume transport_info" in logs
    states = {name: task.state for name, task in tasks.items()}
    assert states == {
        names.PLAN: "success",
        names.LAND: "skipped",
        names.PUBLISH: "success",
        names.GATES: "failed",
    }
    assert runs[0].state == "failed"
    assert "road_segment.lon_in_city" in tasks[names.PUBLISH].name
    assert tasks[names.GATES].tries == 1
    assert "transport_info/section_flow/500000#1 by road_segment.lon_in_city" in failure.said
