"""A part of Airflow that has imported what it needs before it may begin: `warm FILE scheduler` begins when FILE exists.

Parts load while another process still makes the database, and the scheduler loads what tasks need too (`preload`): the
LocalExecutor forks its workers off the scheduler, and they fork off a process per task.
"""

from __future__ import annotations

import os
import runpy
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pathlib import Path

LOADS: Mapping[str, tuple[str, ...]] = {
    "api-server": (
        "airflow.api_fastapi.core_api.routes.public",
        "airflow.api_fastapi.core_api.routes.ui",
        "airflow.api_fastapi.execution_api.app",
        "airflow.api_fastapi.execution_api.routes",
    ),
    "scheduler": (
        "airflow.jobs.scheduler_job_runner",
        "hutong.orchestrate.preload",
    ),
    "dag-processor": ("airflow.jobs.dag_processor_job_runner", "hutong.registry"),
    "triggerer": ("airflow.jobs.triggerer_job_runner",),
}
"""Part -> what it or its tasks import. A module that is not there is left to whoever misses it."""


def main() -> None:
    """Load, wait for the file named first, then become `airflow` with the other arguments."""
    gate, arguments = Path(sys.argv[1]), sys.argv[2:]
    for name in LOADS[arguments[0]]:
        with suppress(ImportError):
            import_module(name)
    parent = os.getppid()
    while not gate.exists():
        if os.getppid() != parent:
            sys.exit("whoever started this is gone")
        time.sleep(0.05)
    sys.argv = ["airflow", *arguments]
    runpy.run_module("airflow", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
