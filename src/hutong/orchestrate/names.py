"""How DAGs, tasks and pools are called. Imports nothing, so that whoever starts or watches Airflow can use it."""

from __future__ import annotations

REPORT = "report"
"""The DAG that makes the report again when a dataset has changed."""

LAND, PUBLISH = "land", "publish"
"""The two tasks of a stream's run."""

POOL_SLOTS = 2
"""How many tasks of one platform run at a time: one feed may be slow without holding up the next."""


def sync_dag(platform: str) -> str:
    """The id of the DAG that syncs `platform`.

    >>> sync_dag("cim")
    'sync__cim'
    """
    return f"sync__{platform}"


def pool(platform: str) -> str:
    """The pool in which every task that deals with `platform` runs.

    >>> pool("cim")
    'hutong_cim'
    """
    return f"hutong_{platform}"
