"""What the files in deploy/ say, with this cluster's addresses and folders in the places of theirs.

Whatever is not named here is tested as it is shipped.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path

from tests.conftest import ROOT

DEPLOY = ROOT / "deploy"

CHANGED: Mapping[str, str] = {
    # Whoever tests does not wait for minutes to see a dead worker's task tried again.
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__SCHEDULER__TASK_QUEUED_TIMEOUT": "60",
    "AIRFLOW__CORE__PARALLELISM": "6",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "2",
    "AIRFLOW__WORKERS__MAX_FAILED_HEARTBEATS": "8",
    "AIRFLOW__API__HOST": "127.0.0.1",
    "AIRFLOW__API__WORKERS": "1",
    "AIRFLOW__CELERY__WORKER_CONCURRENCY": "2",
    "HUTONG_LANG": "en",
}
"""Settings that differ from deploy/, for want of time, of processors, or of a person."""

ADDED: Mapping[str, str] = {
    # Only when told.
    "HUTONG_UNSCHEDULED": "1",
    # All tasks of all runs in one answer.
    "AIRFLOW__API__MAXIMUM_PAGE_LIMIT": "1000",
    "AIRFLOW__DAG_PROCESSOR__BUNDLE_REFRESH_CHECK_INTERVAL": "1",
}
"""Settings that deploy/ leaves as they are by default."""

CONTROL = frozenset({"api-server", "scheduler", "dag-processor", "migrate", "clean"})
"""Roles that are told `control.env` too."""


def read(file: Path) -> dict[str, str]:
    """The variables of a systemd EnvironmentFile: NAME=value lines, quotes as a shell's, comments as whole lines.

    Raises ValueError for a line that is neither.
    """
    found: dict[str, str] = {}
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise ValueError(f"{file}:{number}: neither NAME=value nor a comment: {line}")
        # systemd takes a value without quotes as it is, blanks and all.
        found[name] = "".join(shlex.split(value)) if value[:1] in "'\"" else value
    return found


def shipped(role: str) -> dict[str, str]:
    """What deploy/ tells a machine of this role."""
    return read(DEPLOY / "hutong.env") | (read(DEPLOY / "control.env") if role in CONTROL else {})


def of_role(role: str, home: Path, places: Mapping[str, str]) -> dict[str, str]:
    """What `role` is told on its machine, with /opt, /etc and /var below `home`. places: addresses as they are."""
    told = {
        name: value.replace("/opt/hutong", f"{home}/opt")
        .replace("/etc/hutong", f"{home}/etc")
        .replace("/var/lib/hutong", f"{home}/var")
        for name, value in shipped(role).items()
    }
    return {**told, **CHANGED, **ADDED, **places}
