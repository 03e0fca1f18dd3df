"""A part of Airflow that has imported what it needs before it may begin: `warm FILE scheduler` begins when FILE exists.

Parts load while another process still makes the database, and the scheduler loads the engine too: the LocalExecutor
forks its workers off the scheduler and they fork off a process per task, so what is imported here is imported once
instead of once per task (some 4 s of processor time each, most of it Great Expectations).
Modules are only imported, and of what they hold only the units are read, another second of each task that is pure
Python: deltalake's runtime must not have been used before a fork.
"""

from __future__ import annotations

import logging
import os
import runpy
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path

from hutong.schema.units import conversion

LOADS: Mapping[str, tuple[str, ...]] = {
    "api-server": (
        "airflow.api_fastapi.core_api.routes.public",
        "airflow.api_fastapi.core_api.routes.ui",
        "airflow.api_fastapi.execution_api.app",
        "airflow.api_fastapi.execution_api.routes",
    ),
    "scheduler": (
        "airflow.jobs.scheduler_job_runner",
        "airflow.sdk.execution_time.task_runner",
        "airflow.dag_processing.dagbag",
        "hutong.orchestrate.tasks",
        "hutong.report",
        "great_expectations",
        "matplotlib.figure",
        "pyproj",
    ),
    "dag-processor": ("airflow.jobs.dag_processor_job_runner", "hutong.registry"),
    "triggerer": ("airflow.jobs.triggerer_job_runner",),
}
"""Part -> what it or its tasks import. A module that is not there is left to whoever misses it."""


def main() -> None:
    """Load, wait for the file named first, then become `airflow` with the other arguments."""
    gate, arguments = Path(sys.argv[1]), sys.argv[2:]
    # Great Expectations reports on each of its own functions while it is imported.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    for name in LOADS[arguments[0]]:
        with suppress(ImportError):
            import_module(name)
    if arguments[0] == "scheduler":
        conversion("km/h", "m/s")
        from hutong.lineage.configured import is_configured

        if is_configured():
            import_module("hutong.lineage.telling")
    parent = os.getppid()
    while not gate.exists():
        if os.getppid() != parent:
            sys.exit("whoever started this is gone")
        time.sleep(0.05)
    sys.argv = ["airflow", *arguments]
    runpy.run_module("airflow", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
