"""`hutong up` as a new user would try it, in one stay: used, hurt, stopped in the middle, gone on with, stopped.

The tests come in this order on purpose: each goes on where the one before left it.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
import requests

from hutong.orchestrate import local, names
from hutong.orchestrate.api import Api
from hutong.orchestrate.local import free_port
from hutong.orchestrate.processes import RUN_ID, living
from hutong.registry import open_registry
from hutong.settings import read
from tests.conftest import ROOT

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("up"), pytest.mark.timeout(2400)]

PASSWORD = "cloud_control_password"
SYNC = names.sync_dag("cloud_control", "daily")
PARTS = ("city", *local.PARTS)


@dataclass
class Stay:
    """A folder of `hutong up`, and its command."""

    home: Path
    port: int

    def hutong(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "HUTONG_HOME": str(self.home),
            "HUTONG_ROOT": str(ROOT),
            "HUTONG_LANG": "en",
            **more,
        }
        command = [sys.executable, "-P", "-m", "hutong.cli", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)

    def up(self) -> dict[str, Any]:
        done = self.hutong("up", "--json", "--port", str(self.port))
        assert done.returncode == 0, done.stderr
        told: dict[str, Any] = json.loads(done.stdout)
        return told

    def password(self) -> str:
        return str(json.loads((self.home / "airflow" / "passwords.json").read_text())["hutong"])

    @property
    def api(self) -> Api:
        api = Api(f"http://127.0.0.1:{self.port}", "hutong", self.password())
        until(api.is_up)
        return api

    def health(self) -> Mapping[str, str]:
        parts = json.loads(self.hutong("up", "--status", "--json").stdout)["parts"]
        return {part["part"]: part["health"] for part in parts}

    def rows(self) -> int:
        """Records in the ledger."""
        ask = "SELECT sum(received) AS n FROM ledger"
        done = self.hutong("query", "--json", ask, **self.lake())
        return int(json.loads(done.stdout)["n"]) if done.returncode == 0 else 0

    def lake(self) -> dict[str, str]:
        return {"HUTONG_LAKE": str(self.home / "lake"), "HUTONG_SECRETS": str(self.home / "secrets")}


def until(is_so: Callable[[], bool], within_s: float = 900.0) -> None:
    deadline = time.monotonic() + within_s
    while not is_so():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(1)


def marked() -> dict[str, list[int]]:
    """Run id -> the processes that carry it."""
    found: dict[str, list[int]] = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if (run := process.environ().get(RUN_ID)) and process.status() != psutil.STATUS_ZOMBIE:
                found.setdefault(run, []).append(process.pid)
    return found


def run_id(stay: Stay) -> str:
    return str(json.loads((stay.home / "run.json").read_text())["run"])


def ended(stay: Stay, dag: str, run: str) -> str | None:
    return next((one.state for one in stay.api.runs() if (one.dag, one.id) == (dag, run) and one.is_over), None)


@pytest.fixture(scope="module")
def stay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stay]:
    stay = Stay(tmp_path_factory.mktemp("stay") / "up", free_port())
    yield stay
    stay.hutong("down")


def test_it_says_where_it_is_and_who_may_enter(stay: Stay) -> None:
    told = stay.up()
    assert (told["address"], told["user"], told["was_up"]) == (f"http://127.0.0.1:{stay.port}", "hutong", False)
    assert json.loads(Path(told["password_file"]).read_text()) == {"hutong": stay.password()}
    page = requests.get(told["address"], timeout=60)
    assert (page.status_code, "<html" in page.text) == (200, True)


def test_no_log_holds_the_password(stay: Stay) -> None:
    logs = [*stay.home.glob("*.log"), *stay.home.glob("airflow/*.log"), stay.home / "state.json"]
    assert len(logs) > len(local.PARTS)
    assert not [log for log in logs if stay.password() in log.read_text()]


def test_asked_again_it_says_that_it_runs(stay: Stay) -> None:
    assert stay.up()["was_up"] is True


def test_every_dag_is_read_unpaused_and_becomes_green_by_its_schedule(stay: Stay) -> None:
    api = stay.api
    assert api.import_errors() == []
    dags = api._ask("GET", "/dags?limit=100")["dags"]
    assert not [dag["dag_id"] for dag in dags if dag["is_paused"]]
    syncs = set(names.sync_dags(open_registry(read({"HUTONG_ROOT": str(ROOT)}))))
    assert syncs < {dag["dag_id"] for dag in dags}

    def green() -> set[str]:
        runs = stay.api._ask("GET", "/dags/~/dagRuns?limit=1000&state=success")["dag_runs"]
        return {run["dag_id"] for run in runs if run["run_type"] == "scheduled"}

    until(lambda: syncs <= green(), within_s=1800.0)
    assert not [run for run in stay.api.runs() if run.state == "failed"]


def test_a_run_that_an_asset_triggered_is_to_be_seen(stay: Stay) -> None:
    def triggered() -> list[str]:
        runs = stay.api._ask("GET", f"/dags/{names.REPORT}/dagRuns?limit=100")["dag_runs"]
        return [run["state"] for run in runs if run["run_type"] == "asset_triggered"]

    until(lambda: "success" in triggered())


def test_the_lake_grows_by_itself(stay: Stay) -> None:
    before = stay.rows()
    assert before > 0
    until(lambda: stay.rows() > before)


def test_everything_lies_where_the_page_says(stay: Stay) -> None:
    page = (ROOT / "docs" / "one-machine.md").read_text()
    folders = re.findall(r"^\| `(\w+)/`", page, re.MULTILINE)
    assert len(folders) == 4
    assert not [name for name in folders if not (stay.home / name).is_dir()]


def test_a_platform_that_refuses_is_red_with_a_message_that_says_what_to_do(stay: Stay) -> None:
    file = stay.home / "secrets" / PASSWORD
    good = file.read_text()
    file.write_text("another password")
    try:
        run = stay.api.trigger(SYNC)
        until(lambda: ended(stay, SYNC, run) is not None)
    finally:
        file.write_text(good)
    assert ended(stay, SYNC, run) == "failed"
    failures = stay.api.failures(SYNC, run)
    assert failures
    for failure in failures:
        assert "it refuses the credential" in failure.said
        assert PASSWORD in failure.said.partition("check the secrets")[2]


@pytest.mark.parametrize("part", PARTS)
def test_a_part_that_is_killed_is_started_again(stay: Stay, part: str) -> None:
    pid = next(one.pid for one in living(stay.home) if one.role == part)
    os.kill(pid, signal.SIGKILL)
    until(lambda: pid not in [one.pid for one in living(stay.home)])
    until(lambda: stay.health().get(part) in ("healthy", "alive"))
    assert next(one.pid for one in living(stay.home) if one.role == part) != pid


def test_then_the_syncs_go_on(stay: Stay) -> None:
    run = stay.api.trigger(SYNC)
    until(lambda: ended(stay, SYNC, run) is not None)
    assert ended(stay, SYNC, run) == "success"


def test_stopped_in_the_middle_it_goes_on_where_it_was(stay: Stay) -> None:
    password, run = stay.password(), stay.api.trigger(SYNC)
    until(lambda: any(task.run == run and task.state == "running" for task in stay.api.tasks()))
    mark, done = run_id(stay), stay.hutong("down")
    assert done.returncode == 0
    assert mark not in marked()
    assert living(stay.home) == []
    told = stay.up()
    assert (told["address"], stay.password()) == (f"http://127.0.0.1:{stay.port}", password)
    until(lambda: ended(stay, SYNC, run) is not None)
    assert ended(stay, SYNC, run) == "success"


def test_killed_without_a_word_it_is_cleaned_up_by_the_next_up(stay: Stay) -> None:
    mark = run_id(stay)
    os.kill(next(one.pid for one in living(stay.home) if one.role == "leader"), signal.SIGKILL)
    until(lambda: stay.hutong("up", "--status").returncode == 1)
    assert marked()[mark], "what it started lives on"
    assert stay.up()["was_up"] is False
    assert mark not in marked()


def test_the_ledger_adds_up(stay: Stay) -> None:
    done = stay.hutong("verify", HUTONG_ROOT=str(ROOT), **stay.lake())
    assert done.returncode == 0, done.stdout + done.stderr


def test_down_leaves_no_process_and_stops_no_other(stay: Stay) -> None:
    mark = run_id(stay)
    assert len(marked()[mark]) >= len(PARTS)
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    try:
        assert stay.hutong("down").returncode == 0
        assert mark not in marked()
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
    assert stay.hutong("up", "--status").returncode == 1


def test_what_a_killed_one_left_is_stopped_by_down(stay: Stay) -> None:
    stay.up()
    mark = run_id(stay)
    os.kill(next(one.pid for one in living(stay.home) if one.role == "leader"), signal.SIGKILL)
    time.sleep(1)
    assert marked()[mark]
    assert stay.hutong("down").returncode == 0
    assert mark not in marked()
