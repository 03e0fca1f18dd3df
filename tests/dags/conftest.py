"""The DAG files, read once for all tests of this folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hutong.registry import Registry, open_registry
from hutong.settings import read

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def registry() -> Registry:
    return open_registry(read({"HUTONG_ROOT": str(ROOT)}))


def read_dags(folder: Path, **environment: str) -> dict[str, Any]:
    """What `reading.py` tells of the DAG files in a process of its own, with an Airflow home in `folder`."""
    out = folder / "told.json"
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "HUTONG_"))}
    variables = {"HUTONG_ROOT": str(ROOT), "AIRFLOW_HOME": str(folder / "airflow"), **environment}
    command = [sys.executable, str(Path(__file__).with_name("reading.py")), str(ROOT / "dags"), str(out)]
    subprocess.run(command, env={**kept, **variables}, check=True, capture_output=True)
    return json.loads(out.read_text())


@pytest.fixture(scope="session")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return read_dags(tmp_path_factory.mktemp("dags"))
