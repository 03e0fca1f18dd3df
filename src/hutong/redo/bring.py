"""Bring what was made anew into a published table, in one commit.

The commit is made on a snapshot whose transaction numbers say up to which batch each sequence is in the table, and
the side lake holds exactly those: so a batch that others publish meanwhile is neither lost nor counted twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import pyarrow as pa
from deltalake import DeltaTable

from hutong.errors import CommitContested
from hutong.redo.compare import Comparison, Difference
from hutong.redo.part import Part, Rows
from hutong.redo.side import Overtaken, Reached, Side
from hutong.schema.arrow import arrow_schema
from hutong.store.contracted import table_of
from hutong.store.paths import Store
from hutong.store.tables import Change, commit, existing, number

ROUNDS = 60
PAUSE_S = 0.5

Reach = Callable[[DeltaTable | None], Reached]
"""How far each sequence has come, read after the table given was opened."""
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Look:
    """What a commit would change. lacking: app id -> number that the table ought to hold and does not."""

    difference: Difference
    lacking: dict[str, int]

    @property
    def is_none(self) -> bool:
        """Whether there is nothing to commit."""
        return self.difference.is_none and not self.lacking


class Bringing:
    """The published table of `part`, held against the side lake."""

    def __init__(self, part: Part, side: Side, reach: Reach, store: Store) -> None:
        self.part, self._side, self._reach = part, side, reach
        self._place = store.base(part.dataset.table)
        self._comparison = Comparison(part)

    def look(self) -> Look:
        """What would change now. Raises Overtaken when the table holds other batches than the side lake."""
        return self._look(existing(self._place))

    def _look(self, table: DeltaTable | None) -> Look:
        if self._reach(table) != self._side.reached:
            raise Overtaken
        self._side.must_be_as_decided(table)
        published = Rows(table, self._place, self.part, lenient=self.part.stream is None)
        lacking = behind(table, self._side.reached) | self._refreshes(table)
        return Look(self._comparison.of(published, self._side.rows(self.part)), lacking)

    def _refreshes(self, table: DeltaTable | None) -> dict[str, int]:
        """App id -> number, of the complete refreshes that the side lake remembers otherwise: it is by the newest one
        that later batches decide which rows live.
        """
        anew = existing(self._side.store.base(self.part.dataset.table))
        otherwise: dict[str, int] = {}
        for stream in self._side.streams:
            newest, known = (one.transaction_version(stream.live.refreshes) if one else None for one in (anew, table))
            if newest is not None and newest != known:
                otherwise[stream.live.refreshes] = newest
        return otherwise

    def commit(self, app: str) -> Look:
        """Bring it in under the app id `app`; no commit when there is nothing to change.

        Raises Overtaken as `look` does, and when another process brought it in first.
        """
        if (found := self.look()).is_none:
            return found
        schema = arrow_schema(self.part.dataset)

        def build(snapshot: DeltaTable) -> Change:
            nonlocal found
            found = self._look(snapshot)
            partitions = found.difference.partitions
            rows = pa.RecordBatchReader.from_batches(schema, self._side.rows(self.part).stream(partitions))
            replace = self.part.predicate(partitions) if partitions else None
            return Change(rows, _counts(found.difference), replace, found.lacking)

        table = table_of(self.part.dataset, self._place)
        if not commit(table, app, self.commits(app) + 1, build).is_ours:
            raise Overtaken
        return found

    def commits(self, app: str) -> int:
        """How many commits the table holds under the app id `app`."""
        return number(self._place, app)


def behind(table: DeltaTable | None, reached: Reached) -> dict[str, int]:
    """App id -> number, of the sequences that `table` does not hold as far as `reached`.

    A table lacks a batch that the ledger closes when it was lost, or when its mapping came to fill it later.
    Raises Overtaken when it holds a later batch.
    """
    lacking: dict[str, int] = {}
    for sequence, batch in reached.items():
        there = 0 if table is None else table.transaction_version(sequence.id) or 0
        if there > batch:
            raise Overtaken
        if there < batch:
            lacking[sequence.id] = batch
    return lacking


def followed(what: str, step: Callable[[], Result]) -> Result:
    """The result of `step`, which is tried again whenever it is overtaken.

    Raises CommitContested when that does not end: others keep publishing, or someone died in the middle of a batch.
    """
    for _ in range(ROUNDS):
        try:
            return step()
        except Overtaken:
            time.sleep(PAUSE_S)
    raise CommitContested(
        f"{what}: batches kept coming in, or one of them is published in part",
        "run `hutong sync` to end what waits, and then this again",
    )


def _counts(difference: Difference) -> dict[str, int]:
    return {name: getattr(difference, name) for name in ("added", "changed", "moved", "removed")}
