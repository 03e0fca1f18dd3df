"""Reads the DAG files as Airflow does and tells, as JSON, what it found.

Run as a program: Airflow settles where its home is when it is imported, and what a file imports can only be told in a
process that has imported nothing else.
"""

import importlib.util
import json
import sys
import warnings
from pathlib import Path


def modules_of(folder: Path) -> list[str]:
    import airflow.sdk  # noqa: F401  what every DAG file of anyone imports

    before = set(sys.modules)
    for file in sorted(folder.glob("*.py")):
        spec = importlib.util.spec_from_file_location(f"declared_{file.stem}", file)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))
    return sorted(set(sys.modules) - before)


def task_of(task) -> dict:
    rules = task.retry_policy.rules if task.retry_policy else []
    # A mapped task keeps what it was given.
    told = task.on_failure_callback if isinstance(task.on_failure_callback, list) else [task.on_failure_callback]
    return {
        "group": type(task.task_group).__name__,
        "upstream": sorted(task.upstream_task_ids),
        "pool": task.pool,
        "priority": [
            task.weight_rule.value if hasattr(task.weight_rule, "value") else str(task.weight_rule),
            task.priority_weight,
        ],
        "rule": task.trigger_rule.value,
        "owner": task.owner,
        "retries": task.retries,
        "retry_delay_s": task.retry_delay.total_seconds(),
        "backoff": task.retry_exponential_backoff,
        "outlets": [type(outlet).__name__ for outlet in task.outlets],
        "index_name": task.map_index_template,
        "notes": [one.__qualname__ for one in told],
        "rules": {
            rule.action.value: [error.__name__ for one in rules if one.action == rule.action for error in one.exception]
            for rule in rules
        },
    }


def dag_of(dag) -> dict:
    waits_for = getattr(dag.timetable, "asset_condition", None)
    return {
        "tasks": {task.task_id: task_of(task) for task in dag.tasks},
        "schedule": getattr(dag.timetable, "expression", None),
        "zone": str(getattr(dag.timetable, "timezone", "")),
        "assets": sorted(asset.uri for asset in waits_for.objects) if waits_for else [],
        "catchup": dag.catchup,
        "max_active_runs": dag.max_active_runs,
        "tags": sorted(dag.tags),
        "words": dag.doc_md,
        "tells": getattr(dag.on_failure_callback, "__qualname__", None),
        "deadlines_s": [one.interval.total_seconds() for one in dag.deadline or []],
        "form": {
            name: param.schema | {"default": param.value if param.has_value else None, "help": param.description}
            for name, param in dag.params.items()
        },
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
