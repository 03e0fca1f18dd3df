"""What a DAG declares about a platform, in Airflow's words: places, retries, assets, schedule, documentation.

Airflow reads DAG files all day, so nothing below the registry is imported here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypedDict

from airflow.sdk import (
    Asset,
    AssetAlias,
    CronDataIntervalTimetable,
    CronTriggerTimetable,
    ExceptionRetryPolicy,
    RetryAction,
    RetryRule,
)
from airflow.sdk.definitions.callback import SyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference
from croniter import croniter

from hutong.errors import AskedWrongly, PlatformGarbled, PlatformRefused, RegistryError, SecretMissing
from hutong.model.connector import Connector
from hutong.orchestrate import alerts
from hutong.orchestrate.names import pool
from hutong.registry import Registry
from hutong.settings import Settings

ZONE = "Asia/Shanghai"
"""Cron expressions of connectors are read in the city's civil time."""

PLACE_NAME = "{{ task.op_kwargs['place']['name'] }}"
"""How Airflow shows a mapped task: its stream and city instead of a number."""

REFUSED = "refused_by"
"""What the task `publish` puts into its context for its own name."""
PLACE_AND_GATES = f"{PLACE_NAME}{{{{ {REFUSED} | default('') }}}}"
"""How it shows `publish` once it ran: with the gates that refused a batch."""

HOPELESS: list[type[BaseException] | str] = [
    AskedWrongly,
    PlatformGarbled,
    PlatformRefused,
    RegistryError,
    SecretMissing,
]
"""Failures that somebody has to mend first; trying again would only lock an account or blur the log."""


class Place(TypedDict):
    """One stream in one city: what a map index stands for."""

    name: str
    platform: str
    stream: str
    city: str


def places(registry: Registry, platform: str, cadence: str) -> list[Place]:
    """Every stream of `platform` that has this cadence, in every city, in the connector's order."""
    return [
        Place(name=f"{one.stream} · {one.city}", platform=platform, stream=one.stream, city=one.city)
        for stream in registry.connector(platform).by_cadence[cadence]
        for one in registry.source(platform, stream).sequences
    ]


def defaults(connector: Connector) -> dict[str, Any]:
    """What all tasks of a platform have in common: owner, pool, and two more tries 10 s and some 20 s later."""
    return {
        "owner": connector.owner,
        "pool": pool(connector.platform),
        "retries": 2,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=5),
        "retry_policy": ExceptionRetryPolicy(
            rules=[RetryRule(exception=HOPELESS, action=RetryAction.FAIL, reason="somebody has to mend this first")]
        ),
        "on_failure_callback": alerts.note,
    }


def schedule(connector: Connector, cadence: str, settings: Settings) -> CronDataIntervalTimetable | None:
    """When Airflow syncs the streams of this cadence by itself; None when only told to.

    A run has the stretch before it as its data interval, which only Airflow's own backfill asks for.
    """
    if cadence not in connector.cadences or not settings.is_scheduled:
        return None
    return CronDataIntervalTimetable(connector.cadences[cadence], timezone=ZONE)


def asset(dataset: str) -> Asset:
    """The asset that stands for a base dataset."""
    return Asset(name=dataset, uri=f"hutong://base/{dataset}", group="hutong")


def changed(platform: str) -> AssetAlias:
    """Stands for whichever datasets a sync of `platform` turns out to have published to.

    A mapped task has the same outlets at every index, so naming the assets themselves would announce datasets that
    the stream does not fill.
    """
    return AssetAlias(f"hutong_{platform}", group="hutong")


def words(registry: Registry, platform: str, cadence: str) -> str:
    """The platform and its streams of this cadence in both languages, as Markdown."""
    connector = registry.connector(platform)
    lines = [f"**{connector.title.zh}** {connector.title.en}", ""]
    for source in (registry.source(platform, stream) for stream in connector.by_cadence[cadence]):
        filled = ", ".join(f"`{name}`" for name in source.datasets)
        lines.append(f"- `{source.name}` {source.stream.title.zh} {source.stream.title.en} → {filled}")
    return "\n".join(lines)


def at(cron: str, settings: Settings) -> CronTriggerTimetable | None:
    """When a DAG that is no sync runs by itself, in the city's civil time; None where Airflow only does as told."""
    return CronTriggerTimetable(cron, timezone=ZONE) if settings.is_scheduled else None


def duty() -> dict[str, Any]:
    """What the DAGs have in common that keep the gateway in order."""
    return {
        "catchup": False,
        "max_active_runs": 1,
        "tags": ["upkeep"],
        "on_failure_callback": alerts.failed,
        "default_args": {"owner": "hutong", "on_failure_callback": alerts.note},
    }


def deadline(connector: Connector, cadence: str) -> DeadlineAlert:
    """Tells people of a run that does not end: after a dozen rounds of its cadence, half an hour at least, and at most
    the longest pull with an hour to publish it.
    """
    longest = timedelta(seconds=connector.limits.pull_s) + timedelta(hours=1)
    if cadence in connector.cadences:
        ticks = croniter(connector.cadences[cadence], 0.0)
        period = timedelta(seconds=-ticks.get_next(float) + ticks.get_next(float))
        longest = min(longest, max(timedelta(minutes=30), 12 * period))
    return told_after(longest)


def told_after(longest: timedelta) -> DeadlineAlert:
    """Tells people of a run that has not ended `longest` after it was queued."""
    # A callback of the executor, like a task, so there need not be a triggerer.
    callback = SyncCallback(alerts.overdue, kwargs={"longest": str(longest)})
    return DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, longest, callback, name="the run does not end")
