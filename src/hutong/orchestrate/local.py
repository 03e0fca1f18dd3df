"""Airflow on one machine, for as long as a run lasts: LocalExecutor, SQLite in a new folder, loopback only.

Three of `airflow standalone`'s four parts are started (nothing here defers, so there is no triggerer), each by itself:
so every process is in our hands, and they are ready in two thirds of the time.
"""

from __future__ import annotations

import base64
import configparser
import io
import json
import os
import secrets
import shutil
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hutong.errors import HutongError
from hutong.orchestrate.api import PAGE, Api
from hutong.orchestrate.processes import Run

HOST, USER = "127.0.0.1", "hutong"
TASKS_AT_ONCE = 6
READY_WITHIN_S = 180.0
TRIES_FOR_A_PORT = 5
LOOK_EVERY_S = 0.3

PARTS: Mapping[str, tuple[str, ...]] = {
    "api-server": ("api-server",),
    # Task logs are read from disk by the API server, so nobody needs to serve them.
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
}


@dataclass(frozen=True, slots=True)
class LocalAirflow:
    """An Airflow that answers. home: its folder, with its database, its logs and the password of its user."""

    home: Path
    api: Api


def free_port() -> int:
    """A port of loopback that nobody listens on at this moment."""
    with socket.socket() as one:
        one.bind((HOST, 0))
        return int(one.getsockname()[1])


def start(
    run: Run,
    dags: Path,
    environment: Mapping[str, str],
    *,
    pools: Mapping[str, int],
    ports: Callable[[], int] = free_port,
) -> LocalAirflow:
    """Start Airflow over the folder `dags`, as part of `run`; returns when it answers and has its pools.

    environment: what its processes get beside that of this one, from which Airflow's and hutong's variables are taken.
    Folders of earlier runs are removed; what they held is in the lake.
    Raises HutongError when it is not up in time, with the log to read.
    """
    for old in run.folder.glob("airflow-*"):
        shutil.rmtree(old, ignore_errors=True)
    home = run.folder / f"airflow-{run.id[:8]}"
    home.mkdir(mode=0o700)
    password, variables = secrets.token_urlsafe(24), _variables(home, environment)
    _private(home / "passwords.json", json.dumps({USER: password}))
    migrated = home / "migrated"
    for _ in range(TRIES_FOR_A_PORT):
        port = ports()
        _private(home / "airflow.cfg", _configuration(home, dags, port))
        for part, arguments in PARTS.items():
            command = ("hutong.orchestrate.warm", str(migrated), *arguments)
            run.start(part, command, variables, home / f"{part}.log")
        if not migrated.exists():
            _migrate(run, variables, home)
            migrated.touch()
        api = Api(f"http://{HOST}:{port}", USER, password)
        if _is_ready(run, api, home):
            api.warm()
            api.make_pools(pools)
            return LocalAirflow(home, api)
        for part in PARTS:
            run.drop(part)
    raise HutongError(f"{TRIES_FOR_A_PORT} ports in a row were taken while Airflow started", "run it again")


def wait_for_dags(run: Run, airflow: LocalAirflow, wanted: set[str]) -> None:
    """Return when Airflow has read all of `wanted`. Raises HutongError when a DAG file has an error, or time is up."""
    deadline = time.monotonic() + READY_WITHIN_S
    while not wanted <= airflow.api.dags():
        must_live(run, airflow.home)
        if errors := airflow.api.import_errors():
            raise HutongError(errors[0], "mend the file that it names")
        if time.monotonic() > deadline:
            raise HutongError("Airflow did not read the DAGs in time", f"see {airflow.home / 'dag-processor.log'}")
        time.sleep(LOOK_EVERY_S)


def must_live(run: Run, home: Path) -> None:
    """Raises HutongError when a process of `run` has ended by itself, with the log to read."""
    for role, code in run.ended().items():
        log = home / f"{role}.log" if role in PARTS else run.folder / f"{role}.log"
        raise HutongError(f"the process '{role}' ended by itself (status {code})", f"see {log}")


def _migrate(run: Run, variables: Mapping[str, str], home: Path) -> None:
    log = home / "migrate.log"
    if run.complete("migrate", ("airflow", "db", "migrate"), variables, log):
        raise HutongError("Airflow could not make its database", f"see {log}")


def _is_ready(run: Run, api: Api, home: Path) -> bool:
    """True when it answers; False when another took its port first."""
    deadline = time.monotonic() + READY_WITHIN_S
    while not api.is_up():
        if "api-server" in run.ended() and "address already in use" in (home / "api-server.log").read_text():
            return False
        must_live(run, home)
        if time.monotonic() > deadline:
            raise HutongError("Airflow did not answer in time", f"see {home / 'api-server.log'}")
        time.sleep(LOOK_EVERY_S)
    return True


def _variables(home: Path, environment: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "HUTONG_"))}
    direct = ",".join(filter(None, (kept.get("NO_PROXY") or kept.get("no_proxy"), HOST, "localhost")))
    return {
        **kept,
        "AIRFLOW_HOME": str(home),
        "NO_PROXY": direct,
        "no_proxy": direct,
        # Several tasks share the processors; threads per array would only get in each other's way.
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MPLBACKEND": "agg",
        "GX_ANALYTICS_ENABLED": "false",
        "SCARF_ANALYTICS": "false",
        **environment,
    }


def _configuration(home: Path, dags: Path, port: int) -> str:
    """`airflow.cfg`. Secrets stand in it and not in the environment, which every task could print."""
    address = f"http://{HOST}:{port}"
    chosen: dict[str, dict[str, object]] = {
        "core": {
            "dags_folder": dags,
            "executor": "LocalExecutor",
            "parallelism": TASKS_AT_ONCE,
            "load_examples": False,
            "dags_are_paused_at_creation": False,
            "execution_api_server_url": f"{address}/execution/",
            "fernet_key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
            "simple_auth_manager_users": f"{USER}:admin",
            "simple_auth_manager_passwords_file": home / "passwords.json",
        },
        "database": {"sql_alchemy_conn": f"sqlite:///{home / 'airflow.db'}", "check_migrations": False},
        "api": {
            "host": HOST,
            "port": port,
            "base_url": address,
            "workers": 1,
            "secret_key": secrets.token_hex(32),
            "maximum_page_limit": PAGE,
        },
        "api_auth": {"jwt_secret": secrets.token_hex(64)},
        "scheduler": {"scheduler_idle_sleep_time": 0.2, "scheduler_heartbeat_sec": 1},
        "workers": {"execution_api_timeout": 30},
        "dag_processor": {"bundle_refresh_check_interval": 1},
        "logging": {"base_log_folder": home / "logs", "namespace_levels": "great_expectations=WARNING"},
    }
    parser = configparser.RawConfigParser()
    for section, options in chosen.items():
        # A percent sign would begin an interpolation.
        parser[section] = {name: str(value).replace("%", "%%") for name, value in options.items()}
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()


def _private(path: Path, text: str) -> None:
    """Write `path` so that only its owner can read it, from its first moment on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
