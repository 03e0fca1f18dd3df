"""The quarantine of replayed batches: the findings of the new run in place of the old ones, in one commit.

A record that was refused before keeps the moment at which it was first seen. One that passes now stays as well, as
released by the replay. What a person dropped stays dropped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
from deltalake import DeltaTable

from hutong.errors import StoreError
from hutong.model.batch import Sequence
from hutong.redo.bring import behind
from hutong.redo.kept import DROPPED, OPEN, RECORD, RELEASED, Batch, Kept, dropped_records
from hutong.redo.side import Overtaken, Side
from hutong.registry import Registry
from hutong.schema.arrow import arrow_schema
from hutong.store.contracted import table_of
from hutong.store.paths import Store
from hutong.store.tables import Change, commit, number

_FINDING = [
    *RECORD, "page", "position", "stage", "rule", "kind", "place", "value", "is_first", "mapping_version", "status",
    "settled_by",
]  # fmt: skip
_AT_ONCE = 50
"""Batches whose findings, raw records and all, are in memory at a time."""


@dataclass(frozen=True, slots=True)
class Findings:
    """Batches whose findings came out otherwise, and numbers that the table ought to hold and does not."""

    batches: list[Batch]
    lacking: dict[str, int]

    @property
    def is_none(self) -> bool:
        """Whether there is nothing to commit."""
        return not self.batches and not self.lacking


class Refusals:
    """The quarantine of a stream, held against that of the side lake."""

    def __init__(self, side: Side, registry: Registry, store: Store) -> None:
        (self._stream,) = side.streams
        self._side = side
        self._kept = Kept(self._stream.live, registry, store)
        self._anew = Kept(self._stream.live, registry, side.store)

    def look(self) -> Findings:
        """What would change now. Raises Overtaken when the quarantine holds other batches than the side lake."""
        return self._look(self._kept.table())

    def _look(self, table: DeltaTable | None) -> Findings:
        if self._side.closed() != self._side.reached:
            raise Overtaken
        self._must_be_dropped_as_known(table)
        after = self._anew.rows(self._anew.table(), _FINDING)
        before = self._kept.rows(table, _FINDING).filter(pl.col("status") != DROPPED)
        # What an earlier replay released and this one lets pass as well stays as it is.
        is_past = (pl.col("status") == RELEASED) & ~_by_repair()
        before = pl.concat([before.filter(~is_past), before.filter(is_past).join(after, on=RECORD, how="semi")])
        changed = pl.concat(
            [
                one.join(other, on=_FINDING, how="anti", nulls_equal=True).select("sequence", "batch")
                for one, other in ((before, after), (after, before))
            ]
        )
        batches = [
            (sequence, batch)
            for sequence, batch in changed.unique().sort(pl.all()).iter_rows()
            if self._side.is_anew(Sequence.parse(sequence), batch)
        ]
        return Findings(batches, behind(table, self._side.reached))

    def _must_be_dropped_as_known(self, table: DeltaTable | None) -> None:
        """Raise StoreError when somebody dropped records after the side lake was begun, which still holds them."""
        known = self._side.dropped.get(self._stream.live)
        if known is not None and known != dropped_records(self._kept, table):
            raise StoreError(
                f"records of {self._stream.live.id} were dropped while they were run again",
                "run the command again: nothing is lost",
            )

    def commit(self, app: str) -> None:
        """Replace them under the app id `app`; no commit when there is nothing to change.

        Raises Overtaken as `look` does, and when another process did it first.
        """
        if self.look().is_none:
            return

        def build(snapshot: DeltaTable) -> Change:
            found = self._look(snapshot)
            # Opened here: while deltalake writes a stream of these rows, it may not be called.
            sources = self._kept.source(snapshot), self._anew.source(self._anew.table())
            rows = pa.RecordBatchReader.from_batches(
                arrow_schema(self._kept.dataset), self._rows(sources, found.batches, app)
            )
            replace = self._kept.predicate(found.batches) if found.batches else None
            return Change(rows, {"batches": len(found.batches)}, replace, found.lacking)

        if not commit(table_of(self._kept.dataset, self._kept.place), app, self.commits(app) + 1, build).is_ours:
            raise Overtaken

    def commits(self, app: str) -> int:
        """How many commits the quarantine holds under the app id `app`."""
        return number(self._kept.place, app)

    def _rows(
        self, sources: tuple[pads.Dataset, pads.Dataset], batches: list[Batch], app: str
    ) -> Iterator[pa.RecordBatch]:
        """What the quarantine is to hold of `batches`. sources: what it holds, and what the side lake holds."""
        schema, now = arrow_schema(self._kept.dataset), datetime.now(UTC)
        for start in range(0, len(batches), _AT_ONCE):
            chosen = batches[start : start + _AT_ONCE]
            numbers = pc.field("batch").isin(sorted({batch for _, batch in chosen}))
            of_chosen = pl.DataFrame(chosen, schema={"sequence": pl.String, "batch": pl.Int64}, orient="row")
            before, after = (
                self._kept.of(source, schema.names, numbers).join(of_chosen, on=["sequence", "batch"], how="semi")
                for source in sources
            )
            seen = before.group_by(RECORD).agg(pl.col("first_seen").min())
            after = after.join(seen, on=RECORD, how="left", suffix="_before").with_columns(
                first_seen=pl.coalesce("first_seen_before", "first_seen")
            )
            # A repair that is gone, or not needed any more, releases nothing: this replay does.
            passes = before.join(after, on=RECORD, how="anti").with_columns(
                pl.when(newly := (pl.col("status") == OPEN) | _by_repair())
                .then(pl.lit(app))
                .otherwise("settled_by")
                .alias("settled_by"),
                pl.when(newly).then(pl.lit(now, pl.Datetime("us", "UTC"))).otherwise("settled_at").alias("settled_at"),
                pl.when(newly).then(pl.lit(RELEASED)).otherwise("status").alias("status"),
            )
            whole = pl.concat([after.select(schema.names), passes.select(schema.names)])
            yield from whole.to_arrow().cast(schema).to_batches()


def _by_repair() -> pl.Expr:
    return pl.col("settled_by").str.starts_with("repair ").fill_null(False)
