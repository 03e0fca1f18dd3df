"""Normalise: the pages of one batch -> rows of every dataset of its mapping, and the records that cannot be read.

Records go through in groups, and memory follows the group. Of each group the good ones become columns at once, by the
gate or as plain data; whoever is not surely good goes alone to the reference path, which decides. While one group is
turned into rows, the next one is at the gate.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Sequence as SequenceOf
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from itertools import compress
from operator import or_
from typing import Any

import numpy as np
import polars as pl
from msgspec import Raw

from hutong.model.batch import Record, Sequence
from hutong.model.rows import Normalised
from hutong.normalise.bulk import Bulk
from hutong.normalise.columns import RECORD, TAKES, UNSURE
from hutong.normalise.drift import Content, Watch
from hutong.normalise.gate import Gate, Piece
from hutong.normalise.grouped import GROUP, Plain, Together, plain_groups
from hutong.normalise.loading import leaves_of
from hutong.normalise.plan import Plan
from hutong.normalise.reference import Reference, constants
from hutong.normalise.shown import Listing
from hutong.normalise.telling import tell
from hutong.pages import contents_of, look, records_of, without_collector
from hutong.schema.arrow import to_frame
from hutong.store.landing import LandedPage

Lags = Callable[[Iterable[Any]], Mapping[Any, timedelta]]
"""From values of the cursor to those among them that came late, and how late."""


def normalise(pages: Iterable[LandedPage], sequence: Sequence, batch: int, plan: Plan, lags: Lags) -> Normalised:
    """The rows of the records in `pages`, those of one `batch` of `sequence`. A record with a finding gives no row.

    Raises StoreError for a page that cannot be read as its stream declares it now.
    """
    with without_collector():
        made = _Batch(list(pages), sequence, batch, plan, lags).normalised()
    return tell(made, sequence, batch, plan)


@dataclass(frozen=True, slots=True)
class _Group:
    """Records that go through together.

    leaves: makes their columns, with RECORD and RECEIVED_AT. read: number -> a record and what of it the mapping is to
    read. judged: numbers of those that are to be judged as a whole; the others are as the schema wants. odd: those
    among the others that columns cannot hold. seen: tells what the records in the columns hold, once these are made.
    """

    leaves: Callable[[], pl.DataFrame]
    read: Callable[[int], tuple[Record, Content]]
    judged: SequenceOf[int]
    odd: SequenceOf[int]
    seen: Callable[[pl.DataFrame], None]


@dataclass(frozen=True, slots=True)
class _Turned:
    """A group as columns: its leaves, the sure rows of each dataset, and the numbers of the records that are not."""

    leaves: pl.DataFrame
    rows: list[pl.DataFrame]
    unsure: list[int]


class _Batch:
    """One batch on its way."""

    def __init__(self, pages: SequenceOf[LandedPage], sequence: Sequence, batch: int, plan: Plan, lags: Lags) -> None:
        self._pages, self._plan, self._lags = pages, plan, lags
        self._constants = constants(sequence, batch)
        self._watch = Watch(
            plan.reads,
            plan.stream.carry,
            plan.source,
            plan.shower,
            lambda: (record.content for record in records_of(pages, plan.stream)),
        )
        self._reference = Reference(sequence, batch, plan, self._watch)
        self._pieces = {part.dataset: [to_frame([], part.contract)] for part in plan.rows}
        self._late: dict[int, timedelta] = {}
        # The number of the first record of each page that was read, and then of the first that was not.
        self._starts = [0]
        self._listing = Listing(plan) if plan.keys and plan.stream.incremental is None else None
        # Records that are refused are read again, and in most pages some are: to split a page is to read all of it.
        self._split: dict[int, Piece] = {}
        # The page of which a record was read again last as plain data: several of a page are asked for.
        self._again: tuple[int, list[Record]] = -1, []

    def normalised(self) -> Normalised:
        """Send all records through."""
        bulk = self._plan.bulk
        if bulk is None:
            self._one_by_one()
        else:
            self._in_groups(bulk)
        made = self._reference.made
        return Normalised(
            received=self._starts[-1],
            frames={name: pl.concat(pieces) for name, pieces in self._pieces.items()},
            record=self._record,
            refused=sorted(made.refused, key=lambda one: one.record.number),
            withheld=made.withheld,
            drift=self._watch.drift(),
            is_frozen=self._plan.stream.drift == "freeze" and self._watch.has_strays,
            late=self._late,
            listed=None if self._listing is None else self._listing.listed(),
        )

    def _one_by_one(self) -> None:
        for page in self._pages:
            read = Plain(self._starts[-1])
            read.add(contents_of(page, self._plan.stream), page)
            self._starts.append(read.first + len(read))
            self._list(read)
            for place, content in enumerate(read.contents):
                self._judge(self._placed(read.first + place, content))
            self._gather([])

    def _in_groups(self, bulk: Bulk) -> None:
        with ThreadPoolExecutor(1) as turner:
            turning: deque[tuple[_Group, Future[_Turned]]] = deque()
            for asked in self._asked(bulk.gate):
                self._list(asked)
                # What the structure of plain data is found to be is kept at once, and findings keep their order.
                self._bring_home(turning, bulk, 1 if isinstance(asked, _Sift) else 0)
                # The next group is at the gate while this one is turned; no more than two are in memory.
                group = self._sifted(asked) if isinstance(asked, _Sift) else self._plain_data(asked, bulk)
                turning.append((group, turner.submit(self._turned, group, bulk)))
            self._bring_home(turning, bulk, 0)

    def _asked(self, gate: Gate | None) -> Iterator[_Sift | Plain]:
        """All records in their order, as groups for the gate or of plain data."""
        asked: _Sift | Plain | None = None
        for at, page in enumerate(self._pages):
            piece = gate.split(page) if gate is not None else None
            if piece is not None:
                self._split[at] = piece
            if asked is not None and (isinstance(asked, _Sift) == (piece is None) or len(asked) >= GROUP):
                yield asked
                asked = None
            if gate is None or piece is None:
                asked = asked if isinstance(asked, Plain) else Plain(self._starts[-1])
                asked.add(contents_of(page, self._plan.stream), page)
            else:
                asked = asked if isinstance(asked, _Sift) else _Sift(gate, self._starts[-1])
                asked.add(piece, page)
            self._starts.append(asked.first + len(asked))
        if asked is not None:
            yield asked

    def _list(self, asked: _Sift | Plain) -> None:
        """Read the keys of all records of a group, if what they list matters."""
        if self._listing is not None:
            plain = [asked] if isinstance(asked, Plain) else plain_groups(asked.pages, self._plan.stream)
            for group in plain:
                self._listing.add(group)

    def _sifted(self, sift: _Sift) -> _Group:
        gate, first = sift.gate, sift.first
        sifted = gate.sift(sift.raws)

        def leaves() -> pl.DataFrame:
            return pl.DataFrame([*gate.columns(sifted, sift.carried), *sift.own(sifted.places)])

        def read(number: int) -> tuple[Record, Content]:
            content = gate.content(Piece(sift.raws, sift.carried), number - first)
            record = self._record(number) if content is None else self._placed(number, content)
            return record, record.content

        return _Group(
            leaves=leaves,
            read=read,
            judged=[first + place for place in sifted.others],
            odd=[],
            seen=lambda frame: self._watch.see_plain(
                len(sifted.places), lambda path: gate.holds(path, sifted, frame), sifted.held
            ),
        )

    def _plain_data(self, plain: Plain, bulk: Bulk) -> _Group:
        """The structure of each record is judged first; what it finds is kept at once."""
        is_plain = list(map(self._plan.structure.is_plain, plain.contents))
        contents: list[Content | None] = [*plain.contents]
        for place in (place for place, is_sure in enumerate(is_plain) if not is_sure):
            contents[place] = self._reference.structured(self._placed(plain.first + place, plain.contents[place]))
        sure = list(compress(plain.contents, is_plain))
        self._watch.see_plain(len(sure), lambda path: any(self._watch.has(content, path) for content in sure))
        kept = np.array([place for place, content in enumerate(contents) if content is not None], dtype=np.int64)
        frame, odd = leaves_of([content for content in contents if content is not None], bulk.leaves)
        frame = pl.DataFrame([*frame.get_columns(), *plain.own(kept)])
        alone = (kept[odd] + plain.first).tolist()
        if alone:
            frame = frame.filter(~pl.col(RECORD).is_in(alone))

        def read(number: int) -> tuple[Record, Content]:
            place = number - plain.first
            content = contents[place]
            # Of what its structure left out nobody asks.
            assert content is not None
            return self._placed(number, plain.contents[place]), content

        return _Group(lambda: frame, read, [], alone, lambda frame: None)

    def _turned(self, group: _Group, bulk: Bulk) -> _Turned:
        """`group` as columns; runs beside the gate."""
        leaves = group.leaves()
        made = [part.rows(leaves, self._constants) for part in bulk.parts]
        # A record passes with all its rows or with none.
        unsure = reduce(or_, (rows[UNSURE] for rows in made))
        sure = [rows.filter(rows[TAKES] & ~unsure).drop(TAKES, UNSURE) for rows in made]
        return _Turned(leaves, sure, leaves[RECORD].filter(unsure).to_list())

    def _bring_home(self, turning: deque[tuple[_Group, Future[_Turned]]], bulk: Bulk, all_but: int) -> None:
        """Keep the rows of the groups that were turned first, until no more than `all_but` are left."""
        while len(turning) > all_but:
            group, turned = turning.popleft()
            self._keep(group, turned.result(), bulk)

    def _keep(self, group: _Group, turned: _Turned, bulk: Bulk) -> None:
        """Keep the rows of a group, and decide about those of its records that are not sure."""
        group.seen(turned.leaves)
        judged = set(group.judged)
        for number in sorted([*group.judged, *group.odd, *turned.unsure]):
            record, content = group.read(number)
            if number in judged:
                self._reference.judge(record)
            else:
                self._reference.read(record, content)
            self._note(record)
        if bulk.cursor is not None:
            cursors = turned.leaves[bulk.cursor]
            late = self._lags(cursors.unique(maintain_order=True).drop_nulls().to_list())
            if late:
                came = turned.leaves.filter(cursors.is_in(list(late))).select(RECORD, bulk.cursor)
                self._late |= {number: late[value] for number, value in came.iter_rows()}
        self._gather(turned.rows)

    def _judge(self, record: Record) -> None:
        self._reference.judge(record)
        self._note(record)

    def _note(self, record: Record) -> None:
        """Note whether `record` came late, as its cursor says."""
        window = self._plan.stream.window_by
        value = None if window is None else look(record.content, window.cursor_path)
        if isinstance(value, str | int | float):
            late = self._lags([value])
            if late:
                self._late[record.number] = late[value]

    def _gather(self, rows: SequenceOf[pl.DataFrame]) -> None:
        """Put the sure rows of a group and those that the reference path made meanwhile in the order of records."""
        for at, part in enumerate(self._plan.rows):
            pieces = [rows[at]] if rows else []
            alone = self._reference.made.rows[part.dataset]
            if alone:
                pieces.append(to_frame(alone, part.contract))
                alone.clear()
            if pieces:
                both = pl.concat(pieces)
                self._pieces[part.dataset].append(both.sort("record") if len(pieces) > 1 else both)

    def _record(self, number: int) -> Record:
        """A record that went by, read again."""
        at = bisect_right(self._starts, number) - 1
        place, piece = number - self._starts[at], self._split.get(at)
        gate = self._plan.bulk.gate if self._plan.bulk is not None else None
        content = gate.content(piece, place) if gate is not None and piece is not None else None
        if content is not None:
            return self._placed(number, content)
        if at != self._again[0]:
            self._again = at, self._read_again(at)
        return self._again[1][place]

    def _placed(self, number: int, content: Content) -> Record:
        """The record of that number, which says `content`."""
        at = bisect_right(self._starts, number) - 1
        page = self._pages[at]
        return Record(number, page.number, number - self._starts[at], content, page.fetched_at)

    def _read_again(self, at: int) -> list[Record]:
        return list(records_of([self._pages[at]], self._plan.stream, self._starts[at]))


class _Sift(Together):
    """Records on their way to the gate."""

    def __init__(self, gate: Gate, first: int) -> None:
        super().__init__(first)
        self.gate = gate
        self.raws: list[Raw] = []
        self.carried: list[list[Any]] = []

    def add(self, piece: Piece, page: LandedPage) -> None:
        """Put the records of `page` behind those that are there."""
        self.note(page, len(piece.raws))
        self.raws += piece.raws
        if not self.carried:
            self.carried = [[] for _ in piece.carried]
        for values, more in zip(self.carried, piece.carried, strict=True):
            values += more
