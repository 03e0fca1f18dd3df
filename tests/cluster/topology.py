"""One API server, one scheduler, one DAG processor and two Celery workers, each on a machine of its own.

A machine is a folder with /opt (the release: DAGs and declared files), /etc (its secrets) and /var (all it writes),
which no other machine is told of. What they share, they reach over loopback: PostgreSQL, Redis, the object store.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from hutong.orchestrate.local import HOST, USER, free_port
from hutong.orchestrate.processes import RUN_ID, Run
from tests.cluster.operator import Operator
from tests.cluster.servers import AIRFLOW, RESULTS, postgresql, redis
from tests.cluster.settings import of_role
from tests.conftest import ROOT
from tests.stores.seaweed import ACCESS_KEY_ID, SECRET_ACCESS_KEY, RunningS3, running_s3

COMMANDS: Mapping[str, tuple[str, ...]] = {
    "api-server": ("api-server",),
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "worker": ("celery", "worker"),
}
"""What each role's unit in deploy/systemd starts."""
WORKERS = ("worker-1", "worker-2")
READY_WITHIN_S = 600.0
LAKE = "lake"
KEYS = {"store_key": "5a" * 32, "pseudonym_key": "c3" * 32}
"""The same for every lake of a comparison, so that pseudonyms come out the same."""


class ClusterBroken(RuntimeError):
    """Something that should be there is not, or not in time."""


@dataclass
class Cluster:
    """A cluster that answers."""

    run: Run
    folder: Path
    s3: RunningS3
    api: Operator
    places: Mapping[str, Mapping[str, str]]
    roles: dict[str, str] = field(default_factory=dict)
    """Machine -> the role under which its process is known to `run`; another each time it is started."""
    pids: dict[str, int] = field(default_factory=dict)

    def start(self, machine: str) -> None:
        """Start what runs on `machine`, anew if it ran before, as its unit would."""
        times = int(self.roles.get(machine, f"{machine}#0").partition("#")[2]) + 1
        self.roles[machine] = f"{machine}#{times}"
        environment = self.environment(machine)
        command = ("airflow", *COMMANDS[_kind(machine)])
        if _kind(machine) == "worker":
            command += ("--celery-hostname", machine)
        child = self.run.start(
            self.roles[machine], command, environment, self.log(machine), stays=False, folder=self.home(machine) / "var"
        )
        self.pids[machine] = child.pid

    def environment(self, machine: str) -> dict[str, str]:
        """What its processes are told: the files in deploy/, and what every process on a system has."""
        home = self.home(machine)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "HUTONG_"))}
        own = {"TMPDIR": f"{home}/var/tmp", "HOME": f"{home}/var", "NO_PROXY": HOST, "no_proxy": HOST}
        return {**kept, **own, **of_role(_kind(machine), home, self.places[machine])}

    def home(self, machine: str) -> Path:
        """Its folder."""
        return self.folder / machine

    def log(self, machine: str) -> Path:
        """What its process prints."""
        return self.folder / f"{machine}.log"

    def kill(self, machine: str) -> int:
        """SIGKILL to its process and all that came of it. Returns how many they were."""
        family = self.family(machine)
        for one in family:
            with contextlib.suppress(psutil.NoSuchProcess):
                one.kill()
        psutil.wait_procs(family, timeout=5)
        self.run.drop(self.roles[machine])
        del self.pids[machine]
        return len(family)

    def kill_alone(self, machine: str) -> None:
        """SIGKILL to its main process alone."""
        main = psutil.Process(self.pids[machine])
        main.kill()
        main.wait(5)

    def family(self, machine: str) -> list[psutil.Process]:
        """Its process and all that came of it, the process itself first."""
        main = psutil.Process(self.pids[machine])
        return [main, *main.children(recursive=True)]

    def await_(self, what: str, holds: Callable[[], bool], within_s: float = READY_WITHIN_S) -> None:
        """Return when `holds`. Raises ClusterBroken when a process has ended by itself, and when time is up."""
        ends = time.monotonic() + within_s
        while not holds():
            for machine, pid in self.pids.items():
                if not _is_alive(pid):
                    raise ClusterBroken(f"{machine} ended by itself: {_tail(self.log(machine))}")
            if time.monotonic() > ends:
                raise ClusterBroken(f"not within {within_s:.0f} s: {what}")
            # What is asked of the API server costs it a good part of a second, which the syncs would have.
            time.sleep(1.0)

    def is_ready(self, machine: str) -> bool:
        """Whether a worker has said, since its last start, that it is ready."""
        said = self.log(machine).read_text(errors="replace")
        return said.count("ready.") >= int(self.roles[machine].partition("#")[2])


