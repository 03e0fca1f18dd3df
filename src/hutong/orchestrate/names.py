"""How DAGs, tasks and pools are called. Imports nothing, so that whoever starts or watches Airflow can use it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hutong.model.connector import Connector
    from hutong.registry import Registry

REPORT = "report"
"""The DAG that makes the report again when a dataset has changed."""

MAINTAIN, RELEASE, CHECK_REGISTRY, FRESHNESS = "maintain", "release", "check_registry", "freshness"
"""The DAGs that keep the gateway in order."""

PLAN = "plan"
"""The first task of a sync or a backfill: what this run is about."""

LAND, PUBLISH = "land", "publish"
"""The two tasks of a stream's run."""

BRING = "bring"
"""The task of a backfill that lands and publishes one chunk after the other."""

GATES = "gates"
"""The task behind all streams of a platform: it fails where a batch was refused, and says by which gate."""


def sync_dag(platform: str, cadence: str) -> str:
    """The id of the DAG that syncs those streams of `platform` that have this cadence.

    >>> sync_dag("cim", "daily")
    'sync__cim__daily'
    """
    return f"sync__{platform}__{cadence}"


def sync_dags(registry: Registry) -> dict[str, str]:
    """The id of every sync DAG -> the platform that it syncs."""
    return {
        sync_dag(platform, cadence): platform
        for platform, connector in registry.connectors.items()
        for cadence in connector.by_cadence
    }


def backfill_dag(platform: str) -> str:
    """The id of the DAG that backfills `platform`.

    >>> backfill_dag("cloud_control")
    'backfill__cloud_control'
    """
    return f"backfill__{platform}"


def dealt_with(dag: str | None) -> Callable[[Connector], bool]:
    """Whether the DAG called `dag` deals with a platform: a task reads no other's files. None is every DAG."""

    def is_of(connector: Connector) -> bool:
        platform = connector.platform
        return dag in (None, backfill_dag(platform), *(sync_dag(platform, cadence) for cadence in connector.by_cadence))

    return is_of


def pool(platform: str) -> str:
    """The pool in which every task that deals with `platform` runs; its slots are the budget's `concurrency`.

    A pool keeps tasks from waiting for a budget with a worker in their hands. It does not keep the budget: backfills
    and syncs that a person starts know nothing of it. `hutong.budget` does.

    >>> pool("cim")
    'hutong_cim'
    """
    return f"hutong_{platform}"


def pools(registry: Registry) -> dict[str, int]:
    """Every pool that the DAGs name -> its slots."""
    return {pool(platform): declared.budget.concurrency for platform, declared in registry.connectors.items()}


def connection(secret: str) -> str:
    """The id of the Connection whose password is `secret`, where Airflow is to hold it.

    >>> connection("cim_password")
    'hutong_cim_password'
    """
    return f"hutong_{secret}"
