"""What a DAG declares about a platform, in Airflow's words: retries, priorities, assets, schedule, tags.

Airflow reads DAG files all day, so nothing below the registry is imported here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

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

from hutong.errors import (
    AskedWrongly,
    PlatformBusy,
    PlatformGarbled,
    PlatformRefused,
    RegistryError,
    SecretMissing,
    StoreError,
)
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

QUEUE_NAME = "{{ task.op_kwargs['queue']['name'] }}"
"""How it shows a task of a backfill."""

FREE = "default_pool"
"""Airflow's own pool, for tasks that ask no platform anything: they need not wait for those that do."""

LIVE, SELDOM, BACKFILL = 3, 2, 1
"""Priorities: what runs every hour or more often, what runs seldom or when told, what is past."""

_OFTEN = timedelta(hours=1)

HOPELESS: list[type[BaseException] | str] = [
    AskedWrongly,
    PlatformGarbled,
    PlatformRefused,
    RegistryError,
    SecretMissing,
]
"""Failures that somebody has to mend first; trying again would only lock an account or blur the log."""


WAITED_FOR: list[type[BaseException] | str] = [PlatformBusy]
"""Failures that pass by themselves; each try comes later than the one before."""

STORE: list[type[BaseException] | str] = [StoreError]
"""Failures of the lake, of which running again is safe: others kept committing, or the store did not answer."""


def defaults(connector: Connector, priority: int) -> dict[str, Any]:
    """What all tasks of a platform have in common: owner, pool, priority, and two more tries, 10 s and some 20 s later.

    Data is never the reason of a try: what is wrong with it is a finding, and its task ends well.
    """
    return {
        "owner": connector.owner,
        "pool": pool(connector.platform),
        "priority_weight": priority,
        # A task counts by itself: the first of a chain is no more urgent than its last.
        "weight_rule": "absolute",
        "retries": 2,
        "retry_delay": timedelta(seconds=10),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=5),
        "retry_policy": ExceptionRetryPolicy(
            rules=[
                RetryRule(HOPELESS, RetryAction.FAIL, reason="somebody has to mend this first"),
                RetryRule(WAITED_FOR, RetryAction.RETRY, reason="the platform may be back by then"),
                RetryRule(STORE, RetryAction.RETRY, reason="running again is safe"),
            ]
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


def period(connector: Connector, cadence: str) -> timedelta | None:
    """The time from one sync of this cadence to the next; None when they come only when told."""
    if cadence not in connector.cadences:
        return None
    ticks = croniter(connector.cadences[cadence], 0.0)
    return timedelta(seconds=-ticks.get_next(float) + ticks.get_next(float))


def priority(connector: Connector, cadence: str) -> int:
    """How urgent the syncs of this cadence are, by how often they come."""
    every = period(connector, cadence)
    return SELDOM if every is None or every > _OFTEN else LIVE


def tags(registry: Registry, connector: Connector, streams: Iterable[str], *more: str) -> list[str]:
    """Platform, tier, cities, and the layers of the datasets that `streams` fill."""
    sources = [registry.source(connector.platform, stream) for stream in streams]
    datasets = [dataset for source in sources for dataset in source.datasets.values()]
    layers = {layer for dataset in datasets for layer in dataset.properties.get("layer", ())}
    return [connector.platform, connector.tier, *more, *connector.cities, *sorted(layers)]


def asset(dataset: str) -> Asset:
    """The asset that stands for a base dataset."""
    return Asset(name=dataset, uri=f"hutong://base/{dataset}", group="hutong")


def changed(platform: str) -> AssetAlias:
    """Stands for whichever datasets a sync of `platform` turns out to have published to.

    A mapped task has the same outlets at every index, so naming the assets themselves would announce datasets that
    the stream does not fill.
    """
    return AssetAlias(f"hutong_{platform}", group="hutong")


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
    if (every := period(connector, cadence)) is not None:
        longest = min(longest, max(timedelta(minutes=30), 12 * every))
    return told_after(longest)


def told_after(longest: timedelta) -> DeadlineAlert:
    """Tells people of a run that has not ended `longest` after it was queued."""
    # A callback of the executor, like a task, so there need not be a triggerer.
    callback = SyncCallback(alerts.overdue, kwargs={"longest": str(longest)})
    return DeadlineAlert(DeadlineReference.DAGRUN_QUEUED_AT, longest, callback, name="the run does not end")
