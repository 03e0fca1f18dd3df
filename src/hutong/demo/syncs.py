"""Every platform synced at once, then the report: started in Airflow, watched, and told how they ended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from hutong.demo.step import Outcome, PlatformResult
from hutong.orchestrate import local, names
from hutong.orchestrate.api import RUN_OVER, TaskFailure
from hutong.orchestrate.local import LocalAirflow
from hutong.orchestrate.processes import Run
from hutong.registry import Registry

SYNC_WITHIN_S = 300.0
REPORT_WITHIN_S = 120.0
LOOK_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the sync of a platform stands. result: once it is over."""

    platform: str
    done: int
    total: int
    result: PlatformResult | None = None


def sync_all(run: Run, airflow: LocalAirflow, registry: Registry) -> Iterator[Progress]:
    """Sync all platforms of `registry`; yields whenever another task is over, and once with the result of each.

    A platform whose time is up counts as late and is no longer waited for.
    """
    going = {platform: airflow.api.trigger(names.sync_dag(platform)) for platform in registry.connectors}
    tasks = {platform: 2 * sum(len(source.sequences) for source in registry.sources_of(platform)) for platform in going}
    done = dict.fromkeys(going, -1)
    deadline = time.monotonic() + SYNC_WITHIN_S
    while going:
        time.sleep(LOOK_EVERY_S)
        local.must_live(run, airflow.home)
        for platform, run_id in list(going.items()):
            dag = names.sync_dag(platform)
            # The state first: tasks that it counts as over are over when they are counted.
            outcome = _outcome(airflow.api.runs(dag)[run_id], deadline)
            finished = airflow.api.tasks_done(dag, run_id)
            if outcome is not None:
                del going[platform]
                failures = () if outcome == "success" else tuple(airflow.api.failures(dag, run_id))
                yield Progress(platform, finished, tasks[platform], PlatformResult(platform, outcome, failures))
            elif finished != done[platform]:
                yield Progress(platform, finished, tasks[platform])
            done[platform] = finished


def await_report(run: Run, airflow: LocalAirflow) -> tuple[Outcome, tuple[TaskFailure, ...]]:
    """How the newest run of the report ended, once none is left that an asset calls for.

    Called when the syncs are over. If they changed nothing, the report is asked for here: an earlier demo may have been
    stopped before it had made one.
    """
    api, deadline = airflow.api, time.monotonic() + REPORT_WITHIN_S
    if not api.awaits_assets(names.REPORT) and not api.runs(names.REPORT):
        api.trigger(names.REPORT)
    while True:
        local.must_live(run, airflow.home)
        # The scheduler turns what waits into a run in one transaction, so asked in this order neither is missed.
        waits = api.awaits_assets(names.REPORT)
        runs = api.runs(names.REPORT)
        if not waits and runs and all(state in RUN_OVER for state in runs.values()):
            newest, state = list(runs.items())[-1]
            return ("success", ()) if state == "success" else ("failed", tuple(api.failures(names.REPORT, newest)))
        if time.monotonic() > deadline:
            return "late", ()
        time.sleep(LOOK_EVERY_S)


def _outcome(state: str, deadline: float) -> Outcome | None:
    if state in RUN_OVER:
        return "success" if state == "success" else "failed"
    return "late" if time.monotonic() > deadline else None
