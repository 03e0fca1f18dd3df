"""Tables and views of a front-end database 前置库, in pages along their key.

A page begins behind the last row of the page before, so that what is written meanwhile neither hides a row nor brings
one twice. All pages of a pull see one snapshot, and the pull is proven when the database's own count in it equals what
came. One that is too long for a snapshot, or that stopped and goes on, sees several: then that count must have stood
still as well.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Any
from urllib.parse import urlencode

from hutong.extract.database.bounds import Unfit
from hutong.extract.database.question import Kept, Question, floor_below, kept, question_of
from hutong.extract.database.session import Session, place
from hutong.extract.database.table import table_of
from hutong.extract.transport import Pull, Reply, State, Step
from hutong.extract.window import Window
from hutong.model.batch import Doubt
from hutong.model.endpoint import Database
from hutong.model.incremental import NumberCursor
from hutong.pages import Garbled, records

CONTENT_TYPE = "application/x-ndjson; charset=utf-8"


def walk(pull: Pull, window: Window | None, state: State) -> Iterator[Step]:
    """See `transport.Transport`. A page is what one question gave, one JSON document a row: `database/values.py`."""
    with Session(pull) as session:
        walker = _Walk(pull, session, window, state)
        yield from walker.steps()


@dataclass
class _Progress:
    """What a walk has seen so far, as its state keeps it. total: the database's own count when it was last asked."""

    after: list[Kept] | None = None
    received: int = 0
    total: int | None = None
    has_moved: bool = False
    pages: int = 0


class _Walk:
    """One pull's way through a table."""

    def __init__(self, pull: Pull, session: Session, window: Window | None, state: State) -> None:
        assert isinstance(pull.stream.endpoint, Database)  # what this transport is for
        self._pull, self._session, self._window = pull, session, window
        self._endpoint, incremental = pull.stream.endpoint, pull.stream.incremental
        self._table = table_of(session, pull.stream)
        self._by_number = incremental if isinstance(incremental, NumberCursor) else None
        order = [self._endpoint.table, *([incremental.cursor_path] if incremental else []), *self._endpoint.key]
        known = state.get("order") == order
        self._order = order
        self._progress = _Progress(**state["progress"]) if known else _Progress()
        self._cursor = pull.cursor
        # A pull that goes on keeps its floor, although the cursor has moved since.
        overlap = self._by_number.overlap if self._by_number else 0
        floor = state["floor"] if known else floor_below(pull.cursor, overlap) if self._by_number else None
        try:
            self._question: Question = question_of(self._table, session.dialect, incremental, window, floor)
        except Unfit as wrong:
            session.complaint.refused(str(wrong), f"correct `incremental` in {session.complaint.file}")
        self._places = [self._table.columns.index(column) for column in self._question.order]  # within a row

    def steps(self) -> Iterator[Step]:
        """All pages that are left, each with the state behind it."""
        self._count()
        while True:
            step = self._step()
            yield step
            if step.state is None:
                return
            if self._session.is_stale:
                self._session.new_snapshot()
                self._count()

    def _count(self) -> None:
        """Ask how many rows there are in the snapshot that is open now."""
        total, progress = int(self._session.one(self._question.count())), self._progress
        progress.has_moved = progress.has_moved or progress.total not in (None, total)
        progress.total = total

    def _step(self) -> Step:
        size, progress, began = self._endpoint.page_size, self._progress, time.monotonic()
        # One more than a page: it tells whether there is a next one, and whether the key tells it from this one's last.
        rows = self._session.rows(self._question.page(progress.after, size + 1))
        self._refuse_twins(rows)
        has_more, rows = len(rows) > size, rows[:size]
        body = self._written(rows)
        progress.received += len(rows)
        progress.pages += 1
        if rows:
            progress.after = [kept(rows[-1][at]) for at in self._places]
            self._see_number(rows)
        reply = Reply(
            url=self._url(),
            status=200,
            content_type=CONTENT_TYPE,
            body=body,
            fetched_at=datetime.now(UTC),
            elapsed_s=time.monotonic() - began,
            attempts=1,
        )
        try:
            found = records(body, CONTENT_TYPE, self._pull.stream)
        except Garbled as wrong:
            self._session.complaint.garbled(str(wrong), f"see what '{self._endpoint.table}' holds")
        if has_more:
            state = {"order": self._order, "floor": self._question.floor, "progress": dict(vars(progress))}
            return Step(reply, found, state, "unproven", cursor=self._cursor_kept)
        doubt = self._doubt()
        return Step(reply, found, None, "proven" if doubt is None else "incomplete", doubt, cursor=self._cursor_kept)

    @property
    def _cursor_kept(self) -> str | None:
        """The newest number, which this transport keeps by itself; moments are the stage's."""
        return self._cursor if self._by_number else None

    def _refuse_twins(self, rows: Sequence[Sequence[Any]]) -> None:
        places = self._places
        placed = [[row[at] for at in places] for row in rows]
        if any(one == other for one, other in pairwise(placed)):
            columns = ", ".join(column.name for column in self._question.order)
            self._session.complaint.refused(
                f"rows of '{self._endpoint.table}' share their {columns}, so pages cannot be cut between them",
                f"name more columns in endpoint.key in {self._session.complaint.file}",
            )

    def _written(self, rows: Sequence[Sequence[Any]]) -> bytes:
        most, lines, size = self._pull.connector.limits.answer_bytes, [], 0
        for row in rows:
            line = self._table.written(row).encode() + b"\n"
            lines.append(line)
            size += len(line)
            if size > most:
                self._session.complaint.garbled(
                    f"a page of {self._endpoint.page_size} rows is larger than {most} bytes",
                    f"lower endpoint.page_size, or raise limits.answer_bytes in {self._session.complaint.file}",
                )
        return b"".join(lines)

    def _see_number(self, rows: Sequence[Sequence[Any]]) -> None:
        """Move the cursor on to the largest number so far; NaN, which sorts behind all, is none."""
        if self._by_number is None:
            return
        at = self._places[0]
        for row in reversed(rows):
            number = _finite(row[at])
            if number is not None:
                if self._cursor is None or number > Decimal(self._cursor):
                    self._cursor = str(row[at])
                return

    def _doubt(self) -> Doubt | None:
        """What speaks against a walk that came to its end."""
        progress = self._progress
        if progress.has_moved:
            return "total_moved"
        if progress.received != progress.total:
            return "total_differs"
        self._refuse_new_beginning()
        unread = self._question.first_unread()
        return "cursor_unread" if unread is not None and self._session.one(unread) is not None else None

    def _refuse_new_beginning(self) -> None:
        """A table that was emptied and counts from one again would never be read again."""
        if self._by_number is None or self._cursor is None or self._progress.received > 0:
            return
        largest = _finite(self._session.one(self._question.largest()))
        if largest is not None and largest < Decimal(self._cursor):
            self._session.complaint.garbled(
                f"the largest {self._by_number.cursor_path} in '{self._endpoint.table}' is now smaller than the newest"
                " that was read: its numbers began anew, or its newest rows were taken away",
                "ask its owner; if they began anew, declare the table as a stream of another name",
            )

    def _url(self) -> str:
        """Where the page came from. No values of rows stand in it: they may be personal."""
        window = {"from": self._window.start.isoformat(), "to": self._window.end.isoformat()} if self._window else {}
        asked = urlencode({**window, "page": self._progress.pages}, safe=":+")
        return f"{place(self._pull)}/{self._endpoint.table}?{asked}"


def _finite(value: Any) -> Decimal | None:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None
