"""A session in a front-end database: one login that can only read, in snapshots that do not stay open for ever."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from hutong.errors import RegistryError
from hutong.extract.complaint import Complaint
from hutong.extract.database.failures import told
from hutong.extract.database.tls import for_mysql, for_postgresql
from hutong.extract.keyring import Keyring
from hutong.extract.transport import Pull
from hutong.model.auth import DatabaseLogin

CONNECT_S = 10.0
SNAPSHOT_S = 300.0
"""A snapshot is given up after this long: for as long as it stays open, the database cannot clean away old rows."""
GRACE_S = 5.0
"""So much longer than the server's own limit the gateway waits, for servers that no longer keep it."""

_POSTGRESQL = {
    "TimeZone": "UTC",
    "DateStyle": "ISO, YMD",
    "IntervalStyle": "iso_8601",
    "extra_float_digits": "1",
}
"""How values are written, whatever the server's or the role's own settings are."""
_AS_PYTHON = frozenset({"bool", "int2", "int4", "int8", "oid", "bytea"})
"""Types of PostgreSQL that Python holds exactly; all others are taken as the text that the server writes: Python has no
infinite date, no year 10000, no month in an interval and no numeric NaN."""


class Session:
    """One connection. What goes wrong becomes a PlatformError that names the stream.

    Raises RegistryError when the address or the login is not declared, SecretMissing.
    """

    def __init__(self, pull: Pull) -> None:
        self.complaint = Complaint(pull.sequence)
        self._pull, self._limits = pull, pull.connector.limits
        self._asked = 0
        self._place, self._login = place(pull), _login(pull)
        self._connection: sa.Connection | None = None
        self._began_at = self._snapshot_at = time.monotonic()

    def __enter__(self) -> Self:
        with self._trying(), _engine(self._pull, self._login) as engine:
            self._connection = engine.connect()
            _prepare(self._connection)
        self.new_snapshot()
        return self

    def __exit__(self, *_: object) -> None:
        if self._connection is not None:
            # A connection that broke cannot even say good-bye, which changes nothing of what was read.
            with contextlib.suppress(Exception):
                self._connection.close()

    @property
    def dialect(self) -> str:
        """`postgresql` or `mysql`."""
        return urlsplit(self._place).scheme

    @property
    def is_stale(self) -> bool:
        """Whether the snapshot has been open for as long as it may."""
        return time.monotonic() - self._snapshot_at > SNAPSHOT_S

    def new_snapshot(self) -> None:
        """See the database as it is now."""
        with self._trying(), self._in_time():
            self._open.rollback()
            if self.dialect == "postgresql":
                timeout_ms = str(int(self._limits.answer_s * 1000))
                settings = {**_POSTGRESQL, "statement_timeout": timeout_ms}
                self._open.execute(
                    sa.select(*(sa.func.set_config(name, value, True) for name, value in settings.items()))
                )
            else:
                _limit_mysql(self._open, self._limits.answer_s)
                self._open.exec_driver_sql("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        self._snapshot_at = time.monotonic()

    def rows(self, question: sa.Select[Any]) -> Sequence[Sequence[Any]]:
        """All rows of `question`, their values as the driver was told to give them."""
        with self._trying(), self._in_time():
            return self._open.execute(question).fetchall()

    def one(self, question: sa.Select[Any]) -> Any:
        """The one value that `question` asks for; None when there is no row."""
        found = self.rows(question)
        return found[0][0] if found else None

    @contextlib.contextmanager
    def inspecting(self) -> Iterator[sa.Inspector]:
        """Look at what tables and columns there are."""
        with self._trying(), self._in_time():
            yield sa.inspect(self._open)

    @property
    def _open(self) -> sa.Connection:
        assert self._connection is not None  # entered
        return self._connection

    @contextlib.contextmanager
    def _trying(self) -> Iterator[None]:
        """One try: counted against the pull's limits and the owner's budget, its failure told in hutong's words."""
        self._asked += 1
        if self._asked > self._limits.requests:
            self.complaint.busy(f"this pull has asked {self._limits.requests} times, which is its limit")
        if time.monotonic() - self._began_at > self._limits.pull_s:
            self.complaint.busy(f"this pull has taken {self._limits.pull_s:g} s, which is its limit")
        names = (self._login.username, self._login.password)
        with self._pull.allowance.spend(), told(self.complaint, names, self._limits.answer_s):
            yield

    @contextlib.contextmanager
    def _in_time(self) -> Iterator[None]:
        """Hang up on a server that stopped without a word; MySQL's driver does so by itself.

        libpq waits for ever, and asking the server to cancel is of no use when it no longer answers.
        """
        if self.dialect == "mysql":
            yield
            return
        driver = self._open.connection.driver_connection
        assert driver is not None
        line = socket.socket(fileno=socket.dup(driver.fileno()))
        alarm = threading.Timer(self._limits.answer_s + GRACE_S, _hang_up, (line,))
        alarm.daemon = True
        alarm.start()
        try:
            yield
        finally:
            alarm.cancel()
            alarm.join()
            line.close()


def _hang_up(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def place(pull: Pull) -> str:
    """The database's address, such as `postgresql://host:5432/name`.

    Raises RegistryError when it is none, or holds more than a host, a port and a name.
    """
    try:
        parts = urlsplit(pull.connector.address)
        is_plain = parts.hostname and parts.path.strip("/") and "/" not in parts.path.strip("/")
        is_plain = is_plain and not (parts.username or parts.password or parts.query or parts.fragment)
        assert parts.port is None or parts.port > 0
    except (ValueError, AssertionError):
        is_plain = False
    if not is_plain:
        # Not the address itself: it may hold a password that does not belong there.
        raise RegistryError(
            [
                f"{pull.connector.platform}: the address must be postgresql://host:port/name or"
                " mysql://host:port/name and nothing more; name secrets in auth"
            ]
        )
    return pull.connector.address.rstrip("/")


def _login(pull: Pull) -> DatabaseLogin:
    if not isinstance(pull.connector.auth, DatabaseLogin):
        raise RegistryError([f"{pull.connector.platform}: a database needs `auth: {{type: database_login, ...}}`"])
    return pull.connector.auth


@contextlib.contextmanager
def _engine(pull: Pull, login: DatabaseLogin) -> Iterator[sa.Engine]:
    """What makes connections, for as long as one is being made."""
    parts, connector = urlsplit(place(pull)), pull.connector
    keyring, tls = Keyring(pull.secrets), connector.tls
    is_mysql = parts.scheme == "mysql"
    url = sa.URL.create(
        "mysql+pymysql" if is_mysql else "postgresql+psycopg",
        username=keyring.reveal(login.username),
        password=keyring.reveal(login.password),
        host=parts.hostname,
        port=parts.port,
        database=unquote(parts.path.strip("/")),
    )
    with contextlib.ExitStack() as shown:
        own: dict[str, Any]
        if is_mysql:
            own = _mysql_arguments(connector.limits.answer_s + GRACE_S)
            own |= {"ssl": for_mysql(tls, keyring, connector.platform)} if tls else {}
        else:
            # Statements prepared on the server do not survive a pooler such as PgBouncer.
            own = {"prepare_threshold": None, "application_name": "hutong"}
            own |= shown.enter_context(for_postgresql(tls, keyring, connector.platform)) if tls else {}
        engine = sa.create_engine(
            url,
            poolclass=NullPool,
            hide_parameters=True,  # rows' values appear in no log and no error
            connect_args={"connect_timeout": int(CONNECT_S), **own},
            execution_options={} if is_mysql else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
            **({} if is_mysql else {"use_native_hstore": False}),
        )
        yield engine


def _mysql_arguments(timeout_s: float) -> dict[str, Any]:
    from pymysql.converters import encoders

    # Without decoders every value comes as the server wrote it: Python has no date 0000-00-00 and no time of 800 hours.
    return {"conv": dict(encoders), "read_timeout": timeout_s, "write_timeout": timeout_s, "charset": "utf8mb4"}


def _prepare(connection: sa.Connection) -> None:
    """Take values as text, where Python's own types would lose something."""
    if connection.dialect.name != "postgresql":
        connection.exec_driver_sql("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        connection.exec_driver_sql("SET SESSION time_zone = '+00:00'")
        return
    import psycopg
    from psycopg.types.string import TextLoader

    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    for kind in psycopg.adapters.types:
        if kind.name not in _AS_PYTHON:
            driver.adapters.register_loader(kind.oid, TextLoader)


def _limit_mysql(connection: sa.Connection, timeout_s: float) -> None:
    """End a statement after so long, in the words of MySQL or of MariaDB."""
    is_mariadb = bool(getattr(connection.dialect, "is_mariadb", False))
    setting = f"max_statement_time = {timeout_s:.3f}" if is_mariadb else f"max_execution_time = {int(timeout_s * 1000)}"
    connection.exec_driver_sql(f"SET SESSION {setting}")
