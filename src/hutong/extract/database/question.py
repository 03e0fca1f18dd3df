"""What one pull asks of a table: which rows, in which order, a page at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import sqlalchemy as sa

from hutong.extract.database import values
from hutong.extract.database.bounds import Unfit, bounds_of
from hutong.extract.database.table import Column, Table
from hutong.extract.window import Window
from hutong.model.incremental import Incremental, NumberCursor

Kept = str | Mapping[str, str]
"""A value as a page's state keeps it, exact: its text, or `{"hex": ...}` for bytes."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which rows a pull wants, and in which order.

    order: columns that put the rows in one line. wanted: conditions of the pull. unread: rows that no pull can want,
    because their cursor says nothing; None where there can be none. floor: the number above which is read.
    """

    table: Table
    dialect: str
    order: tuple[Column, ...]
    wanted: tuple[sa.ColumnElement[bool], ...] = ()
    unread: sa.ColumnElement[bool] | None = None
    floor: str | None = None

    def count(self) -> sa.Select[Any]:
        """How many rows the pull wants."""
        return sa.select(sa.func.count()).select_from(self.table.source).where(*self.wanted)

    def page(self, after: Sequence[Kept] | None, most: int) -> sa.Select[Any]:
        """At most `most` of them, behind the row whose `order` columns hold `after`."""
        placed = [column.in_sql.is_not(None) for column in self.order if column.may_be_null]
        asked = sa.select(*(column.read for column in self.table.columns)).select_from(self.table.source)
        asked = asked.where(*self.wanted, *placed).order_by(*(column.in_sql for column in self.order)).limit(most)
        if after is None:
            return asked
        last = [_bind(column, value, self.dialect) for column, value in zip(self.order, after, strict=True)]
        # The first condition follows from the second; MySQL finds its index by it.
        return asked.where(
            self.order[0].in_sql >= last[0],
            sa.tuple_(*(column.in_sql for column in self.order)) > sa.tuple_(*last),
        )

    def first_unread(self) -> sa.Select[Any] | None:
        """1 if there is any row that no pull can want."""
        if self.unread is None:
            return None
        return sa.select(sa.literal_column("1")).select_from(self.table.source).where(self.unread).limit(1)

    def largest(self) -> sa.Select[Any]:
        """The largest value of the first of the `order` columns in the whole table."""
        return sa.select(sa.func.max(self.order[0].in_sql)).select_from(self.table.source)


def question_of(
    table: Table, dialect: str, incremental: Incremental | NumberCursor | None, window: Window | None, floor: str | None
) -> Question:
    """What `incremental` declares, asked of `table`: all rows without it, else those of `window` or above `floor`.

    Raises Unfit when the cursor's column cannot be asked by as declared.
    """
    plain = Question(table, dialect, table.key)
    if incremental is None:
        return plain
    cursor = table.column(incremental.cursor_path)
    order = (cursor, *(column for column in table.key if column is not cursor))
    ordered = replace(plain, order=order, unread=cursor.in_sql.is_(None) if cursor.may_be_null else None)
    if isinstance(incremental, NumberCursor):
        if not values.is_number(cursor.kind):
            raise Unfit(f"the column '{cursor.name}' holds no numbers; name another, or state the form of its times")
        above = () if floor is None else (cursor.in_sql > _bind(cursor, floor, dialect),)
        return replace(ordered, wanted=above, floor=floor)
    assert window is not None  # the stage asks for nothing without one
    bounds = bounds_of(cursor, incremental, window)
    start, end = (_bind(cursor, text, dialect) for text in (bounds.start, bounds.end))
    within = (cursor.in_sql >= start, cursor.in_sql < end)
    if bounds.shape is None:
        return replace(ordered, wanted=within)
    fits = cursor.in_sql.regexp_match(bounds.shape)
    return replace(ordered, wanted=(*within, fits), unread=sa.or_(cursor.in_sql.is_(None), sa.not_(fits)))


def floor_below(cursor: str | None, overlap: int) -> str | None:
    """The number above which is read when `cursor` is the newest one known; None when none is."""
    return None if cursor is None else format(Decimal(cursor) - overlap, "f")


def kept(value: Any) -> Kept:
    """A value as a page's state keeps it."""
    return {"hex": value.hex()} if isinstance(value, bytes) else str(value)


def _bind(column: Column, value: Kept, dialect: str) -> sa.BindParameter[Any]:
    """`value`, to be compared with `column`. It travels as a parameter, never within the statement."""
    bound: Any = value if isinstance(value, str) else bytes.fromhex(value["hex"])
    if dialect == "mysql" and isinstance(bound, str) and values.is_number(column.kind):
        # MySQL would compare a number with a text as doubles, and take neighbours of 2^53 for one.
        bound = float(bound) if isinstance(column.kind, sa.Float) else Decimal(bound)
    # Without a type of its own PostgreSQL reads it as one of the column's.
    return sa.bindparam(None, bound, type_=sa.types.NULLTYPE)
