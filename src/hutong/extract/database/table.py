"""A table or view of a front-end database: the columns that a stream reads of it."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.exc import NoSuchTableError, SAWarning

from hutong.errors import nearest
from hutong.extract.database import values
from hutong.extract.database.session import Session
from hutong.model.connector import Stream
from hutong.model.endpoint import Database

MOST_NAMED = 40
"""A database has so many tables that a message names only the nearest, beyond this."""


@dataclass(frozen=True, slots=True, eq=False)  # SQLAlchemy's columns answer == with SQL
class Column:
    """One column. label: its name as JSON. in_sql: as it is compared and ordered by. read: as it is selected."""

    name: str
    label: str
    kind: sa.types.TypeEngine[Any]
    may_be_null: bool
    in_sql: sa.ColumnElement[Any]
    read: sa.ColumnElement[Any]
    write: values.Writer


@dataclass(frozen=True, slots=True)
class Table:
    """What is read of a table: `columns` in its own order; `key` among them."""

    name: str
    source: sa.TableClause
    columns: tuple[Column, ...]
    key: tuple[Column, ...]

    def column(self, name: str) -> Column:
        """The column of that name, which is there."""
        return next(column for column in self.columns if column.name == name)

    def written(self, row: Sequence[Any]) -> str:
        """A row of `columns` as one line of JSON."""
        fields = (
            f"{column.label}: {'null' if value is None else column.write(value)}"
            for column, value in zip(self.columns, row, strict=True)
        )
        return "{" + ", ".join(fields) + "}"


def table_of(session: Session, stream: Stream) -> Table:
    """The table that `stream` reads. Raises PlatformRefused when it, or a column that is named, is not there."""
    assert isinstance(stream.endpoint, Database)  # what this transport is for
    endpoint = stream.endpoint
    schema, _, bare = endpoint.table.rpartition(".")
    with session.inspecting() as inspector, warnings.catch_warnings():
        # Types that SQLAlchemy does not know are read as text, which is no reason to warn.
        warnings.simplefilter("ignore", SAWarning)
        try:
            found = inspector.get_columns(bare, schema=schema or None)
        except NoSuchTableError:
            found = []
        tables = (
            [] if found else [*inspector.get_table_names(schema or None), *inspector.get_view_names(schema or None)]
        )
    if not found:
        near = nearest(bare, tables if len(tables) <= MOST_NAMED else _near(bare, tables))
        session.complaint.refused(
            f"the database shows no table or view '{endpoint.table}' to this login",
            f"correct endpoint.table in {session.complaint.file} ({near}), or ask its owner about rights",
        )
    source = sa.table(bare, schema=schema or None)
    known = [_column(source, one) for one in found]
    _check_names(session, stream, endpoint, [column.name for column in known])
    wanted = set(endpoint.columns or (column.name for column in known)) - set(stream.never_keep)
    read = tuple(column for column in known if column.name in wanted)
    key = tuple(next(column for column in read if column.name == name) for name in endpoint.key)
    return Table(endpoint.table, source, read, key)


def _near(word: str, tables: list[str]) -> list[str]:
    return get_close_matches(word, tables) or tables[:MOST_NAMED]


def _column(source: sa.TableClause, found: Any) -> Column:
    name, kind = found["name"], found["type"]
    while isinstance(kind, postgresql.DOMAIN):
        kind = kind.data_type
    plain: sa.ColumnElement[Any] = sa.column(name, _selectable=source)
    read = plain
    if isinstance(kind, mysql.FLOAT):
        # MySQL writes a single-precision number with six digits; as a double it comes whole.
        read = plain + sa.literal_column("0e0")
    label, may_be_null = json.dumps(name, ensure_ascii=False), bool(found.get("nullable", True))
    return Column(name, label, kind, may_be_null, plain, read, values.writer_of(kind))


def _check_names(session: Session, stream: Stream, endpoint: Database, known: list[str]) -> None:
    named = [("endpoint.key", name) for name in endpoint.key]
    named += [("endpoint.columns", name) for name in endpoint.columns or ()]
    named += [("incremental.cursor_path", stream.incremental.cursor_path)] if stream.incremental else []
    for where, name in named:
        if name not in known:
            session.complaint.refused(
                f"'{endpoint.table}' has no column '{name}'",
                f"correct {where} in {session.complaint.file}: {nearest(name, known)}",
            )
