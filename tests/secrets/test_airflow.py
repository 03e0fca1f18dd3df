"""Under Airflow no secret is in a rendered field, an XCom, a log, the database, or a process; not even one that is
printed.

A DAG beside ours hands a control text around in all the ways in which a secret could come there.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from hutong.metrics import exposition
from hutong.orchestrate.api import Task
from hutong.orchestrate.local import fresh_home, start, wait_for_dags
from hutong.orchestrate.names import CHECK_REGISTRY, FRESHNESS, MAINTAIN, RELEASE, pool, sync_dag
from hutong.orchestrate.processes import only_run
from hutong.registry import open_registry
from hutong.settings import read
from hutong.store.paths import Store
from tests.city.searching import Searcher, everything_in
from tests.conftest import ROOT
from tests.hutong.extract.speaking import Asked, Says, speaking
from tests.hutong.lineage.catalogue import writing_to, written_in
from tests.hutong.lineage.specified import specification

from .sentinels import CITY, SERVER, Kind, Sentinel, declared, kinds, repeating, telling
from .test_sentinels import looking

pytestmark = [pytest.mark.xdist_group("airflow"), pytest.mark.slow, pytest.mark.timeout(600)]

CONTROL = "control-text-7f31"
CONTROL_DAG = f"""
from airflow.sdk import DAG, task

@task(pool="hutong_s_key")
def hand_around(text):
    print("a control:", text)
    from hutong import settings
    from hutong.orchestrate.connections import secrets_of_task
    print("a secret:", secrets_of_task(settings.read())("printed").reveal())
    return text

@task(pool="hutong_s_key", retries=0)
def fail(text):
    raise ValueError("failed with " + text)

with DAG("control", schedule=None):
    fail(hand_around("{CONTROL}"))
