"""Logs that do not grow for ever: those of the parts are cut at a size, those of Airflow's tasks go after some days."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

MOST_BYTES = 10_000_000
"""Of one log; as much again is kept of what was before."""
KEPT_DAYS = 7
"""For so long the logs of tasks are kept."""


def cut(log: Path) -> None:
    """Move what `log` holds to `<log>.1` when it is too long. Its writer, which appends, goes on in the empty file."""
    if log.is_file() and log.stat().st_size > MOST_BYTES:
        shutil.copyfile(log, log.with_name(f"{log.name}.1"))
        os.truncate(log, 0)


def forget(folder: Path) -> None:
    """Remove the files below `folder` that were last written KEPT_DAYS ago or earlier, then the folders left empty."""
    oldest = time.time() - KEPT_DAYS * 86_400
    for below, _, files in os.walk(folder, topdown=False):
        for name in files:
            file = Path(below, name)
            if not file.is_symlink() and file.stat().st_mtime < oldest:
                file.unlink(missing_ok=True)
        # A folder that is new may be about to get its first file.
        if below != str(folder) and not os.listdir(below) and Path(below).stat().st_mtime < oldest:
            Path(below).rmdir()
