"""The task of Airflow that a stage runs in, as OpenLineage names it.

The names and numbers are those of Airflow's own OpenLineage provider, so that runs told by it and runs told by us meet.
The provider itself is not used: on Airflow 3 it leaves failures untold, and it knows nothing of what a task did.
"""

from __future__ import annotations

from airflow.sdk import get_current_context

from hutong.lineage import Parent, namespace

NAMESPACE = "default"


def parent() -> Parent:
    """The running try of a task, and its DAG run above it. Raises RuntimeError outside of a task."""
    from openlineage.client.uuid import generate_static_uuid

    context = get_current_context()
    task, run, space = context["ti"], context["dag_run"], namespace(NAMESPACE)
    # A run that an asset triggered has no logical date.
    at = run.logical_date or run.run_after
    of_task = f"{space}.{task.dag_id}.{task.task_id}.{task.try_number}.{task.map_index}"
    of_run = f"{space}.{task.dag_id}.{run.clear_number}"
    return Parent(
        namespace=space,
        job=f"{task.dag_id}.{task.task_id}",
        run=str(generate_static_uuid(at, of_task.encode())),
        root_job=task.dag_id,
        root_run=str(generate_static_uuid(at, of_run.encode())),
    )
