"""The demo itself: city and Airflow up, every platform synced, the report made, everything down again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from hutong.demo import score, syncs
from hutong.demo.step import DemoResult, Kind, Outcome, PlatformResult, Step
from hutong.machine import city
from hutong.machine.place import Place
from hutong.model.declared import Words
from hutong.orchestrate import local, names
from hutong.orchestrate.local import LocalAirflow, Options
from hutong.orchestrate.processes import Run, only_run
from hutong.registry import Registry, open_registry
from hutong.secrets import resolver
from hutong.settings import Settings
from hutong.store.paths import open_store

Say = Callable[[Step], None]

READ_ONCE: Options = {"dag_processor": {"min_file_process_interval": 3600}}
"""Nobody changes a DAG file while the demo runs; by itself Airflow reads each again every 30 s."""


def run(settings: Settings, say: Say) -> DemoResult:
    """Run the demo over the files declared below `settings.root`; it keeps its things in `settings.demo`.

    say: told each step as it is reached; nothing is printed here.
    A platform that fails holds up no other: the result says which, and what its tasks said.
    Raises RegistryError before anything is started, AskedWrongly when a demo is already running there, and HutongError
    when the city or Airflow does not come up or goes away. Whatever happens, nothing that was started stays.
    """
    registry, place, steps = open_registry(settings), Place(settings.demo), _Steps(say)
    # A path at which no lake can lie is told now, not by every task two minutes later.
    open_store(replace(settings, lake=str(place.lake)), resolver(settings))
    with only_run(place.folder, "HUTONG_DEMO") as processes:
        airflow = _begin(processes, registry, place, steps)
        platforms = _sync(processes, airflow, registry, steps)
        # Beside the report, since each has a processor of its own to spare.
        scoring = score.begin(processes, place)
        outcome, failures = syncs.await_report(processes, airflow)
        steps.reach(
            "report", "报告已生成" if outcome == "success" else "报告未生成", f"report: {outcome}", outcome=outcome
        )
        scored = score.ready(scoring, place)
    steps.reach("stopped", "已全部停止", "everything is stopped")
    return DemoResult(
        folder=place.folder,
        lake=str(place.lake),
        secrets=place.secrets,
        platforms=platforms,
        report=place.report if outcome == "success" else None,
        report_failures=failures,
        score=scored,
        elapsed_s=steps.elapsed_s,
    )


class _Steps:
    """Tells each step with the time since the demo began."""

    def __init__(self, say: Say) -> None:
        self._say, self._began = say, time.monotonic()

    @property
    def elapsed_s(self) -> float:
        return time.monotonic() - self._began

    def reach(
        self,
        kind: Kind,
        zh: str,
        en: str,
        progress: syncs.Progress | None = None,
        outcome: Outcome | None = None,
    ) -> None:
        platform, done, total = (progress.platform, progress.done, progress.total) if progress else (None, 0, 0)
        self._say(Step(kind, Words(zh=zh, en=en), self.elapsed_s, platform, done, total, outcome))


def _begin(processes: Run, registry: Registry, place: Place, steps: _Steps) -> LocalAirflow:
    """The city and Airflow, with all DAGs read."""
    if count := len(processes.leftovers):
        steps.reach("leftovers", f"已停止上次遗留的 {count} 个进程", f"stopped {count} processes of an earlier demo")
    place.write_secrets()
    city.begin(processes, place)
    simulated = city.ready(processes, place)
    steps.reach("city", f"{len(simulated.addresses)} 个平台已启动", f"{len(simulated.addresses)} platforms are up")
    environment = {**place.environment(registry.root, simulated.addresses), "HUTONG_UNSCHEDULED": "1"}
    home = local.fresh_home(processes)
    airflow = local.start(
        processes, home, registry.root / "dags", environment, pools=names.pools(registry), options=READ_ONCE
    )
    steps.reach("airflow", "Airflow 已启动", "Airflow is up")
    wanted = {names.REPORT, *names.sync_dags(registry)}
    local.wait_for_dags(processes, airflow, wanted)
    steps.reach("dags", f"已读取 {len(wanted)} 个 DAG", f"{len(wanted)} DAGs are read")
    return airflow


def _sync(processes: Run, airflow: LocalAirflow, registry: Registry, steps: _Steps) -> tuple[PlatformResult, ...]:
    results: list[PlatformResult] = []
    for progress in syncs.sync_all(processes, airflow, registry):
        title, result = registry.connector(progress.platform).title, progress.result
        steps.reach("sync", title.zh, title.en, progress, result.outcome if result else None)
        if result is not None:
            results.append(result)
    return tuple(results)
