"""Every platform synced at once, then the report: started in Airflow, watched, and told how they ended."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from hutong.demo.step import Outcome, PlatformResult
from hutong.orchestrate import local, names
from hutong.orchestrate.api import FINISHED, Api, DagRun, TaskFailure
from hutong.orchestrate.local import LocalAirflow
from hutong.orchestrate.processes import Run
from hutong.registry import Registry

SYNC_WITHIN_S = 300.0
REPORT_WITHIN_S = 120.0
LOOK_EVERY_S = 1.0
"""Airflow's API server answers out of what the tasks could use: each look lists every task of every run."""


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
    runs: dict[str, list[str]] = {platform: [] for platform in registry.connectors}
    for dag, platform in names.sync_dags(registry).items():
        runs[platform].append(airflow.api.trigger(dag))
    tasks = {platform: 2 * sum(len(source.sequences) for source in registry.sources_of(platform)) for platform in runs}
    going, done = dict(runs), dict.fromkeys(runs, -1)
    deadline = time.monotonic() + SYNC_WITHIN_S
    while going:
        time.sleep(LOOK_EVERY_S)
        local.must_live(run, airflow.home)
        # States first: the tasks of a run that is over by then are over when they are counted.
        states = {one.id: one for one in airflow.api.runs()}
        over = Counter(task.run for task in airflow.api.tasks() if task.state in FINISHED and task.index >= 0)
        for platform, ids in list(going.items()):
            finished, own = sum(over[one] for one in ids), [states[one] for one in ids]
            outcome = _outcome(own, deadline)
            if outcome is not None:
                del going[platform]
                failed = [one for one in own if one.state != "success"]
                failures = tuple(said for one in failed for said in airflow.api.failures(one.dag, one.id))
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
    if not api.awaits_assets(names.REPORT) and not _reports(api):
        api.trigger(names.REPORT)
    while True:
        local.must_live(run, airflow.home)
        # The scheduler turns what waits into a run in one transaction, so asked in this order neither is missed.
        waits = api.awaits_assets(names.REPORT)
        reports = _reports(api)
        if not waits and reports and all(report.is_over for report in reports):
            newest = reports[-1]
            return (
                ("success", ()) if newest.state == "success" else ("failed", tuple(api.failures(newest.dag, newest.id)))
            )
        if time.monotonic() > deadline:
            return "late", ()
        time.sleep(LOOK_EVERY_S)


def _reports(api: Api) -> list[DagRun]:
    return [run for run in api.runs() if run.dag == names.REPORT]


def _outcome(runs: list[DagRun], deadline: float) -> Outcome | None:
    """How the runs of one platform ended together; None while one goes on and there is time."""
    if all(run.is_over for run in runs):
        return "success" if all(run.state == "success" for run in runs) else "failed"
    return "late" if time.monotonic() > deadline else None
