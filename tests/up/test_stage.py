"""What `hutong up` and `hutong down` say where nothing runs, and where a leader runs that is not theirs to begin."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner

from hutong.cli.main import cli
from hutong.errors import HutongError
from hutong.orchestrate.processes import only_run
from hutong.settings import read
from hutong.up.stage import begin, end, look
from hutong.up.state import Told

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HUTONG_HOME", str(tmp_path))
    monkeypatch.setenv("HUTONG_ROOT", str(ROOT))
    return tmp_path


def test_down_where_nothing_runs_stops_nothing_and_is_no_failure(home: Path) -> None:
    done = CliRunner().invoke(cli, ["down"])
    assert (done.exit_code, done.stdout) == (0, "")
    assert str(home) in done.stderr


def test_status_where_nothing_runs_is_exit_code_1(home: Path) -> None:
    done = CliRunner().invoke(cli, ["up", "--status", "--json"])
    assert done.exit_code == 1
    assert json.loads(done.stdout) == {"address": None, "parts": []}


def test_an_up_that_runs_already_is_told_and_not_begun_again(home: Path) -> None:
    with only_run(home, "HUTONG_HOME"):
        Told(home, os.getpid()).ready("http://127.0.0.1:1")
        found = begin(read(), None, True, lambda step: pytest.fail(f"it said {step}"))
        assert (found.address, found.was_up) == ("http://127.0.0.1:1", True)
        address, parts = look(read())
        assert address == "http://127.0.0.1:1"
        assert [(part.role, part.pid) for part in parts] == [("leader", os.getpid())]


def test_an_up_that_fails_says_why_and_leaves_nothing(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(HutongError, match=f"port {port} is in use"):
            begin(read(), port, False, lambda _: None)
    assert look(read()) == (None, [])
    assert end(read()) == []
    assert not list((home / "airflow").glob("*.db"))
