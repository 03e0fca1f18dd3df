"""Any command of Airflow, started with the engine already imported: `python -m hutong.orchestrate.warm scheduler`.

The LocalExecutor forks its workers off the scheduler and they fork off a process per task, so what is imported here is
imported once instead of once per task (some 4 s of processor time each, most of it Great Expectations).
Modules are only imported and nothing of theirs is called: deltalake's runtime must not have been used before a fork.
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from importlib import import_module

HEAVY = ("hutong.orchestrate.tasks", "hutong.report", "great_expectations", "matplotlib.figure")
"""What tasks import. One that is not installed is left to the task that misses it."""


def main() -> None:
    """Import the engine, then become `airflow` with the arguments given."""
    # Great Expectations reports on each of its own functions while it is imported.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    for name in HEAVY:
        with suppress(ImportError):
            import_module(name)
    from airflow.__main__ import main as airflow

    sys.argv[0] = "airflow"
    airflow()


if __name__ == "__main__":
    main()
