"""A task finds secrets in Airflow's Connections too, and Airflow strikes them out of its logs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.xdist_group("airflow")

NAMES = ("by_variable", "by_file", "by_connection", "by_backend", "by_all", "bare", "nowhere", "unsafe")


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("connections")
    secrets = folder / "secrets"
    secrets.mkdir()
    for name, mode in {"by_file": 0o600, "by_all": 0o600, "unsafe": 0o644}.items():
        (secrets / name).write_text(f"planted-file-{name}")
        (secrets / name).chmod(mode)
    (folder / "backend.json").write_text(
        json.dumps({"hutong_by_backend": {"conn_type": "generic", "password": "planted-backend-é%/:"}})
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "HUTONG_"))}
    environment |= {
        "AIRFLOW_HOME": str(folder / "home"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{folder}/airflow.db",
        "AIRFLOW__SECRETS__BACKEND": "airflow.secrets.local_filesystem.LocalFilesystemBackend",
        "AIRFLOW__SECRETS__BACKEND_KWARGS": json.dumps({"connections_file_path": str(folder / "backend.json")}),
        "AIRFLOW_CONN_HUTONG_BY_CONNECTION": json.dumps({"conn_type": "generic", "password": "planted-connection"}),
        "AIRFLOW_CONN_HUTONG_BY_ALL": json.dumps({"conn_type": "generic", "password": "planted-connection-all"}),
        "AIRFLOW_CONN_HUTONG_UNSAFE": json.dumps({"conn_type": "generic", "password": "planted-connection-unsafe"}),
        "AIRFLOW_CONN_HUTONG_BARE": json.dumps({"conn_type": "generic", "login": "planted"}),
        "HUTONG_SECRETS": str(secrets),
        "HUTONG_SECRET_BY_VARIABLE": "planted-variable",
    }
    answer = folder / "answer.json"
    script = Path(__file__).with_name("resolving.py")
    done = subprocess.run(
        [sys.executable, str(script), str(answer), *NAMES],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(answer.read_text())
    return told


def test_environment_comes_before_file_and_file_before_connection(told: dict[str, Any]) -> None:
    assert {name: told["found"][name] for name in NAMES[:5]} == {
        "by_variable": "planted-variable",
        "by_file": "planted-file-by_file",
        "by_connection": "planted-connection",
        "by_backend": "planted-backend-é%/:",
        "by_all": "planted-file-by_all",
    }


def test_a_secret_that_is_nowhere_names_all_places(told: dict[str, Any]) -> None:
    said = told["found"]["nowhere"]
    assert said.startswith("SecretUnset: the secret 'nowhere' is not set")
    assert all(place in said for place in ("HUTONG_SECRET_NOWHERE", "secrets/nowhere", "'hutong_nowhere'"))


def test_a_connection_without_a_password_is_said_so(told: dict[str, Any]) -> None:
    assert told["found"]["bare"].startswith("SecretMissing: the Connection 'hutong_bare' has no password")


def test_a_file_that_others_can_open_is_not_replaced_by_a_connection(told: dict[str, Any]) -> None:
    assert "open to others" in told["found"]["unsafe"]


def test_airflow_masks_every_secret_that_a_task_resolved(told: dict[str, Any]) -> None:
    assert "said" in told["masked"]
    for name in NAMES[:5]:
        assert told["found"][name] not in told["masked"]
