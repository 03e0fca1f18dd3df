"""What the DAGs do that keep the gateway in order: upkeep, releases, the registry's check, the freshness of datasets.

Each gives back a receipt of plain data. Imported when a task runs, never when a DAG file is read.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from hutong import settings
from hutong.errors import HutongError, RegistryError
from hutong.freshness import ZONE, Freshness, freshness
from hutong.model.declared import Words
from hutong.orchestrate import alerts, names
from hutong.orchestrate.alerts import Alert, AlreadyTold
from hutong.orchestrate.connections import secrets_of_task
from hutong.orchestrate.whom import targets
from hutong.registry import Registry, open_registry, open_sound
from hutong.store.paths import Store, open_store

log = logging.getLogger(__name__)

LEAST_DAYS = 7
CHECKED_AT, PROBLEMS = "checked_at", "problems"
"""Keys under which a check leaves what the next one compares with."""
BLOCKED = "airflow-db-not-allowed:"
"""What Airflow tells tasks in place of its database's address."""
ROWS_AT_ONCE = "1000"
"""So few are deleted in one transaction, since SQLite lets nobody else write meanwhile."""


def keep_up_lake() -> dict[str, Any]:
    """Keep up every table of the lake, as `hutong maintain`. The receipt sums up what went.

    Raises HutongError that names the tables that could not be kept up; the others were.
    """
    from hutong.upkeep import figures, maintain

    now = settings.read()
    reach = settings.days(now.time_travel_days, "HUTONG_TIME_TRAVEL_DAYS", LEAST_DAYS)
    registry, store = open_registry(now), open_store(now, secrets_of_task(now))
    tables = maintain(registry, store, datetime.now(UTC), reach)
    receipt = asdict(figures(one.plan for one in tables if one.plan is not None)) | {"tables": len(tables)}
    log.info("maintained %s", " ".join(f"{name}={count}" for name, count in receipt.items()))
    if problems := [f"{one.table}: {one.problem}" for one in tables if one.problem]:
        raise HutongError(
            "; ".join(problems), "the other tables are done; `hutong maintain --dry-run` shows what is left"
        )
    return receipt


def clean_airflow() -> dict[str, Any]:
    """Remove what Airflow's own database holds of runs older than HUTONG_AIRFLOW_DAYS, by `airflow db clean`.

    Raises AirflowSkipException where this machine has no way to that database, as workers of a cluster should not.
    """
    age = settings.days(settings.read().airflow_days, "HUTONG_AIRFLOW_DAYS", LEAST_DAYS)
    before = (datetime.now(UTC) - age).isoformat(timespec="seconds")
    clean = ["db", "clean", "--clean-before-timestamp", before, "--yes", "--skip-archive", "--error-on-cleanup-failure"]
    # A worker that was never told of the database takes one of its own for it, which is empty.
    if _airflow("db", "check-migrations", "--migration-wait-timeout", "1").returncode:
        raise AirflowSkipException(
            "this worker has no way to Airflow's database; on the scheduler's machine run"
            f" `airflow {' '.join(clean)}` now and then"
        )
    done = _airflow(*clean, "--batch-size", ROWS_AT_ONCE)
    for line in done.stdout.splitlines():
        log.info("%s", line)
    if done.returncode:
        raise HutongError("`airflow db clean` failed", "its own words stand above; running it again is safe")
    return {"before": before}


def _airflow(*arguments: str) -> subprocess.CompletedProcess[str]:
    # Tasks are kept from Airflow's database by these two; what the configuration says is not theirs.
    kept = {name: value for name, value in os.environ.items() if not value.startswith(BLOCKED)}
    kept |= {"AIRFLOW__LOGGING__LOGGING_LEVEL": "INFO"}
    command = [sys.executable, "-P", "-m", "airflow", *arguments]
    return subprocess.run(  # noqa: S603  no shell, and no word of it comes from outside
        command, env=kept, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )


def release(name: str, reason: str, actor: str | None, dry_run: bool) -> dict[str, Any]:
    """Give the newest versions of all tables that agree the name `name`; with `dry_run`, say which they are.

    actor: the user of Airflow who asked for it. Raises AskedWrongly and StoreError as `hutong.release` does.
    """
    from hutong.release import planned
    from hutong.release import release as make

    now = settings.read()
    registry, store = open_registry(now), open_store(now, secrets_of_task(now))
    if dry_run:
        made = planned(name, reason, registry, store, actor or "")
    else:
        made = make(name, reason, registry, store, actor and f"airflow:{actor}")
    for pin in made.pins:
        log.info("pinned table=%s platform=%s version=%d", pin.table, pin.platform, pin.version)
    return {"name": name, "tables": len(made.pins), "actor": made.actor, "dry_run": dry_run}


