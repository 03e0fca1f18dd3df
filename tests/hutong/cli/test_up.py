"""What `hutong up` prints, and where its password is not."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from hutong.cli.main import cli
from hutong.orchestrate.processes import only_run
from hutong.up.state import Told
from tests.conftest import ROOT

PASSWORD = "not-for-a-log-5b1e"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUTONG_HOME", str(tmp_path))
    monkeypatch.setenv("HUTONG_ROOT", str(ROOT))
    (tmp_path / "airflow").mkdir()
    (tmp_path / "airflow" / "passwords.json").write_text(json.dumps({"hutong": PASSWORD}))
    return tmp_path


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_into_a_pipe_it_names_the_file_of_the_password_and_not_the_password(home: Path, options: list[str]) -> None:
    with only_run(home, "HUTONG_HOME"):
        Told(home, os.getpid()).ready("http://127.0.0.1:1")
        done = CliRunner().invoke(cli, ["up", *options])
    assert done.exit_code == 0
    assert "http://127.0.0.1:1" in done.stdout
    assert "passwords.json" in done.stdout
    assert PASSWORD not in done.output


def test_what_a_killed_leader_left_is_told_with_the_next_step(home: Path) -> None:
    with only_run(home, "HUTONG_HOME") as run:
        run.start("scheduler", ("http.server", "0", "--bind", "127.0.0.1"), os.environ, home / "log")
        notes = json.loads((home / "run.json").read_text())
        notes["processes"] = [one for one in notes["processes"] if one["role"] != "leader"]
        (home / "run.json").write_text(json.dumps(notes))
        done = CliRunner().invoke(cli, ["up", "--status"])
    assert done.exit_code == 1
    assert "hutong down" in done.stdout
    assert "scheduler" in done.stdout
