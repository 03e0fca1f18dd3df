"""Several versions of one row: which one wins, and what became of the others.

Two rows of one key are versions of each other. The winner is the one with the greatest (revision, observed_at,
received_at, content): batch numbers never decide, so that batches of several sequences may come in any order and end
in the same table.

One thing is taken for granted: a platform does not go back. When it has said of a key, at a later time of receipt,
something else for the same revision and `observed_at`, it does not return to the first. The table keeps one time of
receipt a row and not the history of them, so what came between two equal words, and comes in after both, would win.

Every frame here holds rows of one source (city, platform, stream), so that keys are compared without these three.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
import pyarrow as pa

from hutong.model.dataset import Dataset
from hutong.schema.life import Life

Outcomes = Mapping[str, int]
"""Written, corrected, unchanged, duplicate, superseded or tombstoned -> how many rows."""


OUTCOME = pl.Enum(["written", "corrected", "unchanged", "superseded", "duplicate"])
"""What became of a row that came, the most telling first. A million of these are counted ten times as fast as texts."""
NONE_LOST = pl.DataFrame(schema={"record": pl.Int32, "outcome": OUTCOME})
"""Record and outcome of no row."""


@dataclass(frozen=True, slots=True)
class Settled:
    """rows: those that have to be written, whole. replaced: keys among them that stand in the table already.
    judged: record and outcome of every row that came.
    """

    rows: pl.DataFrame
    replaced: pl.DataFrame
    judged: pl.DataFrame


def winners(frame: pl.DataFrame, dataset: Dataset) -> tuple[pl.DataFrame, pl.DataFrame]:
    """One row per key of `frame`, and record and outcome of the rows that lost: duplicate (same content) or superseded.

    frame: n rows, key columns without nulls. Returns at most n rows, in no promised order.
    """
    key = list(dataset.own_key)
    if frame.select(key).n_unique() == frame.height:
        return frame, NONE_LOST
    # Rows that are equal in all of the order keep the order they came in, so that publishing again gives the same.
    ranked = frame.sort([*key, *_order(dataset)], maintain_order=True)
    is_last = pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(-1)) for name in key)
    ranked = ranked.with_columns(is_last=is_last)
    best = ranked.filter("is_last").drop("is_last")
    lost = _beside(ranked.filter(~pl.col("is_last")).drop("is_last"), best, dataset)
    outcome = pl.when("is_same").then(pl.lit("duplicate")).otherwise(pl.lit("superseded"))
    return best, lost.select("record", outcome=outcome.cast(OUTCOME))


def settle(new: pl.DataFrame, old: pl.DataFrame, dataset: Dataset, life: Life | None = None) -> Settled:
    """`new` rows, one per key, held against the `old` ones that are published already.

    old: whole rows, at most one per key; others than of these keys do no harm. life: for datasets with tombstones.
    """
    beside = _beside(new, old, dataset)
    known, same, newer = pl.col("is_known"), pl.col("is_same"), pl.col("is_newer")
    # The same said again later is no news, but it must be remembered how late: else an older row that comes in after
    # it would win, and the order of batches would show.
    confirmed = pl.lit(False) if "observed_at" in dataset.key else newer & (pl.col("observed_at") > _old("observed_at"))
    is_written = ~known | (newer & ~same) | confirmed
    others = [name for name in new.columns if name not in dataset.key]
    standing = {name: pl.when(newer | ~known).then(pl.col(name)).otherwise(_old(name)) for name in others}
    revives = pl.lit(False)
    if life is not None:
        beside = beside.with_columns(life.last_seen_at().alias("last_seen_at"))
        revives = pl.col("last_seen_at").is_null() & _old("last_seen_at").is_not_null()
        is_written = is_written | life.must_remember()
        standing["last_seen_at"] = pl.col("last_seen_at")
        standing["received_at"] = life.received_at(standing["received_at"])
    outcome = (
        pl.when(~known)
        .then(pl.lit("written"))
        .when(newer & ~same | revives)
        .then(pl.lit("corrected"))
        .when(same)
        .then(pl.lit("unchanged" if dataset.write_mode == "latest" else "duplicate"))
        .otherwise(pl.lit("superseded"))
    )
    kept = beside.filter(is_written)
    return Settled(
        rows=kept.with_columns(**standing).select(new.columns),
        replaced=kept.filter(known).select(dataset.own_key),
        judged=beside.select("record", outcome=outcome.cast(OUTCOME)),
    )


def outcomes(judged: pl.DataFrame) -> dict[str, int]:
    """Outcome -> how many rows of `judged` (record, outcome) have it."""
    return dict(judged["outcome"].value_counts().iter_rows())


def added(*parts: Outcomes) -> dict[str, int]:
    """The sums of `parts`, outcomes that none has left out."""
    total: Counter[str] = Counter()
    for part in parts:
        total.update(part)
    return _counts(total)


def as_table(frame: pl.DataFrame, schema: pa.Schema) -> pa.Table:
    """`frame` as a table of `schema`."""
    return frame.select(schema.names).to_arrow().cast(schema)


def _order(dataset: Dataset) -> list[str]:
    first = [name for name in (dataset.revision, "observed_at", "received_at") if name is not None]
    return [*first, *(name for name in dataset.content if name not in first)]


def _beside(new: pl.DataFrame, old: pl.DataFrame, dataset: Dataset) -> pl.DataFrame:
    """`new` with the row of `old` that has its key, as `<name>__old`, and with is_known, is_same (content) and
    is_newer (wins over it); both are null or false where no row has its key.
    """
    others = [name for name in new.columns if name not in dataset.key]
    right = old.select(*dataset.own_key, *(pl.col(name).alias(f"{name}__old") for name in others), is_known=True)
    joined = new.join(right, on=list(dataset.own_key), how="left")
    same = pl.all_horizontal(pl.col(name).eq_missing(_old(name)) for name in dataset.content)
    newer = pl.lit(False)
    for name in reversed([name for name in _order(dataset) if name not in dataset.key]):
        mine, theirs = pl.col(name), _old(name)
        # Nulls come first, as in the sort of `winners`.
        above = (mine > theirs) | (mine.is_not_null() & theirs.is_null())
        newer = above.fill_null(False) | (mine.eq_missing(theirs) & newer)
    known = pl.col("is_known").fill_null(False)
    return joined.with_columns(is_known=known, is_same=known & same, is_newer=known & newer)


def _old(name: str) -> pl.Expr:
    return pl.col(f"{name}__old")


def _counts(found: Mapping[str, int]) -> dict[str, int]:
    return {outcome: count for outcome, count in found.items() if count}
