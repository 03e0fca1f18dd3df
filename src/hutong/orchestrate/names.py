"""How DAGs, tasks and pools are called. Imports nothing, so that whoever starts or watches Airflow can use it."""

from __future__ import annotations

REPORT = "report"
"""The DAG that makes the report again when a dataset has changed."""

LAND, PUBLISH = "land", "publish"
"""The two tasks of a stream's run."""

GATES = "gates"
"""The task behind all streams of a platform: it fails where a batch was refused, and says by which gate."""


def sync_dag(platform: str) -> str:
    """The id of the DAG that syncs `platform`.

    >>> sync_dag("cim")
    'sync__cim'
    """
    return f"sync__{platform}"


def pool(platform: str) -> str:
    """The pool in which every task that deals with `platform` runs; its slots are the budget's `concurrency`.

    A pool keeps tasks from waiting for a budget with a worker in their hands. It does not keep the budget: backfills
    and syncs that a person starts know nothing of it. `hutong.budget` does.

    >>> pool("cim")
    'hutong_cim'
    """
    return f"hutong_{platform}"
