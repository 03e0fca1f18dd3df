"""Airflow's own backfill and the backfill DAG, in hour chunks beside live syncs, the scheduler killed in the middle."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hutong.orchestrate import local, names
from hutong.orchestrate.api import DagRun
from hutong.orchestrate.local import LocalAirflow
from hutong.orchestrate.processes import Run, only_run
from tests.conftest import ROOT
from tests.hutong.extract.speaking import speaking
from tests.hutong.hourly import HOUR, NOON, STREAM, Ground, Sections

SYNC, BACKFILL = names.sync_dag(STREAM[0], "live"), names.backfill_dag(STREAM[0])
PATIENCE_S = 600.0
# So that what died with a scheduler is begun again within a minute, and not after five.
SOON = {
    "scheduler": {
        "scheduler_health_check_threshold": 30,
        "orphaned_tasks_check_interval": 10,
        "task_instance_heartbeat_timeout": 60,
        "task_instance_heartbeat_timeout_detection_interval": 5,
    },
    "workers": {"min_heartbeat_interval": 3},
}


@dataclass
class Operator:
    """A person at Airflow's command line."""

    processes: Run
    airflow: LocalAirflow

    def does(self, *words: str) -> None:
        log = self.airflow.home / "command.log"
        code = self.processes.complete("command", ("airflow", *words), self.airflow.variables, log)
        assert code == 0, log.read_text()

    def does_alone(self, *words: str) -> None:
        """While no scheduler writes: the embedded database has one writer, and not everybody waits for a turn."""
        self.processes.drop("scheduler")
        self.does(*words)
        local.start_part(self.processes, "scheduler", self.airflow.home, self.airflow.variables)

    def kills_the_scheduler(self) -> None:
        self.processes.drop("scheduler")
        local.start_part(self.processes, "scheduler", self.airflow.home, self.airflow.variables)

    def waits_for(self, reached: Callable[[], bool]) -> None:
        until = time.monotonic() + PATIENCE_S
        while not reached():
            assert time.monotonic() < until, self.runs()
            local.must_live(self.processes, self.airflow.home)
            time.sleep(1)

    def runs(self) -> list[DagRun]:
        return [run for run in self.airflow.api.runs() if run.dag in (SYNC, BACKFILL)]

    def is_idle(self) -> bool:
        return all(run.is_over for run in self.runs())


@contextmanager
def at_airflow(folder: Path, ground: Ground) -> Iterator[Operator]:
    with only_run(folder, "HUTONG_DEMO") as processes:
        home = local.fresh_home(processes)
        pools = {names.pool(STREAM[0]): 2}
        airflow = local.start(processes, home, ROOT / "dags", ground.variables("lake"), pools=pools, options=SOON)
        local.wait_for_dags(processes, airflow, {SYNC, BACKFILL})
        yield Operator(processes, airflow)


def windows(past: list[tuple[str, str, str, int]]) -> set[tuple[str, str]]:
    return {(start, end) for start, end, _, _ in past}


@pytest.mark.slow
@pytest.mark.timeout(2400)
def test_both_kinds_of_backfill_go_on_after_their_scheduler_was_killed_and_end_as_a_fresh_pull(tmp_path: Path) -> None:
    platform = Sections(hours=24)
    begin, middle = NOON - 24 * HOUR, NOON - 21 * HOUR
    with speaking(platform.answer) as server:
        ground = Ground(tmp_path, server.address)
        ground.declare()
        with at_airflow(tmp_path / "run", ground) as operator:
            operator.waits_for(lambda: bool(operator.runs()) and operator.is_idle())
            bounds = "--from-date", begin.isoformat(), "--to-date", (middle - HOUR).isoformat()
            operator.does_alone("backfill", "create", "--dag-id", SYNC, *bounds, "--max-active-runs", "2")
            operator.airflow.api.trigger(SYNC)
            operator.waits_for(lambda: len(platform.past) > 3)
            operator.kills_the_scheduler()
            operator.airflow.api.trigger(SYNC)
            operator.waits_for(operator.is_idle)
            first = windows(platform.past)
            assert max(first)[1] == f"{middle:%Y-%m-%d %H:%M:%S}"

            day = {"window_from": begin.isoformat(), "window_to": NOON.isoformat()}
            asked = {"stream": STREAM[1], "chunk": "1h", **day}
            before = len(platform.past)
            operator.does("dags", "trigger", BACKFILL, "--conf", json.dumps(asked))
            operator.waits_for(lambda: len(platform.past) > before + 2)
            operator.kills_the_scheduler()
            operator.airflow.api.trigger(SYNC)
            operator.waits_for(operator.is_idle)
            operator.airflow.api.trigger(SYNC)
            operator.waits_for(operator.is_idle)
            assert {(run.dag, run.state) for run in operator.runs()} == {(SYNC, "success"), (BACKFILL, "success")}
        # What Airflow's own brought is not asked for again: a chunk is one sequence, whoever asks for it.
        assert not first & windows(platform.past[before:])
        # Its shards may have asked in any order, so one of them may not know of the newest period yet.
        ground.sync("lake")
        ground.must_equal_a_fresh_pull(platform)
