"""Several versions of one row: which one wins, and what became of the others.

Two rows of one key are versions of each other. The winner is the one with the greatest (revision, observed_at,
received_at, content): batch numbers never decide, so that batches of several sequences may come in any order and end
in the same table.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from hutong.model.dataset import Dataset

_OUTCOME = "__outcome"


@dataclass(frozen=True, slots=True)
class Settled:
    """Rows that stand, and what became of every row that came, by its `record`.

    rows: the winners among the new rows that have to be written. replaced: keys of old rows that they replace.
    outcomes: record number -> written, corrected, unchanged, duplicate or superseded.
    """

    rows: pa.Table
    replaced: pl.DataFrame
    outcomes: dict[int, str]


def winners(table: pa.Table, dataset: Dataset) -> tuple[pa.Table, dict[int, str]]:
    """One row per key of `table`, and what became of the rows that lost: duplicate (same content) or superseded.

    table: n rows, key columns without nulls. Returns at most n rows, sorted by key.
    """
    frame = _frame(table)
    if frame.is_empty():
        return table, {}
    ranked = frame.sort([*dataset.key, *_order(dataset)]).with_columns(
        is_last=pl.struct(dataset.key) != pl.struct(dataset.key).shift(-1)
    )
    best = ranked.filter(pl.col("is_last").fill_null(True)).drop("is_last")
    rest = ranked.filter(pl.col("is_last").not_()).drop("is_last")
    lost = _compare(rest, best, dataset)
    return _table(best, table.schema), {
        record: "duplicate" if same else "superseded" for record, same in lost.select("record", "is_same").iter_rows()
    }


def settle(table: pa.Table, old: pl.DataFrame, dataset: Dataset) -> Settled:
    """`table` (one row per key) held against the `old` rows that are published already.

    old: rows of any keys with all columns of the contract.
    """
    frame = _frame(table)
    compared = _compare(frame, old, dataset, keep_new=True)
    known = pl.col("is_known")
    same_word = "unchanged" if dataset.write_mode == "latest" else "duplicate"
    outcome = (
        pl.when(~known)
        .then(pl.lit("written"))
        .when(pl.col("is_same"))
        .then(pl.lit(same_word))
        .when(pl.col("is_newer"))
        .then(pl.lit("corrected"))
        .otherwise(pl.lit("superseded"))
    )
    judged = compared.with_columns(outcome.alias(_OUTCOME))
    # The same said again later is no news, but it must be remembered how late: else an older row that
    # comes in after it would win, and the order of batches would show.
    later = pl.lit(False) if "observed_at" in dataset.key else pl.col("observed_at") > pl.col("observed_at__old")
    confirmed = known & pl.col("is_same") & later
    replaces = confirmed | (pl.col(_OUTCOME) == "corrected")
    return Settled(
        rows=_table(judged.filter(replaces | ~known).select(frame.columns), table.schema),
        replaced=judged.filter(replaces).select(dataset.key),
        outcomes=dict(judged.select("record", _OUTCOME).iter_rows()),
    )


def _order(dataset: Dataset) -> list[str]:
    first = [name for name in (dataset.revision, "observed_at", "received_at") if name is not None]
    return [*first, *(name for name in dataset.content if name not in first)]


def _compare(new: pl.DataFrame, old: pl.DataFrame, dataset: Dataset, keep_new: bool = False) -> pl.DataFrame:
    """`new` with, for the row of `old` that has its key: is_known, is_same (content), is_newer (wins over it)."""
    order, key = _order(dataset), list(dataset.key)
    beside = [name for name in dict.fromkeys([*dataset.content, *order]) if name not in key]
    right = old.select(*key, *(pl.col(name).alias(f"{name}__old") for name in beside), pl.lit(True).alias("is_known"))
    joined = new.join(right, on=key, how="left" if keep_new else "inner", nulls_equal=True)
    same = pl.all_horizontal(
        pl.col(name).eq_missing(pl.col(f"{name}__old")) for name in dataset.content if name not in key
    )
    newer = pl.lit(False)
    for name in reversed([name for name in order if name not in key]):
        mine, theirs = pl.col(name), pl.col(f"{name}__old")
        # Nulls come first, as in the sort of `winners`.
        above = (mine > theirs) | (mine.is_not_null() & theirs.is_null())
        newer = above.fill_null(False) | (mine.eq_missing(theirs) & newer)
    return joined.with_columns(is_known=pl.col("is_known").fill_null(False), is_same=same, is_newer=newer)


def _frame(table: pa.Table) -> pl.DataFrame:
    frame = pl.from_arrow(table)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _table(frame: pl.DataFrame, schema: pa.Schema) -> pa.Table:
    return frame.select(schema.names).to_arrow().cast(schema)
