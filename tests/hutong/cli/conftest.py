"""The command line as a process of its own."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def hutong(tmp_path: Path) -> Run:
    def run(*words: str, **env: str) -> "subprocess.CompletedProcess[str]":
        set_to = {"HUTONG_ROOT": str(ROOT), "HUTONG_LAKE": str(tmp_path / "lake"), "HUTONG_LANG": "en", **env}
        command = [sys.executable, "-m", "hutong.cli", *words]
        return subprocess.run(command, env={**os.environ, **set_to}, capture_output=True, text=True, check=False)

    return run