@contextlib.contextmanager
def running(run: Run, declared: Path, places: Mapping[str, str]) -> Iterator[Cluster]:
    """A cluster as part of `run`, over the connectors, schemas and mappings in `declared`; all its DAGs are read.

    places: HUTONG_ADDRESS_*, and what else is not as deploy/ has it.
    Raises PackagesMissing, ServerDidNotStart, WeedDidNotStart and ClusterBroken.
    """
    with _marked(run), postgresql() as databases, redis() as broker, running_s3(run.folder / "s3") as s3:
        port, password = free_port(), secrets.token_urlsafe(24)
        given = {
            "broker_url": broker,
            "result_backend": databases[RESULTS].replace("postgresql://", "db+postgresql+psycopg2://"),
            "secret_key": secrets.token_hex(32),
            "sql_alchemy_conn": databases[AIRFLOW].replace("postgresql://", "postgresql+psycopg2://"),
            "fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "jwt_secret": secrets.token_hex(64),
            "passwords.json": json.dumps({USER: password}),
        }
        cluster = Cluster(run, run.folder, s3, Operator(f"http://{HOST}:{port}", USER, password), {})
        cluster.places = {
            machine: {
                "AIRFLOW__API__PORT": str(port),
                "AIRFLOW__API__BASE_URL": cluster.api.address,
                "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{cluster.api.address}/execution/",
                "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
                "HUTONG_LAKE": s3.environment(LAKE)["HUTONG_LAKE"],
                "HUTONG_LAKE_ENDPOINT": s3.endpoint,
                **places,
            }
            for machine in ("migrate", "api-server", "scheduler", "dag-processor", *WORKERS)
        }
        for machine in cluster.places:
            _set_up(cluster.home(machine), _kind(machine), declared, given)
        # Workers know nothing of Airflow's database, so they need not wait for it.
        for machine in WORKERS:
            cluster.start(machine)
        _migrate(cluster)
        for machine in ("api-server", "dag-processor", "scheduler"):
            cluster.start(machine)
        cluster.await_("the API server answers", cluster.api.is_up)
        cluster.api.warm()
        cluster.await_("the workers are ready", lambda: all(map(cluster.is_ready, WORKERS)))
        yield cluster


@contextlib.contextmanager
def _marked(run: Run) -> Iterator[None]:
    """Whatever is started within is found by the run's mark and stopped, even when this process is killed."""
    before = os.environ.get(RUN_ID)
    os.environ[RUN_ID] = run.id
    try:
        yield
    finally:
        os.environ.pop(RUN_ID)
        if before is not None:
            os.environ[RUN_ID] = before


def _set_up(home: Path, kind: str, declared: Path, given: Mapping[str, str]) -> None:
    """A machine as deploy/README.md sets it up: the release, the secrets of its role, and a place to write."""
    for folder in ("opt", "etc/airflow", "etc/secrets", "var/airflow", "var/tmp"):
        (home / folder).mkdir(parents=True, mode=0o700)
    for folder in ("connectors", "schemas", "mappings"):
        shutil.copytree(declared / folder, home / "opt" / folder)
    shutil.copytree(ROOT / "dags", home / "opt" / "dags", ignore=shutil.ignore_patterns("__pycache__"))
    told = of_role(kind, home, {})
    for name, value in given.items():
        for said in told.values():
            if said.endswith(f"/airflow/{name}"):
                _write(Path(said.removeprefix("cat ")), value)
    if kind == "worker":
        lake = {"lake_access_key_id": ACCESS_KEY_ID, "lake_secret_access_key": SECRET_ACCESS_KEY}
        for name, value in {**KEYS, **lake}.items():
            _write(home / "etc" / "secrets" / name, value)


def _migrate(cluster: Cluster) -> None:
    log, home = cluster.log("migrate"), cluster.home("migrate") / "var"
    environment = cluster.environment("migrate")
    if cluster.run.start("migrate", ("airflow", "db", "migrate"), environment, log, stays=False, folder=home).wait():
        raise ClusterBroken(f"Airflow could not make its database: {_tail(log)}")


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text)


def _kind(machine: str) -> str:
    return machine.rpartition("-")[0] if machine in WORKERS else machine


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]