def check_registry(before: list[str] | None) -> list[str]:
    """Check all that is declared, as `hutong check`, and HUTONG_ALERTS. Returns the problems, which are told when they
    are others than those of the check before.
    """
    from hutong.meaning import check_meaning

    now = settings.read()
    try:
        problems = list(check_meaning(open_registry(now)))
    except RegistryError as wrong:
        problems = list(wrong.problems)
    try:
        targets(now)
    except HutongError as wrong:
        problems.append(str(wrong))
    for problem in problems:
        log.error("%s", problem)
    if problems and problems != before:
        alerts.send(
            Alert(
                title=Words(zh=f"登记文件有 {len(problems)} 处问题", en=f"{len(problems)} problems in declared files"),
                lines=tuple(problems),
                next_step=Words(
                    zh="有问题的平台暂不同步，其余照常；改正后运行 `hutong check`。",
                    en="Platforms named here are not synced until they are mended; the others go on. `hutong check`"
                    " says when all is right.",
                ),
                link=alerts.dag_link(names.CHECK_REGISTRY),
            )
        )
    return problems


def tell_problems(problems: list[str]) -> None:
    """Raise AlreadyTold with every one of `problems`, if there are any."""
    if problems:
        raise AlreadyTold("\n".join([f"{len(problems)} problems; the first: {problems[0]}", *problems[1:]]))


def check_freshness(before: datetime | None, at: datetime) -> list[Freshness]:
    """What is late at `at`, told where it was not late at the check `before`. Raises StoreError."""
    now = settings.read()
    registry, store = open_sound(now), open_store(now, secrets_of_task(now))
    found = freshness(registry, store, at)
    late = [one for one in found if one.is_late]
    known = _late_before(registry, store, before)
    for platform, fresh in _by_platform(one for one in late if _which(one) not in known).items():
        alerts.send(_late_alert(registry, platform, fresh))
    for one in found:
        if _which(one) in known and not one.is_late:
            log.info("no longer late: dataset=%s stream=%s.%s city=%s", one.dataset, one.platform, one.stream, one.city)
    return late


def tell_late(late: list[Freshness]) -> None:
    """Raise AlreadyTold with every one of `late`, if there are any."""
    if late:
        raise AlreadyTold("\n".join([f"{len(late)} late; the first: {_line(late[0])}", *map(_line, late[1:])]))


def _late_before(registry: Registry, store: Store, before: datetime | None) -> set[tuple[str, ...]]:
    return {_which(one) for one in freshness(registry, store, before) if one.is_late} if before else set()


def _which(one: Freshness) -> tuple[str, ...]:
    return one.platform, one.stream, one.city, one.dataset


def _by_platform(found: Iterable[Freshness]) -> Mapping[str, list[Freshness]]:
    sorted_: dict[str, list[Freshness]] = {}
    for one in found:
        sorted_.setdefault(one.platform, []).append(one)
    return sorted_


def _late_alert(registry: Registry, platform: str, late: list[Freshness]) -> Alert:
    title = registry.connector(platform).title
    return Alert(
        title=Words(zh=f"{title.zh}：{len(late)} 项数据逾期", en=f"{title.en}: {len(late)} datasets are late"),
        lines=tuple(map(_line, late)),
        next_step=Words(
            zh=f"查看 {platform} 的同步 DAG 与 `hutong connector list {platform}`；`hutong freshness` 列出现状。",
            en=f"Look at the sync DAGs of {platform} and at `hutong connector list {platform}`; `hutong freshness`"
            " shows how things stand.",
        ),
        link=alerts.dag_link(names.FRESHNESS),
    )


def _line(one: Freshness) -> str:
    assert one.newest is not None
    assert one.late_from is not None
    since, newest = (at.astimezone(ZONE).isoformat(timespec="minutes") for at in (one.late_from, one.newest))
    return f"{one.dataset} · {one.stream} · {one.city}: late since {since}, newest {newest}"
