"""Reads the DAG files as Airflow does and tells, as JSON, what it found.

Run as a program: Airflow settles where its home is when it is imported, and what a file imports can only be told in a
process that has imported nothing else.
"""

import importlib.util
import json
import sys
import warnings
from pathlib import Path

FILES = ("sync", "report", "upkeep", "watch")


def modules_of(folder: Path) -> list[str]:
    import airflow.sdk  # noqa: F401  what every DAG file of anyone imports

    before = set(sys.modules)
    for name in FILES:
        spec = importlib.util.spec_from_file_location(f"declared_{name}", folder / f"{name}.py")
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    return sorted(set(sys.modules) - before)


def task_of(task) -> dict:
    rules = task.retry_policy.rules if task.retry_policy else []
    return {
        "group": type(task.task_group).__name__,
        "upstream": sorted(task.upstream_task_ids),
        "pool": task.pool,
        "rule": task.trigger_rule.value,
        "owner": task.owner,
        "retries": task.retries,
        "retry_delay_s": task.retry_delay.total_seconds(),
        "backoff": task.retry_exponential_backoff,
        "outlets": [type(outlet).__name__ for outlet in task.outlets],
        "index_name": task.map_index_template,
        "notes": [one.__qualname__ for one in task.on_failure_callback],
        "fails_at_once": [error.__name__ for rule in rules for error in rule.exception],
    }


def dag_of(dag) -> dict:
    waits_for = getattr(dag.timetable, "asset_condition", None)
    group = dag.task_group.children.get("stream")
    return {
        "tasks": {task.task_id: task_of(task) for task in dag.tasks},
        "places": group._expand_input.value["place"] if group else [],
        "schedule": getattr(dag.timetable, "expression", None),
        "zone": str(getattr(dag.timetable, "timezone", "")),
        "assets": sorted(asset.uri for asset in waits_for.objects) if waits_for else [],
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "tags": sorted(dag.tags),
        "words": dag.doc_md,
        "tells": getattr(dag.on_failure_callback, "__qualname__", None),
        "deadlines_s": [one.interval.total_seconds() for one in dag.deadline or []],
    }


def main(folder: Path) -> dict:
    modules = modules_of(folder)
    from airflow.dag_processing.dagbag import DagBag

    with warnings.catch_warnings(record=True) as met:
        warnings.simplefilter("always")
        bag = DagBag(dag_folder=str(folder))
    ours = [str(one.message) for one in met if str(folder) in one.filename or "hutong" in one.filename]
    return {
        "modules": modules,
        "errors": bag.import_errors,
        "warnings": ours,
        "dags": {name: dag_of(dag) for name, dag in bag.dags.items()},
    }


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(json.dumps(main(Path(sys.argv[1]))))