"""
DUTIES = {MAINTAIN, RELEASE, CHECK_REGISTRY, FRESHNESS}


@dataclass
class Ran:
    """What an Airflow left behind that synced every kind of platform, and did its duties.

    alarms: what people were told.
    """

    home: Path
    root: Path
    lake: Path
    cores: dict[str, str]
    tasks: list[Task]
    processes: list[tuple[str, bytes]]
    events: list[dict[str, Any]]
    alarms: list[bytes]

    def names_in(self, places: list[tuple[str, bytes]]) -> set[str]:
        cores = self.cores | {CONTROL: "control"}
        return {cores[text] for _, text, _ in Searcher(cores).found(places)}


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    folder = tmp_path_factory.mktemp("airflow_sentinels")
    found = kinds()
    # One more, whose platform refuses it in its own words, so that a task fails with them.
    found["s_refused"] = Kind({"type": "bearer", "token": "refused"}, {"refused": Sentinel.made()})
    told, seen, alarms = telling(found), list[tuple[str, bytes]](), list[bytes]()
    alarm = Sentinel.made()

    def dialect(asked: Asked) -> Says:
        if asked.path == f"/alarm/{alarm.core}":
            alarms.append(asked.body)
            return Says(b"")
        if asked.path.startswith("/refusing"):
            return Says(repeating(asked).encode(), 401)
        return told(asked)

    with ExitStack() as stack:
        shown, clients = SERVER.written(folder, with_key=True), CITY.written(folder)
        plain = stack.enter_context(speaking(looking(dialect, seen)))
        mutual = stack.enter_context(speaking(dialect, certificate=shown, clients=clients))
        addresses = dict.fromkeys(found, plain.address)
        addresses |= {"s_mutual": mutual.address, "s_refused": f"{plain.address}/refusing"}
        root = declared(folder / "root", found, addresses)
        kept = (root / "secrets" / "login_password").read_text()
        (root / "secrets" / "login_password").unlink()
        # Not one of those that are looked for: the scheduler's own output repeats unmasked what a task prints.
        (root / "secrets" / "printed").write_text("printed-by-a-task-7f31")
        (root / "secrets" / "printed").chmod(0o600)
        (root / "secrets" / "alarm").write_text(f"{plain.address}/alarm/{alarm.core}")
        (root / "secrets" / "alarm").chmod(0o600)
        (folder / "dags").mkdir()
        for name in ("sync", "upkeep", "watch"):
            shutil.copy(ROOT / "dags" / f"{name}.py", folder / "dags")
        (folder / "dags" / "control.py").write_text(CONTROL_DAG)
        environment = {
            "HUTONG_ROOT": str(root),
            "HUTONG_LAKE": str(folder / "lake"),
            "HUTONG_SECRETS": str(root / "secrets"),
            "HUTONG_UNSCHEDULED": "1",
            "HUTONG_ALERTS": "webhook:alarm",
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "DEBUG",
            **writing_to(folder / "events.ndjson"),
        }
        run = stack.enter_context(only_run(folder, "HUTONG_DEMO"))
        airflow = start(
            run, fresh_home(run), folder / "dags", environment, pools={pool(platform): 2 for platform in found}
        )
        connection = {"connection_id": "hutong_login_password", "conn_type": "generic", "password": kept}
        airflow.api._ask("POST", "/connections", connection)
        syncs = {"control", *(sync_dag(platform, "manual") for platform in found)}
        wait_for_dags(run, airflow, syncs | DUTIES)
        deadline, asked_for = time.monotonic() + 400, 0
        for together in (syncs, DUTIES):
            for dag in sorted(together):
                airflow.api.trigger(dag, {"name": "spring", "reason": CONTROL} if dag == RELEASE else None)
            asked_for += len(together)
            while len(runs := airflow.api.runs()) < asked_for or not all(one.is_over for one in runs):
                assert time.monotonic() < deadline, runs
                time.sleep(0.5)
        while not any(b"s_refused" in body for body in alarms):
            assert time.monotonic() < deadline, alarms
            time.sleep(0.5)
        tasks = airflow.api.tasks()
        cores = {one.core: name for kind in found.values() for name, one in kind.secrets.items()}
        cores[alarm.core] = "alarm"
        events = written_in(folder / "events.ndjson")
        yield Ran(airflow.home, root, folder / "lake", cores, tasks, seen, events, alarms)


def test_all_that_should_run_ran(ran: Ran) -> None:
    states = {(task.dag, task.id): task.state for task in ran.tasks if task.dag not in DUTIES}
    done = {task.dag for task in ran.tasks if task.dag in DUTIES and task.state == "success"}
    assert {MAINTAIN, RELEASE, FRESHNESS} <= done
    assert {task.dag for task in ran.tasks if task.state in ("success", "failed")} >= DUTIES
    failed = {place for place, state in states.items() if state != "success"}
    assert {("control", "fail"), ("sync__s_refused__manual", "land")} <= failed
    # Airflow sometimes fails a task that has published, when several name a new asset at one moment.
    assert {task for _, task in failed} == {"fail", "land", "publish", "gates"}
    assert sum(task == "land" for _, task in failed) == 1


def test_neither_files_nor_database_of_airflow_show_a_secret_but_they_do_show_a_control(ran: Ran) -> None:
    with sqlite3.connect(ran.home / "airflow.db") as database:
        dump = "\n".join(database.iterdump())
    rows = [line for line in dump.splitlines() if CONTROL in line]
    for table in ("rendered_task_instance_fields", "xcom"):
        assert any(f'"{table}"' in line for line in rows), f"the control came into {table}"
    logs = [one for one in everything_in(ran.home / "logs") if one[0].endswith(".log")]
    assert ran.names_in([one for one in logs if "dag_id=control" in one[0]]) == {"control"}
    assert any(b"a secret: ***" in body for _, body in logs), "Airflow masks what a task prints"
    assert not any(b"printed-by-a-task" in body for _, body in logs)
    assert any(b"extracted sequence=s_login" in body for _, body in logs)
    assert any(b"refuses the credential" in body for _, body in logs)
    assert ran.names_in([("dump", dump.encode()), *everything_in(ran.home)]) == {"control"}


def test_no_process_of_airflow_shows_a_secret(ran: Ran) -> None:
    assert any(b"airflow" in body and b"HUTONG_SECRETS" in body for _, body in ran.processes)
    assert ran.names_in(ran.processes) == set()


def test_the_lake_that_airflow_filled_shows_none(ran: Ran) -> None:
    places = list(everything_in(ran.lake))
    assert len(places) > 100
    assert ran.names_in(places) == {"control"}, "the reason of the release, and nothing else"


def test_every_task_told_how_it_began_and_ended_as_a_part_of_its_run(ran: Ran) -> None:
    told = {(event["job"]["name"], event["eventType"]) for event in ran.events}
    landed = {name for name, state in told if state == "COMPLETE" and name.endswith(".land")}
    assert len(landed) == len({task.dag for task in ran.tasks if task.id == "land"}) - 1
    assert {state for name, state in told if name == "s_refused.facility.land"} == {"START", "FAIL"}
    specified = specification()
    for event in ran.events:
        specified.validate(event)
        above = event["run"]["facets"]["parent"]
        platform, _, stage = event["job"]["name"].split(".")
        assert above["job"] == {"namespace": "default", "name": f"sync__{platform}__manual.{stage}", "facets": {}}
        assert above["root"]["job"]["name"] == f"sync__{platform}__manual"
        assert UUID(above["run"]["runId"]) != UUID(above["root"]["run"]["runId"]) != UUID(event["run"]["runId"])
    tries = {event["run"]["facets"]["parent"]["run"]["runId"] for event in ran.events}
    assert len(tries) == sum(task.tries for task in ran.tasks if task.id in ("land", "publish") and task.tries)


def test_neither_events_nor_figures_show_a_secret(ran: Ran) -> None:
    now = read({"HUTONG_ROOT": str(ran.root), "HUTONG_LAKE": str(ran.lake), "HUTONG_BUDGET": str(ran.root / ".budget")})
    told = json.dumps(ran.events, ensure_ascii=False).encode()
    figures = exposition(open_registry(now), Store(now.lake), now)
    assert b"hutong_lake_readable 1.0" in figures
    assert ran.names_in([("events", told + CONTROL.encode()), ("figures", figures)]) == {"control"}
    assert ran.names_in([("events", told), ("figures", figures)]) == set()


def test_whoever_is_told_of_a_failure_is_told_no_secret(ran: Ran) -> None:
    told = b"\n".join(ran.alarms)
    assert b"refuses the credential" in told
    assert ran.names_in([("alarms", told)]) == set()
