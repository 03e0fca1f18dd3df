"""One stretch of the past, asked for in a true Airflow by the form of a sync, by the DAG `backfill__<platform>` and by
Airflow's own backfill, beside the schedule: it comes once.
"""

from __future__ import annotations

import time
from pathlib import Path

import polars as pl
import pytest

from hutong.orchestrate import local, names
from hutong.orchestrate.local import LocalAirflow
from hutong.orchestrate.processes import Run, only_run
from hutong.registry import open_registry
from hutong.settings import read
from hutong.store.paths import Store
from tests.city.copied import change
from tests.conftest import ROOT
from tests.hutong.extract.speaking import Server, speaking
from tests.hutong.publish.conftest import declare_without_gates

from .test_windows import FORM, telling

SYNC, BACKFILL = names.sync_dag("transport_info", "live"), names.backfill_dag("transport_info")
WINDOW = {name: FORM[name] for name in ("window_from", "window_to")}


def wait(run: Run, airflow: LocalAirflow, dag: str, many: int) -> dict[str, str]:
    """State of each run of `dag`, once there are `many` and all are over."""
    deadline = time.monotonic() + 240
    while True:
        local.must_live(run, airflow.home)
        runs = {one.id: one.state for one in airflow.api.runs() if one.dag == dag}
        if len(runs) >= many and set(runs.values()) <= {"success", "failed"}:
            return runs
        assert time.monotonic() < deadline, runs
        time.sleep(0.3)


def asked_for_that_day(server: Server) -> list[str]:
    begins = sorted({one.query["startTime"] for one in server.asked if one.query["startTime"] < "2026-03-18"})
    server.asked.clear()
    return begins


@pytest.mark.slow
@pytest.mark.xdist_group("airflow")
@pytest.mark.timeout(600)
def test_a_window_comes_once_whoever_asks_for_it(tmp_path: Path) -> None:
    root = declare_without_gates(tmp_path / "root")
    # Airflow's own backfill then has chunks of an hour, and few runs.
    change(root / "connectors/transport_info/connector.yaml", 'live: "*/5 * * * *"', 'live: "0 * * * *"')
    with speaking(telling) as server, only_run(tmp_path, "HUTONG_DEMO") as run:
        environment = {
            "HUTONG_ROOT": str(root),
            "HUTONG_LAKE": str(tmp_path / "lake"),
            "HUTONG_BUDGET": str(tmp_path / "budget"),
            "HUTONG_ADDRESS_TRANSPORT_INFO": server.address,
            "HUTONG_SECRET_TRANSPORT_INFO_APP_KEY": "planted-key",
            "HUTONG_SECRET_TRANSPORT_INFO_SECRET": "planted-secret",
        }
        for platform in ("cloud_control", "cim", "traffic_safety"):
            (root / "connectors" / platform / "connector.yaml").unlink()
        airflow = local.start(
            run, local.fresh_home(run), ROOT / "dags", environment, pools={names.pool("transport_info"): 2}
        )
        local.wait_for_dags(run, airflow, {SYNC, BACKFILL})
        api = airflow.api
        one_hour = {"window_from": WINDOW["window_from"], "window_to": "2026-03-17T09:00:00+08:00"}
        by_form = api.trigger(SYNC, {"streams": ["section_flow"], **one_hour})
        assert wait(run, airflow, SYNC, 1)[by_form] == "success"
        assert asked_for_that_day(server) == ["2026-03-17 08:00:00"]
        by_dag = api.trigger(BACKFILL, {**FORM, "max_parallel": 2})
        assert wait(run, airflow, BACKFILL, 1) == {by_dag: "success"}
        assert asked_for_that_day(server) == ["2026-03-17 09:00:00", "2026-03-17 10:00:00"]
        shown = {task.name for task in api.tasks() if task.dag == BACKFILL and task.id == names.BRING}
        assert shown == {f"section_flow · 2026-03-17 08:00 – 11:00 · 1h · {nth}/2" for nth in (1, 2)}
        before = len(wait(run, airflow, SYNC, 1))
        api._ask(
            "POST",
            "/backfills",
            {
                "dag_id": SYNC,
                "from_date": "2026-03-17T00:00:00Z",
                "to_date": "2026-03-17T02:00:00Z",
                "max_active_runs": 3,
                "dag_run_conf": {"streams": ["section_flow"]},
            },
        )
        runs = wait(run, airflow, SYNC, before + 3)
        assert set(runs.values()) == {"success"}
        assert sum(one.startswith("backfill__") for one in runs) == 3
        assert asked_for_that_day(server) == []
        events = api._ask("GET", "/assets/events?limit=100")["asset_events"]
    table = open_registry(read({"HUTONG_ROOT": str(root)})).dataset("traffic_flow").table
    rows = pl.scan_delta(Store(str(tmp_path / "lake")).base(table).uri).collect()
    past = rows.filter(pl.col("date") == pl.date(2026, 3, 17))
    assert past.height == past["period_start"].n_unique() == 18
    told = [one["extra"] for one in events if one["extra"].get("window")]
    assert len(told) == 3
    assert all(one["received"] == sum(one["fates"].values()) == 6 for one in told)
