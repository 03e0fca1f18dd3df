"""The process behind `hutong up`: it starts the city and Airflow, keeps them alive, and stops them when told to."""

from __future__ import annotations

import argparse
import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from hutong import settings
from hutong.errors import HutongError
from hutong.log import to_stderr
from hutong.machine import city
from hutong.machine.place import Place
from hutong.orchestrate import local, names
from hutong.orchestrate.processes import Run, only_run
from hutong.registry import Registry, open_registry
from hutong.settings import Settings
from hutong.up import logs
from hutong.up.keeper import Keeper
from hutong.up.ports import ports_from
from hutong.up.state import Told

log = logging.getLogger(__name__)

LOOK_EVERY_S, TIDY_EVERY_S = 1.0, 600.0

LASTING: local.Options = {
    # Wrapped, because the next step stands at the end of an error's line.
    "api": {"instance_name": "互通 hutong", "default_wrap": True},
    "core": {"parallelism": 4},
    "scheduler": {
        "scheduler_idle_sleep_time": 1,
        # What a killed scheduler or task left is taken up within a minute instead of five.
        "task_instance_heartbeat_timeout": 60,
        "task_instance_heartbeat_timeout_detection_interval": 10,
        "orphaned_tasks_check_interval": 30,
    },
    "dag_processor": {"bundle_refresh_check_interval": 5},
}
"""Options of Airflow for a stay of days beside other work."""

KEPT_FROM_OUTSIDE = ("HUTONG_ALERTS", "HUTONG_LANG", "HUTONG_TIME_TRAVEL_DAYS")
"""What the caller's environment may say beside a simulated city, which has a lake and secrets of its own."""


@dataclass(frozen=True, slots=True)
class Asked:
    """port: that Airflow must have; None for the one of last time, 8080 or any. is_simulated: whether the city is."""

    port: int | None
    is_simulated: bool


def main() -> None:
    """Lead until told to stop; what it says goes to the log that its output is."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int)
    parser.add_argument("--no-city", action="store_true")
    options = parser.parse_args()
    to_stderr(logging.INFO)
    try:
        lead(settings.read(), Asked(options.port, not options.no_city))
    except HutongError as wrong:
        log.error("%s", wrong)
        raise SystemExit(1) from None


def lead(now: Settings, asked: Asked) -> None:
    """Start everything in `now.home`, and stay until a signal ends it."""
    registry, place = open_registry(now), Place(now.home)
    with only_run(place.folder, "HUTONG_HOME") as run:
        told = Told(place.folder, os.getpid())
        try:
            keeper = _begin(run, registry, place, now, asked, told)
        except HutongError as wrong:
            told.fail(str(wrong))
            raise
        _stay(run, keeper, place)


def _begin(run: Run, registry: Registry, place: Place, now: Settings, asked: Asked, told: Told) -> Keeper:
    """City and Airflow, with all DAGs read; one that never ran is run at once by its own schedule."""
    if count := len(run.leftovers):
        told.reach(f"已停止上次遗留的 {count} 个进程", f"stopped {count} processes that an earlier run left")
    again: dict[str, Callable[[], None]] = {}
    if asked.is_simulated:
        place.write_secrets()
        city.begin_lasting(run, place)
        simulated = city.ready(run, place)
        again[city.CITY] = partial(_city_again, run, place, simulated)
        told.reach(f"{len(simulated.addresses)} 个平台已启动", f"{len(simulated.addresses)} platforms are up")
        environment = {**place.environment(registry.root, simulated.addresses), **_of_caller(KEPT_FROM_OUTSIDE)}
    else:
        environment = {**_of_caller(("HUTONG_",)), **_own(now)}
    place.airflow.mkdir(mode=0o700, exist_ok=True)
    airflow = local.start(
        run,
        place.airflow,
        registry.root / "dags",
        environment,
        pools=names.pools(registry),
        ports=ports_from(place.folder, asked.port),
        # With a triggerer, so that the user's own DAGs may defer and the front page shows no part missing.
        parts=tuple(local.PARTS),
        options=LASTING,
    )
    again |= {part: partial(local.start_part, run, part, airflow.home, airflow.variables) for part in local.PARTS}
    told.reach("Airflow 已启动", "Airflow is up")
    syncs = set(names.sync_dags(registry))
    local.wait_for_dags(run, airflow, {names.REPORT, *syncs})
    told.reach(f"已读取 {len(syncs) + 1} 个 DAG", f"{len(syncs) + 1} DAGs are read")
    told.ready(airflow.api.address)
    log.info("ready address=%s", airflow.api.address)
    return Keeper(run, again, told.restarted)


def _city_again(run: Run, place: Place, before: city.City) -> None:
    city.begin_lasting(run, place, before)
    city.ready(run, place)


def _of_caller(prefixes: tuple[str, ...]) -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(prefixes)}


def _own(now: Settings) -> Mapping[str, str]:
    """Where the caller's own things lie, wherever Airflow's processes work."""
    lake = now.lake if "://" in now.lake else str(Path(now.lake).absolute())
    return {
        "HUTONG_ROOT": str(now.root),
        "HUTONG_LAKE": lake,
        "HUTONG_SECRETS": str(now.secrets.absolute()),
        "HUTONG_BUDGET": str(now.budget),
        "HUTONG_REPORT": str(now.report.absolute()),
    }


def _stay(run: Run, keeper: Keeper, place: Place) -> None:
    tidy_at = 0.0
    while True:
        time.sleep(LOOK_EVERY_S)
        keeper.look(time.monotonic())
        if time.monotonic() >= tidy_at:
            tidy_at = time.monotonic() + TIDY_EVERY_S
            for file in _growing(place):
                logs.cut(file)
            logs.forget(place.airflow / "logs")


def _growing(place: Place) -> Iterator[Path]:
    """The logs that the processes of a run write themselves."""
    yield from place.folder.glob("*.log")
    yield from place.airflow.glob("*.log")


if __name__ == "__main__":
    main()
