"""What tasks need, loaded by importing this: by a scheduler (LocalExecutor) or a Celery worker before it forks.

What is imported here is imported once instead of once per task (some 4 s of processor time each, most of it Great
Expectations). Of what the modules hold only the units are read, another second of each task that is pure Python:
deltalake's runtime must not have been used before a fork.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from importlib import import_module

from hutong.lineage.configured import is_configured
from hutong.schema.units import conversion

# It reports on each of its own functions while it is imported.
logging.getLogger("great_expectations").setLevel(logging.WARNING)

for name in (
    "airflow.sdk.execution_time.task_runner",
    "airflow.dag_processing.dagbag",
    "hutong.orchestrate.tasks",
    "hutong.report",
    "great_expectations",
    "matplotlib.figure",
    "pyproj",
    *(["hutong.lineage.telling"] if is_configured() else []),
):
    # A module that is not there is left to whoever misses it.
    with suppress(ImportError):
        import_module(name)

conversion("km/h", "m/s")
