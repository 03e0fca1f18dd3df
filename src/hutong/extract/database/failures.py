"""What a database's refusal means for a pull.

Drivers' own texts are never repeated: they hold values of rows, statements and the login. What is said comes from the
five characters of SQLSTATE (SQL standard; PostgreSQL's appendix A) or from MySQL's error number.
"""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import Iterator
from typing import NoReturn

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from hutong.extract.complaint import Complaint

_WRONG_LOGIN = frozenset({"28000", "28P01", "1045", "1698"})
_NO_RIGHT = frozenset({"42501", "1044", "1142", "1143", "1227", "1370"})
_NO_DATABASE = frozenset({"3D000", "1049"})
_WOULD_WRITE = frozenset({"25006", "1792"})
_NOT_TRUSTED = "2026"
"""MySQL's number for it; PostgreSQL's library has none."""
_TIMED_OUT = frozenset({"57014", "1969", "3024"})
_LEFT_IDLE = frozenset({"25P03", "25P04", "4031"})
"""The server gave the session up between two pages."""
_BUSY_STATES = ("08", "40", "53", "55", "57", "58")
"""Classes of SQLSTATE that pass: connection, rollback, resources, locks, operator's intervention, system error."""
_BUSY_NUMBERS = frozenset(
    {"1040", "1053", "1158", "1159", "1160", "1161", "1203", "1205", "1213", "1226", "2002", "2003", "2006", "2013"}
)


@contextlib.contextmanager
def told(complaint: Complaint, secret_names: tuple[str, str], timeout_s: float) -> Iterator[None]:
    """Raise what the database's drivers raise as the PlatformError that it means.

    timeout_s: how long a statement may take, for the message.
    """
    try:
        yield
    except DBAPIError as error:
        _tell(error, complaint, secret_names, timeout_s)
    except SQLAlchemyError as error:
        complaint.garbled(
            f"the database answers what cannot be understood ({type(error).__name__})", "ask the database's owner"
        )
    except UnicodeDecodeError:
        complaint.garbled(
            "a row holds bytes that are no text in the encoding that the database declares",
            f"leave that column out by `columns` in {complaint.file}, or ask the database's owner",
        )


def _tell(error: DBAPIError, complaint: Complaint, secret_names: tuple[str, str], timeout_s: float) -> NoReturn:
    code = code_of(error)
    login = f"check the secrets {' and '.join(secret_names)}, or ask its owner about rights"
    if code in _WRONG_LOGIN:
        complaint.refused("the database refuses the login", login)
    if code in _NO_RIGHT:
        complaint.refused(f"the database gives no right to read it ({code})", login)
    if code == _NOT_TRUSTED:
        complaint.refused(
            "no trusted connection to the database comes about: its certificate, or the one it is shown, does not do",
            f"check address and `tls` in {complaint.file}, and that the database offers TLS",
        )
    if code in _NO_DATABASE:
        complaint.refused("there is no database of that name", f"correct the address in {complaint.file}")
    if code in _TIMED_OUT:
        complaint.busy(f"the database did not answer a question within {timeout_s:g} s")
    if code is None or code in _BUSY_NUMBERS | _LEFT_IDLE or (len(code) == 5 and code.startswith(_BUSY_STATES)):
        complaint.busy(f"the database cannot be asked now ({code or 'no connection'})")
    if code in _WOULD_WRITE:
        complaint.refused("reading it would write in the database", "ask its owner for a view that only reads")
    complaint.garbled(f"the database cannot work out a row ({code})", "ask its owner about that table or view")


def code_of(error: DBAPIError) -> str | None:
    """SQLSTATE of PostgreSQL, or MySQL's number; None when there was no connection to give one."""
    if isinstance(getattr(error.orig, "original_exception", None), ssl.SSLError):
        return _NOT_TRUSTED
    number = error.orig.args[0] if error.orig is not None and error.orig.args else None
    if isinstance(number, int):
        return str(number)  # MySQL's says more than the SQLSTATE beside it
    state = getattr(error.orig, "sqlstate", None)
    return str(state) if state is not None else _refused_at_the_door(error)


def _refused_at_the_door(error: DBAPIError) -> str | None:
    """libpq gives no SQLSTATE for a connection that did not come about; what it did so far tells a refusal apart."""
    connection = getattr(error.orig, "pgconn", None)
    asked_for_password = connection is not None and (connection.used_password or connection.needs_password)
    # The file's name stands in the server's text in every language; libpq itself speaks English here.
    if asked_for_password or "pg_hba.conf" in str(error.orig):
        return "28P01"
    return _NOT_TRUSTED if connection is not None and "SSL" in str(error.orig) else None
