"""The DAGs that keep the gateway in order, and what people are told when something fails, in an Airflow of its own.

The platform's secrets are missing, so all of its streams fail at once and alike. Of two DAGs of the test's own one has
a task that is killed, the other a run that does not end.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import polars as pl
import pytest

from hutong.orchestrate import local, names
from hutong.orchestrate.connections import UNMASKED
from hutong.orchestrate.local import LocalAirflow
from hutong.orchestrate.processes import only_run
from hutong.registry import Registry, open_registry
from hutong.release import releases
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.paths import Store
from hutong.store.tables import existing
from tests.conftest import CREDENTIALS, ROOT, command_environment, write_secrets
from tests.hutong.orchestrate.listening import Mails, Posts, mail_server, webhook
from tests.hutong.publish.conftest import declare_without_gates, flow, land_flow, publish_flow

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900), pytest.mark.xdist_group("airflow")]

OWN = """
import os, signal, time
from datetime import timedelta
from airflow.sdk import DAG, task
from hutong.orchestrate import alerts, declare

@task(retries=0)
def killed():
    os.kill(os.getpid(), signal.SIGKILL)

@task
def endless():
    time.sleep(25)

with DAG("killed", schedule=None, **declare.duty()):
    killed()
with DAG("endless", schedule=None, deadline=declare.told_after(timedelta(seconds=3)), **declare.duty()):
    endless()
