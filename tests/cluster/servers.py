"""PostgreSQL and Redis of the cluster's own: own data folders, own ports on loopback, never the system's services."""

from __future__ import annotations

import contextlib
import secrets
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

from hutong.orchestrate.local import HOST, free_port
from tests.cluster.packages import program
from tests.owned_folder import owned_by

READY_WITHIN_S = 120.0
AIRFLOW, RESULTS = "airflow", "results"
"""The two databases, each with a role of its name: what Airflow knows, and what Celery's workers tell its scheduler."""


class ServerDidNotStart(RuntimeError):
    """It ended, or did not answer in time."""


@contextlib.contextmanager
def postgresql() -> Iterator[dict[str, str]]:
    """PostgreSQL with both databases. Database -> the address for its role, `postgresql://role:password@host:port/name`.

    Raises PackagesMissing and ServerDidNotStart.
    """
    with owned_by("postgres") as (folder, as_user):
        keeper, port = secrets.token_hex(16), free_port()
        (folder / "password").write_text(keeper)
        shutil.chown(folder / "password", folder.owner(), folder.group())
        made = [
            "-D",
            f"{folder}/data",
            "-U",
            "keeper",
            f"--pwfile={folder}/password",
            "-A",
            "scram-sha-256",
            "--no-sync",
        ]
        subprocess.run(
            [program("initdb"), *made, "-E", "UTF8", "--locale=C"],
            check=True,
            capture_output=True,
            cwd=folder,
            **as_user,
        )
        options = [f"listen_addresses={HOST}", "unix_socket_directories=", "fsync=off", "max_connections=100"]
        command = [program("postgres"), "-D", f"{folder}/data", "-p", str(port)]
        with _running([*command, *(part for one in options for part in ("-c", one))], folder, as_user) as process:
            server = f"{HOST}:{port}"
            with _connected(f"postgresql://keeper:{keeper}@{server}/postgres", process, folder) as keeping:
                yield {name: _made(keeping, name, server) for name in (AIRFLOW, RESULTS)}


@contextlib.contextmanager
def redis() -> Iterator[str]:
    """Redis with a password, nothing kept on disk. Its address. Raises PackagesMissing."""
    with owned_by("redis") as (folder, as_user):
        password, port = secrets.token_hex(16), free_port()
        configuration = folder / "redis.conf"
        configuration.write_text(
            f'bind {HOST}\nport {port}\nrequirepass {password}\nsave ""\nappendonly no\ndir {folder}\n'
        )
        shutil.chown(configuration, folder.owner(), folder.group())
        with _running([program("redis-server"), str(configuration)], folder, as_user):
            yield f"redis://:{password}@{HOST}:{port}/0"


def _made(keeping: psycopg.Connection[Any], name: str, server: str) -> str:
    password = secrets.token_hex(16)
    keeping.execute(f"CREATE ROLE {name} LOGIN PASSWORD '{password}'")
    keeping.execute(f"CREATE DATABASE {name} OWNER {name}")
    return f"postgresql://{name}:{password}@{server}/{name}"


@contextlib.contextmanager
def _connected(address: str, process: subprocess.Popen[bytes], folder: Path) -> Iterator[psycopg.Connection[Any]]:
    ends = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            keeping = psycopg.connect(address, autocommit=True)
            break
        except psycopg.OperationalError:
            if process.poll() is not None or time.monotonic() > ends:
                raise ServerDidNotStart((folder / "log").read_text()[-2000:]) from None
            time.sleep(0.1)
    with keeping:
        yield keeping


@contextlib.contextmanager
def _running(command: list[str], folder: Path, as_user: dict[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    with (folder / "log").open("wb") as log:
        # A session of its own, so that Ctrl-C reaches the harness alone, which then stops things in order.
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, start_new_session=True, **as_user)
    try:
        yield process
    finally:
        # At once, since nothing of it is needed any more; PostgreSQL's children end with it.
        process.terminate() if command[0].endswith("redis-server") else process.send_signal(3)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
