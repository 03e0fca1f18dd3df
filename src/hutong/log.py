"""One logging format. Only `cli` sets up handlers; under Airflow its own are used."""

from __future__ import annotations

import logging

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


def to_stderr(level: int = logging.WARNING) -> None:
    """Log to standard error, so that standard output holds results only."""
    logging.basicConfig(level=level, format=FORMAT, force=True)
    # It warns of every try, with the address; after the last one the platform's error says it once and better.
    logging.getLogger("urllib3").setLevel(logging.ERROR if level >= logging.WARNING else level)
