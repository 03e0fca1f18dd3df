"""Database servers of the tests' own: own data folder, own port on loopback, never the system's service."""

from __future__ import annotations

import contextlib
import glob
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.hutong.extract.certified import Certificate
from tests.owned_folder import owned_by

ADMIN, PASSWORD = "keeper", "keeper-planted-7f31"
READER, READER_PASSWORD = "gateway", "gateway-planted-7f31"


@dataclass(frozen=True)
class Server:
    """A server that runs. kind: `postgresql` or `mysql`. authority: gave its certificate, and is trusted by it."""

    kind: str
    port: int
    process: int
    authority: Certificate

    def address(self, database: str) -> str:
        return f"{self.kind}://127.0.0.1:{self.port}/{database}"

    def admin(self, database: str) -> sa.Engine:
        driver = {"postgresql": "postgresql+psycopg", "mysql": "mysql+pymysql"}[self.kind]
        url = sa.URL.create(driver, ADMIN, PASSWORD, "127.0.0.1", self.port, database)
        return sa.create_engine(url, isolation_level="AUTOCOMMIT")


@contextlib.contextmanager
def postgresql() -> Iterator[Server]:
    """PostgreSQL with an empty database `front` and a user who may only read."""
    initdb, postgres = _program("initdb"), _program("postgres")
    with owned_by("postgres") as (folder, as_user):
        password = folder / "password"
        password.write_text(PASSWORD)
        shutil.chown(password, *_owner(folder))
        data, port = folder / "data", _free_port()
        authority, shown, trusted = _certified(folder)
        made = ["-D", str(data), "-U", ADMIN, f"--pwfile={password}", "-A", "scram-sha-256", "-E", "UTF8", "--locale=C"]
        subprocess.run([initdb, *made, "--no-sync"], check=True, capture_output=True, cwd=folder, **as_user)
        settings = [
            "-p",
            str(port),
            "-c",
            "listen_addresses=127.0.0.1",
            "-c",
            "unix_socket_directories=",
            "-c",
            "fsync=off",
        ]
        # A server whose own clock, dates and spelling are another city's: none of it may show in what is read.
        odd = ["-c", "TimeZone=America/New_York", "-c", "DateStyle=SQL, DMY", "-c", "IntervalStyle=sql_standard"]
        odd += ["-c", "ssl=on", "-c", f"ssl_cert_file={shown}", "-c", f"ssl_key_file={shown}"]
        odd += ["-c", f"ssl_ca_file={trusted}"]
        command = [postgres, "-D", str(data), *settings, *odd]
        with _running(command, folder, as_user) as process:
            server = Server("postgresql", port, process.pid, authority)
            _prepare(
                server,
                "postgres",
                [
                    "CREATE DATABASE front",
                    f"CREATE ROLE {READER} LOGIN PASSWORD '{READER_PASSWORD}'",
                    f"GRANT pg_read_all_data TO {READER}",
                ],
            )
            yield server


@contextlib.contextmanager
def mariadb() -> Iterator[Server]:
    """MariaDB with an empty database `front` and a user who may only read."""
    install, mysqld = _program("mariadb-install-db"), _program("mariadbd")
    with owned_by("mysql") as (folder, as_user):
        data, port = folder / "data", _free_port()
        authority, shown, trusted = _certified(folder)
        opening = folder / "opening.sql"
        opening.write_text(
            f"CREATE USER {ADMIN}@localhost IDENTIFIED BY '{PASSWORD}';\n"
            f"GRANT ALL ON *.* TO {ADMIN}@localhost WITH GRANT OPTION;\n"
        )
        shutil.chown(opening, *_owner(folder))
        made = ["--no-defaults", f"--datadir={data}", "--auth-root-authentication-method=normal", "--skip-test-db"]
        subprocess.run([install, *made], check=True, capture_output=True, cwd=folder, **as_user)
        settings = ["--no-defaults", f"--datadir={data}", f"--port={port}", "--bind-address=127.0.0.1"]
        settings += [f"--socket={folder / 'socket'}", f"--init-file={opening}", f"--pid-file={folder / 'pid'}"]
        settings += [f"--ssl-cert={shown}", f"--ssl-key={shown}", f"--ssl-ca={trusted}"]
        settings += ["--default-time-zone=-05:00", "--character-set-server=gbk", "--innodb-flush-log-at-trx-commit=0"]
        with _running([mysqld, *settings], folder, as_user) as process:
            server = Server("mysql", port, process.pid, authority)
            _prepare(
                server,
                "mysql",
                [
                    "CREATE DATABASE front CHARACTER SET utf8mb4",
                    f"CREATE USER {READER}@localhost IDENTIFIED BY '{READER_PASSWORD}'",
                    f"GRANT SELECT, SHOW VIEW ON front.* TO {READER}@localhost",
                ],
            )
            yield server


def _program(name: str) -> str:
    found = shutil.which(name) or next(iter(sorted(glob.glob(f"/usr/lib/postgresql/*/bin/{name}"), reverse=True)), None)
    if found is None:
        package = "mariadb-server" if name.startswith("mariadb") else "postgresql"
        pytest.skip(f"{name} is not installed here: apt-get install {package}")
    return found


def _certified(folder: Path) -> tuple[Certificate, Path, Path]:
    """An authority, and the files of a server's certificate and of the authority's."""
    authority = Certificate("authority")
    shown, trusted = Certificate("server", authority).written(folder, with_key=True), authority.written(folder)
    shown.chmod(0o600)
    shutil.chown(shown, *_owner(folder))
    return authority, shown, trusted


def _owner(folder: Path) -> tuple[str, str]:
    return folder.owner(), folder.group()


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@contextlib.contextmanager
def _running(command: list[str], folder: Path, as_user: dict[str, Any]) -> Iterator[subprocess.Popen[bytes]]:
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, **as_user) as process,
    ):
        try:
            yield process
        finally:
            process.send_signal(signal.SIGQUIT)  # at once: nothing of it is needed any more
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _prepare(server: Server, database: str, statements: list[str]) -> None:
    """Run `statements` once the server answers."""
    engine, ends = server.admin(database), time.monotonic() + 30
    while True:
        try:
            with engine.connect() as connection:
                for statement in statements:
                    connection.exec_driver_sql(statement)
            return
        except sa.exc.OperationalError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)
        finally:
            engine.dispose()