"""


SECRET = set(CREDENTIALS.values()) - UNMASKED


@dataclass
class Ran:
    airflow: LocalAirflow
    registry: Registry
    store: Store
    mails: Mails
    posts: Posts

    def run(self, dag: str, conf: dict[str, Any] | None = None) -> str:
        """Run `dag` to its end. Returns the state it ended in."""
        body = {"logical_date": None, "conf": conf or {}}
        run_id = self.airflow.api._ask("POST", f"/dags/{dag}/dagRuns", body)["dag_run_id"]
        deadline = time.monotonic() + 300
        while True:
            (state,) = (one.state for one in self.airflow.api.runs() if one.id == run_id)
            if state in ("success", "failed"):
                return state
            assert time.monotonic() < deadline
            time.sleep(0.5)

    def told(self, words: str, within_s: float = 240) -> list[str]:
        """The messages with `words` in them, once there is one."""
        deadline = time.monotonic() + within_s
        while not (found := [post["text"] for post in self.posts.came if words in post["text"]]):
            assert time.monotonic() < deadline, self.posts.came
            time.sleep(0.5)
        return found


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ran]:
    folder = tmp_path_factory.mktemp("duties")
    root = declare_without_gates(folder / "root")
    shutil.copytree(ROOT / "dags", root / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "dags" / "own.py").write_text(OWN)
    with mail_server() as mails, webhook() as posts, only_run(folder, "HUTONG_DEMO") as run:
        environment = {
            "HUTONG_ROOT": str(root),
            "HUTONG_LAKE": str(folder / "lake"),
            "HUTONG_BUDGET": str(folder / "budget"),
            "HUTONG_SECRETS": str(folder / "secrets"),
            "HUTONG_UNSCHEDULED": "1",
            "HUTONG_ALERTS": "mailto:night@example.cn webhook:night_robot",
            "HUTONG_SECRET_NIGHT_ROBOT": posts.address,
            "AIRFLOW_CONN_SMTP_DEFAULT": json.dumps(
                {
                    "conn_type": "smtp",
                    "host": "127.0.0.1",
                    "port": mails.port,
                    "extra": {"disable_ssl": True, "disable_tls": True, "from_email": "hutong@example.cn"},
                }
            ),
        }
        now = read(environment)
        registry, store = open_registry(now), Store(now.lake)
        land_flow(registry, store, [flow("L1")])
        publish_flow(registry, store, resolver(now))
        pools = {names.pool(platform): 4 for platform in registry.connectors}
        airflow = local.start(run, local.fresh_home(run), root / "dags", environment, pools=pools)
        local.wait_for_dags(run, airflow, {"killed", "endless", names.FRESHNESS, names.MAINTAIN})
        yield Ran(airflow, registry, store, mails, posts)


def test_a_platform_that_fails_in_all_its_streams_is_one_message(ran: Ran) -> None:
    (dag,) = (one for one in ran.airflow.api.dags() if one.startswith("sync__cloud_control") and "daily" not in one)
    assert ran.run(dag) == "failed"
    (text,) = ran.told(dag)
    assert "the secret 'cloud_control_username' is not set; set HUTONG_SECRET_CLOUD_CONTROL_USERNAME" in text
    assert f"/dags/{dag}/runs/" in text
    assert "land rsm · 500000, land spat · 500000" in text
    time.sleep(3)
    assert len(ran.told(dag)) == 1
    assert [dag in mail for mail in ran.mails.texts].count(True) == 1
    (mail,) = (mail for mail, text in zip(ran.mails.came, ran.mails.texts, strict=True) if dag in text)
    assert (mail["To"], mail["From"]) == ("night@example.cn", "hutong@example.cn")


def test_a_task_that_was_killed_is_told_of_with_the_next_step(ran: Ran) -> None:
    assert ran.run("killed") == "failed"
    (text,) = ran.told("killed")
    assert "stopped from outside" in text
    assert "safe to run again" in text


def test_a_run_that_does_not_end_is_told_of_without_a_triggerer(ran: Ran) -> None:
    ran.run("endless")
    (text,) = ran.told("endless")
    assert "endless: a run does not end" in text


def test_what_is_late_is_told_once_and_the_check_stays_red(ran: Ran) -> None:
    assert ran.run(names.FRESHNESS) == "failed"
    (text,) = ran.told("datasets are late")
    assert "traffic_flow · section_flow · 500000: late since 2026-03-18T" in text
    assert ran.run(names.FRESHNESS) == "failed"
    time.sleep(3)
    assert len(ran.told("datasets are late")) == 1


def test_a_broken_connector_is_named_and_other_platforms_are_still_read(ran: Ran) -> None:
    assert ran.run(names.CHECK_REGISTRY) == "success"
    file = ran.registry.root / "connectors" / "cim" / "connector.yaml"
    sound = file.read_text()
    try:
        file.write_text(sound.replace("tier: regional", "tier: remote"))
        assert ran.run(names.CHECK_REGISTRY) == "failed"
        (text,) = ran.told("problems in declared files")
        assert "connectors/cim/connector.yaml:5: tier: 'remote' is not possible" in text
        deadline = time.monotonic() + 240
        while not (errors := ran.airflow.api.import_errors()):
            assert time.monotonic() < deadline
            time.sleep(1)
        (said,) = errors
        assert "report.py: hutong.errors.RegistryError: connectors/cim/connector.yaml:5: tier" in said
        # Another platform's tasks find their own declared as it was.
        other = names.sync_dag("transport_info", "live")
        assert ran.run(other) == "failed"
        (text,) = ran.told(other)
        assert "the secret 'transport_info_app_key' is not set" in text
    finally:
        file.write_text(sound)


def test_a_release_is_made_in_the_name_of_whoever_asked_for_it(ran: Ran) -> None:
    conf = {"name": "2026-spring", "reason": "the first of the year", "dry_run": True}
    assert ran.run(names.RELEASE, conf) == "success"
    assert releases(ran.store) == []
    assert ran.run(names.RELEASE, conf | {"dry_run": False}) == "success"
    (made,) = releases(ran.store)
    assert (made.name, made.actor, made.note) == ("2026-spring", "airflow:hutong", "the first of the year")
    table = existing(ran.store.base(ran.registry.dataset("operations").table))
    assert table is not None
    rows = pl.scan_delta(table).filter(pl.col("action") == "release").collect()
    assert rows["actor"].to_list() == ["airflow:hutong"]


def test_upkeep_reaches_the_lake_and_the_database_of_airflow(ran: Ran) -> None:
    assert ran.run(names.MAINTAIN) == "success"
    states = {task.id: task.state for task in ran.airflow.api.tasks() if task.dag == names.MAINTAIN}
    assert states == {"lake": "success", "airflow_database": "success"}


def test_connections_and_pools_are_made_of_what_is_declared_and_again_at_will(ran: Ran) -> None:
    home, folder = ran.airflow.home, ran.airflow.home.parent / "secrets"
    write_secrets(folder)
    (folder / "airflow_password").write_text(json.loads((home / "passwords.json").read_text())["hutong"])
    (folder / "airflow_password").chmod(0o600)
    (folder / "transport_info_secret").unlink()
    environment = {
        "HUTONG_ROOT": str(ran.registry.root),
        "HUTONG_SECRETS": str(folder),
        "HUTONG_AIRFLOW": ran.airflow.api.address,
        "HUTONG_LANG": "en",
    }

    def hutong(*words: str) -> tuple[int, str, str]:
        command = [sys.executable, "-P", "-m", "hutong.cli", "connections", *words]
        done = subprocess.run(
            command, env=command_environment(environment), capture_output=True, text=True, check=False
        )
        assert not [value for value in SECRET if value in done.stdout + done.stderr]
        return done.returncode, done.stdout, done.stderr

    code, out, said = hutong("import", "--dry-run")
    assert (code, "would make 6 Connections" in said, ran.airflow.api.connections()) == (1, True, set())
    for _ in range(2):
        code, out, said = hutong("import", "--json")
        assert "nowhere: transport_info_secret" in said
        made = {one["connection"] for one in json.loads(out) if one["in_airflow"]}
        assert made == ran.airflow.api.connections()
    assert "hutong_cloud_control_password" in made
    assert "hutong_transport_info_secret" not in made
    # As the budgets say, whatever they were made with.
    assert {ran.airflow.api.pools()[names.pool(one)] for one in ran.registry.connectors} == {2}
    (folder / "cloud_control_username").unlink()
    (folder / "cloud_control_password").unlink()
    # Now only Airflow has them, and tasks find them: what fails is the platform, which is not there.
    (dag,) = (one for one in ran.airflow.api.dags() if one == names.sync_dag("cloud_control", "live"))
    assert ran.run(dag) == "failed"
    (text,) = ran.told("cloud_control.rsm: ")
    assert "is not set" not in text


def test_no_message_and_no_log_holds_a_secret(ran: Ran) -> None:
    logs = "".join(file.read_text(errors="replace") for file in ran.airflow.home.rglob("*.log"))
    assert "the secret 'cloud_control_username' is not set" in logs
    assert "planted-webhook-token" not in logs
    assert not [value for value in SECRET if value in logs]
    assert not [post for post in ran.posts.came if "planted-webhook-token" in json.dumps(post)]
