"""The quarantine of one stream in one city, read a few columns at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence as SequenceOf
from functools import reduce
from operator import and_

import polars as pl
import pyarrow.compute as pc
import pyarrow.dataset as pads
from deltalake import DeltaTable

from hutong.lake import readable
from hutong.model.batch import Sequence
from hutong.registry import Registry
from hutong.store.failures import told
from hutong.store.paths import Place, Store
from hutong.store.tables import dataset_of, existing, literal

OPEN, RELEASED, DROPPED = "open", "released", "dropped"
RECORD = ["sequence", "batch", "record"]

Batch = tuple[str, int]
"""The id of a sequence, and a batch of it."""
Dropped = dict[str, dict[int, frozenset[int]]]
"""Id of a sequence -> batch -> records."""


class Kept:
    """What the quarantine in `store` keeps of `stream`, the live sequence of a stream in a city."""

    def __init__(self, stream: Sequence, registry: Registry, store: Store) -> None:
        self.stream, self.dataset = stream, registry.dataset("quarantine")
        self.place: Place = store.quarantine(stream.platform)

    def table(self) -> DeltaTable | None:
        """The table as it is now; None if there is none."""
        return existing(self.place)

    def rows(self, table: DeltaTable | None, columns: SequenceOf[str], *where: pc.Expression) -> pl.DataFrame:
        """`columns` of its findings in `table`, null where it was made without them; a status of null is open."""
        return self.of(self.source(table), columns, *where)

    def source(self, table: DeltaTable | None) -> pads.Dataset:
        """The whole of `table`, to be read later without it."""
        return readable([] if table is None else [dataset_of(table, self.place)], self.dataset)

    def of(self, source: pads.Dataset, columns: SequenceOf[str], *where: pc.Expression) -> pl.DataFrame:
        """The same of rows that are read already."""
        own = (pc.field("city") == self.stream.city, pc.field("stream") == self.stream.stream)
        with told(self.place):
            frame = pl.from_arrow(source.to_table(columns=list(columns), filter=reduce(and_, [*own, *where])))
        assert isinstance(frame, pl.DataFrame)
        return frame.with_columns(pl.col("status").fill_null(OPEN)) if "status" in columns else frame

    def predicate(self, batches: SequenceOf[Batch]) -> str:
        """SQL that selects the findings of `batches`."""
        by_sequence: defaultdict[str, list[int]] = defaultdict(list)
        for sequence, batch in batches:
            by_sequence[sequence].append(batch)
        chosen = " OR ".join(
            f"(sequence = {literal(sequence)} AND batch IN ({', '.join(map(str, numbers))}))"
            for sequence, numbers in by_sequence.items()
        )
        return f"city = {literal(self.stream.city)} AND stream = {literal(self.stream.stream)} AND ({chosen})"


def dropped_records(kept: Kept, table: DeltaTable | None = None) -> Dropped:
    """The records that a person dropped, in `table` or as it is now."""
    table = kept.table() if table is None else table
    frame = kept.rows(table, [*RECORD, "status"]).filter(pl.col("status") == DROPPED)
    found: Dropped = {}
    for sequence, batch, numbers in frame.group_by("sequence", "batch").agg(pl.col("record").unique()).iter_rows():
        found.setdefault(sequence, {})[batch] = frozenset(numbers)
    return found
