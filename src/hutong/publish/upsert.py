"""What one batch changes in one dataset, worked out on a given snapshot of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import polars as pl
import pyarrow as pa
from deltalake import DeltaTable

from hutong.model.batch import Sequence
from hutong.model.dataset import Dataset
from hutong.schema.versions import settle
from hutong.store.tables import Change, literal


def change_for(
    snapshot: DeltaTable, table: pa.Table, repeats: Mapping[int, str], dataset: Dataset, sequence: Sequence
) -> tuple[Change, dict[int, str]]:
    """The change that brings `table` into `snapshot`, and what became of every row by its record number.

    table: one row per key. repeats: rows that lost against another of the same batch.
    Without corrections it is an append; with them the rows of this stream in the partitions concerned are written
    anew, so that peak memory is bounded by a partition.
    """
    if table.num_rows == 0:
        return Change(table, {"rows": dict(Counter(repeats.values()))}), dict(repeats)
    old = (
        pl.scan_delta(snapshot)
        .filter(_same_source(sequence), *_reachable(table, dataset))
        .select(dataset.names)
        .collect()
    )
    settled = settle(table, old, dataset)
    outcomes = {**repeats, **settled.outcomes}
    counts = {"rows": dict(Counter(outcomes.values()))}
    if settled.replaced.is_empty():
        return Change(settled.rows, counts), outcomes
    touched = old.join(settled.replaced, on=list(dataset.key), how="semi", nulls_equal=True)
    where, filters = _partitions(touched, settled.rows, dataset, sequence)
    # Read again: `old` holds only what the batch could reach, the replaced partitions hold more.
    whole = pl.scan_delta(snapshot).filter(_same_source(sequence), *filters).select(dataset.names).collect()
    kept = whole.join(settled.replaced, on=list(dataset.key), how="anti", nulls_equal=True)
    rows = pa.concat_tables([kept.to_arrow().cast(table.schema), settled.rows])
    return Change(rows, counts, replace=where), outcomes


def _same_source(sequence: Sequence) -> pl.Expr:
    return (
        (pl.col("city") == sequence.city)
        & (pl.col("source_platform") == sequence.platform)
        & (pl.col("source_stream") == sequence.stream)
    )


def _reachable(table: pa.Table, dataset: Dataset) -> list[pl.Expr]:
    """Bounds on time within which rows of the same keys must lie, when the key holds a time; they prune files."""
    bounds: list[pl.Expr] = []
    for name in dataset.key:
        if dataset.field(name).type == "timestamp":
            times = pl.from_arrow(table[name])
            assert isinstance(times, pl.Series)
            bounds.append(pl.col(name).is_between(times.min(), times.max()))
            if name == "observed_at" and "date" in dataset.partition_by:
                dates = pl.from_arrow(table["date"])
                assert isinstance(dates, pl.Series)
                bounds.append(pl.col("date").is_in(dates.unique().implode()))
    return bounds


def _partitions(
    touched: pl.DataFrame, rows: pa.Table, dataset: Dataset, sequence: Sequence
) -> tuple[str, list[pl.Expr]]:
    """The partitions that hold replaced rows or take new ones, as a Delta predicate and as polars filters.

    Both, because a correction may move a row to another day, and Delta refuses rows that its predicate does not select.
    """
    where = [
        f"city = {literal(sequence.city)}",
        f"source_platform = {literal(sequence.platform)}",
        f"source_stream = {literal(sequence.stream)}",
    ]
    filters: list[pl.Expr] = []
    if "date" in dataset.partition_by:
        dates = sorted({*touched["date"].to_list(), *rows["date"].to_pylist()})
        where.append(f"date IN ({', '.join(f'DATE {literal(day.isoformat())}' for day in dates)})")
        filters.append(pl.col("date").is_in(dates))
    return " AND ".join(where), filters
