"""Airflow itself, started over a folder of two DAG files."""

from __future__ import annotations

import socket
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from hutong.errors import HutongError
from hutong.orchestrate.local import HOST, NEEDED, LocalAirflow, free_port, fresh_home, start, wait_for_dags
from hutong.orchestrate.processes import RUN_ID, Run, only_run

pytestmark = [pytest.mark.xdist_group("airflow"), pytest.mark.slow]

GOOD = """
from airflow.sdk import DAG, task

@task(pool="narrow", retries=0)
def fail():
    raise ValueError("the bridge is closed\\nsecond line")

with DAG("broken_bridge", schedule=None):
    fail()
"""


@dataclass
class Started:
    run: Run
    airflow: LocalAirflow


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    folder = tmp_path_factory.mktemp("100%local")
    dags = folder / "dags"
    dags.mkdir()
    (dags / "good.py").write_text(GOOD)
    (dags / "bad.py").write_text("from airflow.sdk import DAG\nraise RuntimeError('no such street')\n")
    (folder / "airflow-0123").mkdir()
    with only_run(folder, "HUTONG_DEMO") as run:
        yield Started(run, start(run, fresh_home(run), dags, {}, pools={"narrow": 2}))


def test_a_port_that_was_taken_meanwhile_is_no_reason_to_fail(tmp_path: Path) -> None:
    asked_for: list[int] = []
    (tmp_path / "dags").mkdir()
    with socket.create_server((HOST, 0)) as taken, only_run(tmp_path, "HUTONG_DEMO") as run:

        def ports() -> int:
            asked_for.append(free_port() if asked_for else taken.getsockname()[1])
            return asked_for[-1]

        airflow = start(run, fresh_home(run), tmp_path / "dags", {}, pools={}, ports=ports)
        assert len(asked_for) == 2
        assert airflow.api.address == f"http://{HOST}:{asked_for[1]}"


def test_every_run_has_a_home_of_its_own_that_others_cannot_read(started: Started) -> None:
    assert [home.name for home in started.run.folder.glob("airflow-*")] == [started.airflow.home.name]
    assert stat.S_IMODE(started.airflow.home.stat().st_mode) == 0o700
    for file in ("airflow.cfg", "passwords.json"):
        assert stat.S_IMODE((started.airflow.home / file).stat().st_mode) == 0o600


def test_no_process_of_airflow_has_a_secret_in_its_environment(started: Started) -> None:
    password = (started.airflow.home / "passwords.json").read_text().split('"')[3]
    # Beside the three parts, the scheduler's workers.
    until(lambda: len(environments_of(started.run)) > len(NEEDED))
    for environ in environments_of(started.run):
        assert not [name for name in environ if name.startswith("AIRFLOW__")]
        assert password not in environ.values()


def environments_of(run: Run) -> list[dict[str, str]]:
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            found.append(dict(process.environ()))
    return [environ for environ in found if environ.get(RUN_ID) == run.id]


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not is_so():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.1)


def test_a_failed_task_says_why_in_one_line(started: Started) -> None:
    api = started.airflow.api
    until(lambda: "broken_bridge" in api.dags())
    run_id = api.trigger("broken_bridge")
    until(lambda: all(run.is_over for run in api.runs()))
    (run,) = api.runs()
    assert (run.id, run.state) == (run_id, "failed")
    assert [(failure.task, failure.said) for failure in api.failures("broken_bridge", run_id)] == [
        ("fail", "the bridge is closed")
    ]


def test_a_dag_file_that_cannot_be_read_is_named(started: Started) -> None:
    with pytest.raises(HutongError, match=r"bad\.py: RuntimeError: no such street"):
        wait_for_dags(started.run, started.airflow, {"bad"})
