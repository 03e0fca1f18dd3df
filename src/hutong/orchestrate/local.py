"""Airflow on one machine, for as long as a run lasts: LocalExecutor, SQLite in a folder of its own, loopback only.

The parts of `airflow standalone` are started each by itself: so every process is in our hands, and they are ready in
two thirds of the time.
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
from collections.abc import Callable, Mapping, Sequence
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

LOCK_WAIT_S = 30
"""How long one process waits for another that writes to the database; by itself SQLite gives up after 5 s."""
MIGRATED = "migrated"
"""The file in Airflow's home that says that its database is made."""

Options = Mapping[str, Mapping[str, object]]
"""Section of Airflow's configuration -> option -> value."""
Keys = Mapping[tuple[str, str], str]
"""(section, option) -> secret."""

PARTS: Mapping[str, tuple[str, ...]] = {
    "api-server": ("api-server",),
    # Task logs are read from disk by the API server, so nobody needs to serve them.
    "scheduler": ("scheduler", "--skip-serve-logs"),
    "dag-processor": ("dag-processor",),
    "triggerer": ("triggerer", "--skip-serve-logs"),
}
NEEDED = ("api-server", "scheduler", "dag-processor")
"""Without a triggerer, since nothing of hutong's defers."""


@dataclass(frozen=True, slots=True)
class LocalAirflow:
    """An Airflow that answers.

    home: its folder, with its database, its logs and the password of its user. variables: its processes' environment.
    """

    home: Path
    api: Api
    variables: Mapping[str, str]


def free_port() -> int:
    """A port of loopback that nobody listens on at this moment."""
    with socket.socket() as one:
        one.bind((HOST, 0))
        return int(one.getsockname()[1])


def fresh_home(run: Run) -> Path:
    """An empty folder for Airflow. Those of earlier runs are removed; what they held is in the lake."""
    for old in run.folder.glob("airflow-*"):
        shutil.rmtree(old, ignore_errors=True)
    home = run.folder / f"airflow-{run.id[:8]}"
    home.mkdir(mode=0o700)
    return home


def start(
    run: Run,
    home: Path,
    dags: Path,
    environment: Mapping[str, str],
    *,
    pools: Mapping[str, int],
    ports: Callable[[], int] = free_port,
    parts: Sequence[str] = NEEDED,
    options: Options | None = None,
) -> LocalAirflow:
    """Start Airflow over the folder `dags`, as part of `run`; returns when it answers and has its pools.

    home: its folder; what an earlier run kept there (database, password, keys) is used on. environment: what its
    processes get beside that of this one, from which Airflow's and hutong's variables are taken. parts: those of PARTS
    to start. options: of Airflow's configuration, beside those that are set here.
    Raises HutongError when it is not up in time, with the log to read.
    """
    password, keys, variables = _password(home), _keys(home), _variables(home, environment)
    migrated = home / MIGRATED
    migrated.unlink(missing_ok=True)
    for _ in range(TRIES_FOR_A_PORT):
        port = ports()
        _private(home / "airflow.cfg", _configuration(home, dags, port, keys, options))
        for part in parts:
            start_part(run, part, home, variables)
        if not migrated.exists():
            _migrate(run, variables, home)
            migrated.touch()
        api = Api(f"http://{HOST}:{port}", USER, password)
        if _is_ready(run, api, home):
            api.warm()
            api.make_pools(pools)
            return LocalAirflow(home, api, variables)
        for part in parts:
            run.drop(part)
    raise HutongError(f"{TRIES_FOR_A_PORT} ports in a row were taken while Airflow started", "run it again")


def start_part(run: Run, part: str, home: Path, variables: Mapping[str, str]) -> None:
    """Start one of PARTS; it begins once the database in `home` is made."""
    command = ("hutong.orchestrate.warm", str(home / MIGRATED), *PARTS[part])
    run.start(part, command, variables, home / f"{part}.log")


def password_file(home: Path) -> Path:
    """Where the password of USER is kept, as JSON: user -> password."""
    return home / "passwords.json"


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


def _password(home: Path) -> str:
    """The password of USER, made once."""
    try:
        return str(json.loads(password_file(home).read_text())[USER])
    except (OSError, ValueError, KeyError, TypeError):
        password = secrets.token_urlsafe(24)
        _private(password_file(home), json.dumps({USER: password}))
        return password


def _keys(home: Path) -> Keys:
    """The keys of Airflow's own, made once: what one run has encrypted or signed, the next can read."""
    kept = configparser.RawConfigParser()
    kept.read(home / "airflow.cfg")
    made = {
        ("core", "fernet_key"): base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        ("api", "secret_key"): secrets.token_hex(32),
        ("api_auth", "jwt_secret"): secrets.token_hex(64),
    }
    return {(section, name): kept.get(section, name, fallback=new) for (section, name), new in made.items()}


def _configuration(home: Path, dags: Path, port: int, keys: Keys, options: Options | None) -> str:
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
            "simple_auth_manager_users": f"{USER}:admin",
            "simple_auth_manager_passwords_file": password_file(home),
        },
        "database": {
            "sql_alchemy_conn": f"sqlite:///{home / 'airflow.db'}?timeout={LOCK_WAIT_S}",
            "check_migrations": False,
        },
        "api": {
            "host": HOST,
            "port": port,
            "base_url": address,
            "workers": 1,
            "maximum_page_limit": PAGE,
        },
        "scheduler": {"scheduler_idle_sleep_time": 0.2, "scheduler_heartbeat_sec": 1},
        "workers": {"execution_api_timeout": 30},
        "dag_processor": {"bundle_refresh_check_interval": 1},
        "logging": {"base_log_folder": home / "logs", "namespace_levels": "great_expectations=WARNING"},
    }
    for section, more in (options or {}).items():
        chosen.setdefault(section, {}).update(more)
    for (section, name), key in keys.items():
        chosen.setdefault(section, {})[name] = key
    parser = configparser.RawConfigParser()
    for section, settings in chosen.items():
        # A percent sign would begin an interpolation.
        parser[section] = {name: str(value).replace("%", "%%") for name, value in settings.items()}
    text = io.StringIO()
    parser.write(text)
    return text.getvalue()


def _private(path: Path, text: str) -> None:
    """Write `path` so that only its owner can read it, from its first moment on."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
