"""What gates may know beyond the batch that they judge."""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass

import polars as pl
import pyarrow.compute as pc

from hutong.model.batch import Sequence
from hutong.model.dataset import Dataset, TableName
from hutong.registry import Registry
from hutong.store.failures import told
from hutong.store.paths import Store
from hutong.store.tables import dataset_of, existing


@dataclass(frozen=True, slots=True)
class Around:
    """A batch's place among others. store: the lake that people read, also where the batch is made anew beside it.

    is_again: whether the batch was published before. Then gates that look beyond it say what they said, because what
    lies beyond has changed since.
    """

    sequence: Sequence
    batch: int
    registry: Registry
    store: Store
    is_again: bool = False

    @property
    def is_of_the_past(self) -> bool:
        """Whether it belongs to a backfill, which nobody expects to be fresh."""
        return not self.sequence.is_live

    def recent(self, table: TableName, batches: int) -> SequenceOf[int]:
        """How many rows each of the last `batches` batches of the sequence brought `table`; those with none left out.

        Raises StoreError.
        """
        within = (pc.field("batch") < self.batch) & (pc.field("batch") >= self.batch - batches)
        rows = self._ledger(within & (pc.field("kind") == "row") & (pc.field("dataset") == table))
        counted = rows.filter(pl.col("outcome") != "tombstoned").group_by("batch").agg(pl.col("count").sum())
        return counted.filter(pl.col("count") > 0)["count"].to_list()

    def said(self, table: TableName, gate: str) -> bool | None:
        """Whether `gate` of `table` passed when the batch was published; None if it was not asked."""
        about = (pc.field("kind") == "gate") & (pc.field("dataset") == table) & (pc.field("rule") == gate)
        found = self._ledger((pc.field("batch") == self.batch) & about)
        return None if found.is_empty() else found["outcome"][0] == "passed"

    def known(self, dataset: Dataset, columns: SequenceOf[str], keys: pl.DataFrame) -> pl.DataFrame | None:
        """Those of `keys` that `dataset` has published in this city, by its `columns`; None where it has nothing yet.

        Raises StoreError.
        """
        place = self.store.base(dataset.table)
        table = existing(place)
        if table is None:
            return None
        rows = pl.scan_delta(table).filter(pl.col("city") == self.sequence.city)
        with told(place):
            if rows.head(1).collect().is_empty():
                return None
            named = rows.select(pl.col(column).alias(key) for column, key in zip(columns, keys.columns, strict=True))
            return named.join(keys.lazy(), on=keys.columns, how="semi").unique().collect(engine="streaming")

    def _ledger(self, where: pc.Expression) -> pl.DataFrame:
        place = self.store.ledger(self.sequence.platform)
        table = existing(place)
        columns = ["batch", "outcome", "count"]
        if table is None:
            return pl.DataFrame(schema={"batch": pl.Int64(), "outcome": pl.String(), "count": pl.Int64()})
        own = (pc.field("city") == self.sequence.city) & (pc.field("sequence") == self.sequence.id)
        with told(place):
            frame = pl.from_arrow(dataset_of(table, place).to_table(columns=columns, filter=own & where))
        assert isinstance(frame, pl.DataFrame)
        return frame
