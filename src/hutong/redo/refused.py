"""The quarantine of replayed batches: the findings of the new run in place of the old ones, in one commit.

A record that was refused before keeps the moment at which it was first seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from operator import and_

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
from deltalake import DeltaTable

from hutong.model.batch import Sequence
from hutong.redo.bring import behind
from hutong.redo.side import Overtaken, Side
from hutong.registry import Registry
from hutong.schema.arrow import arrow_schema
from hutong.store.contracted import table_of
from hutong.store.failures import told
from hutong.store.paths import Place, Store
from hutong.store.tables import Change, commit, dataset_of, existing, literal, number

_RECORD = ["sequence", "batch", "record"]
_FINDING = [*_RECORD, "page", "position", "stage", "rule", "kind", "place", "value", "is_first", "mapping_version"]
_AT_ONCE = 50
"""Batches whose findings, raw records and all, are in memory at a time."""

Batch = tuple[str, int]
"""The id of a sequence, and a batch of it."""


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
        self._dataset = registry.dataset("quarantine")
        self._place = store.quarantine(self._stream.live.platform)
        self._anew = side.store.quarantine(self._stream.live.platform)

    def look(self) -> Findings:
        """What would change now. Raises Overtaken when the quarantine holds other batches than the side lake."""
        return self._look(existing(self._place))

    def _look(self, table: DeltaTable | None) -> Findings:
        if self._side.closed() != self._side.reached:
            raise Overtaken
        before, after = (
            self._light(table, self._place, _FINDING),
            self._light(existing(self._anew), self._anew, _FINDING),
        )
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

    def commit(self, app: str) -> None:
        """Replace them under the app id `app`; no commit when there is nothing to change.

        Raises Overtaken as `look` does, and when another process did it first.
        """
        if self.look().is_none:
            return

        def build(snapshot: DeltaTable) -> Change:
            found = self._look(snapshot)
            schema = arrow_schema(self._dataset)
            seen = (
                self._light(snapshot, self._place, [*_RECORD, "first_seen"])
                .group_by(_RECORD)
                .agg(pl.col("first_seen").min())
            )
            anew = existing(self._anew)
            source = schema.empty_table() if anew is None else dataset_of(anew, self._anew)
            rows = pa.RecordBatchReader.from_batches(schema, self._rows(source, found.batches, seen))
            replace = self._predicate(found.batches) if found.batches else None
            return Change(rows, {"batches": len(found.batches)}, replace, found.lacking)

        if not commit(table_of(self._dataset, self._place), app, self.commits(app) + 1, build).is_ours:
            raise Overtaken

    def commits(self, app: str) -> int:
        """How many commits the quarantine holds under the app id `app`."""
        return number(self._place, app)

    def _light(self, table: DeltaTable | None, place: Place, columns: list[str]) -> pl.DataFrame:
        """The findings of this stream in this city, without what makes them heavy."""
        rows = arrow_schema(self._dataset).empty_table() if table is None else dataset_of(table, place)
        return self._frame(rows, columns)

    def _frame(self, rows: pa.Table | pads.Dataset, columns: list[str], *where: pc.Expression) -> pl.DataFrame:
        own = (pc.field("city") == self._stream.city, pc.field("stream") == self._stream.live.stream)
        source = pads.dataset(rows) if isinstance(rows, pa.Table) else rows
        with told(self._place):
            frame = pl.from_arrow(source.to_table(columns=columns, filter=reduce(and_, [*own, *where])))
        assert isinstance(frame, pl.DataFrame)
        return frame

    def _rows(
        self, anew: pa.Table | pads.Dataset, batches: list[Batch], seen: pl.DataFrame
    ) -> Iterator[pa.RecordBatch]:
        """The findings in `anew` of `batches`; seen: when each record was first refused, if it was."""
        schema = arrow_schema(self._dataset)
        for start in range(0, len(batches), _AT_ONCE):
            chosen = batches[start : start + _AT_ONCE]
            numbers = pc.field("batch").isin(sorted({batch for _, batch in chosen}))
            of_chosen = pl.DataFrame(chosen, schema={"sequence": pl.String, "batch": pl.Int64}, orient="row")
            rows = (
                self._frame(anew, schema.names, numbers)
                .join(of_chosen, on=["sequence", "batch"], how="semi")
                .join(seen, on=_RECORD, how="left", suffix="_before")
                .with_columns(first_seen=pl.coalesce("first_seen_before", "first_seen"))
            )
            yield from rows.select(schema.names).to_arrow().cast(schema).to_batches()

    def _predicate(self, batches: list[Batch]) -> str:
        by_sequence: dict[str, list[int]] = {}
        for sequence, batch in batches:
            by_sequence.setdefault(sequence, []).append(batch)
        chosen = " OR ".join(
            f"(sequence = {literal(sequence)} AND batch IN ({', '.join(map(str, numbers))}))"
            for sequence, numbers in by_sequence.items()
        )
        return f"city = {literal(self._stream.city)} AND stream = {literal(self._stream.live.stream)} AND ({chosen})"
