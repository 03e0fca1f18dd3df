"""What one batch changes in one dataset, worked out on a given snapshot of it.

Only rows of the batch's own keys come to memory, whatever the size of the table. A batch without corrections is an
append. With them it is one unconditional MERGE, which rewrites the files that hold a replaced row, tells the change
feed of nothing else, and is bounded to the partitions concerned. (Replacing those partitions was measured beside it:
as slow, with more memory, and a change feed of every row in them.)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType

import polars as pl
from deltalake import DeltaTable

from hutong.model.batch import Sequence
from hutong.model.dataset import Dataset
from hutong.publish.fates import EVERY, Decides
from hutong.schema.arrow import arrow_schema
from hutong.schema.life import Life
from hutong.schema.versions import OUTCOME, Outcomes, Settled, added, as_table, outcomes, settle
from hutong.store.tables import Change, Counts, literal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TELLABLE = (datetime(1700, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))
"""Instants that SQL can spell: DataFusion reads them as 64 bits of nanoseconds."""

LATE: Mapping[str, timedelta] = {
    "PT1S": timedelta(seconds=1),
    "PT10S": timedelta(seconds=10),
    "PT1M": timedelta(minutes=1),
    "PT10M": timedelta(minutes=10),
    "PT1H": timedelta(hours=1),
    "P1D": timedelta(days=1),
    "more": timedelta.max,
}
"""Bounds by which late records are counted, as ISO 8601 durations; each holds what the ones before it do not."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a complete refresh shows of one dataset: when it ended, and the own keys of all its records."""

    at: datetime
    keys: pl.DataFrame


def change_for(
    snapshot: DeltaTable,
    new: pl.DataFrame,
    repeats: pl.DataFrame,
    dataset: Dataset,
    sequence: Sequence,
    shown: Shown | None = None,
    late: Mapping[int, timedelta] = MappingProxyType({}),
    decides: Decides = EVERY,
) -> Change:
    """The change that brings `new` rows into `snapshot`; its counts say what became of every row, and of the records
    that the dataset decides.

    new: one row per key, the columns of `dataset`, all of the source of `sequence`. repeats: record and outcome of rows
    that lost against another of the same batch. shown: when the batch ends a complete refresh; only for datasets with
    tombstones. late: number of the record -> how late it came; those that brought something new are counted by how
    late they were.
    """
    life = _life(snapshot, sequence, shown) if dataset.has_tombstones else None
    of_source = pl.scan_delta(snapshot).filter(_same_source(sequence)).select(dataset.names)
    old = _standing(of_source, new, dataset)
    if life is None and old.is_empty():
        judged = pl.concat([repeats, new.select("record", outcome=pl.lit("written", OUTCOME))])
        return Change(as_table(new, arrow_schema(dataset)), _counts(judged, decides, late))
    settled, gone = settle(new, old, dataset, life), 0
    if shown is not None and life is not None:
        others = _others(of_source, new, shown, life, dataset)
        old, settled = pl.concat([old, others.select(old.columns)]), _with_others(settled, others, dataset)
        gone = int(others["is_gone"].sum())
    counts = _counts(pl.concat([repeats, settled.judged]), decides, late, {"tombstoned": gone})
    transactions = {}
    if life is not None and life.at is not None and life.is_newest:
        transactions[sequence.refreshes] = (life.at - EPOCH) // timedelta(microseconds=1)
    rows = as_table(settled.rows, arrow_schema(dataset))
    if settled.replaced.is_empty():
        return Change(rows, counts, transactions=transactions)
    touched = old.join(settled.replaced, on=list(dataset.own_key), how="semi")
    return Change(rows, counts, match=_match(touched, dataset, sequence), transactions=transactions)


def _counts(
    judged: pl.DataFrame, decides: Decides, late: Mapping[int, timedelta], beside: Outcomes = MappingProxyType({})
) -> Counts:
    """What a commit says of its rows and records. beside: outcomes of rows that the batch did not bring."""
    counts = {"rows": added(outcomes(judged), beside), "fates": decides.fates(judged)}
    return {**counts, **_caught(decides.of(judged), late)} if late else counts


def _caught(judged: pl.DataFrame, late: Mapping[int, timedelta]) -> dict[str, dict[str, int]]:
    """How many records with news came late, by how much: name of the least bound that holds it -> records."""
    news = judged.filter(pl.col("outcome").is_in(["written", "corrected"]))["record"].unique()
    lags = [late[record] for record in news if record in late]
    found = Counter(next(name for name, bound in LATE.items() if lag <= bound) for lag in lags)
    return {"late": dict(found)} if found else {}


def _life(snapshot: DeltaTable, sequence: Sequence, shown: Shown | None) -> Life:
    newest = snapshot.transaction_version(sequence.refreshes)
    return Life(
        newest=None if newest is None else EPOCH + timedelta(microseconds=newest),
        at=None if shown is None else shown.at,
    )


def _same_source(sequence: Sequence) -> pl.Expr:
    return (
        (pl.col("city") == sequence.city)
        & (pl.col("source_platform") == sequence.source_platform)
        & (pl.col("source_stream") == sequence.stream)
    )


def _standing(of_source: pl.LazyFrame, new: pl.DataFrame, dataset: Dataset) -> pl.DataFrame:
    """The rows of the table that have the keys of `new`."""
    key = list(dataset.own_key)
    if new.is_empty():
        return new
    # Keys first: most batches find none of theirs, and so never read a whole row.
    keys = new.select(key)
    known = _semi(of_source.filter(_bounds(new, dataset)).select(key), keys, key)
    if known.is_empty():
        return new.clear()
    return _semi(of_source.filter(_bounds(known, dataset)), known, key)


def _semi(rows: pl.LazyFrame, keys: pl.DataFrame, key: list[str]) -> pl.DataFrame:
    return rows.join(keys.lazy(), on=key, how="semi").collect(engine="streaming")


def _bounds(keys: pl.DataFrame, dataset: Dataset) -> pl.Expr:
    """Bounds on times and texts within which rows of the same keys must lie; they prune files.

    Time prunes what came before, and text what comes beside: shards of one stream write of the same minutes into one
    table, each of units of its own.
    """
    bounds = [pl.lit(True)]
    for name in _ranged(dataset, "timestamp", "string"):
        first, last = keys[name].min(), keys[name].max()
        bounds.append(pl.col(name).is_between(pl.lit(first, keys[name].dtype), pl.lit(last, keys[name].dtype)))
    return pl.all_horizontal(bounds)


def _ranged(dataset: Dataset, *types: str) -> list[str]:
    return [name for name in dataset.own_key if dataset.field(name).type in types]


def _others(of_source: pl.LazyFrame, new: pl.DataFrame, shown: Shown, life: Life, dataset: Dataset) -> pl.DataFrame:
    """Rows that the batch itself does not hold, but whose life the refresh that it ends decides."""
    key = list(dataset.own_key)
    elsewhere = of_source.join(new.select(key).lazy(), on=key, how="anti")
    return life.others(elsewhere, shown.keys, key).collect(engine="streaming")


def _with_others(settled: Settled, others: pl.DataFrame, dataset: Dataset) -> Settled:
    return replace(
        settled,
        rows=pl.concat([settled.rows, others.select(settled.rows.columns)]),
        replaced=pl.concat([settled.replaced, others.select(dataset.own_key)]),
    )


def _match(touched: pl.DataFrame, dataset: Dataset, sequence: Sequence) -> str:
    """The SQL condition under which a row of the table (`old`) is replaced by one of the change (`new`).

    touched: the rows of the table that are to be replaced; what holds for all of them prunes files.
    """
    same = [f'old."{name}" = new."{name}"' for name in dataset.own_key]
    bounds = [
        f"old.city = {literal(sequence.city)}",
        f"old.source_platform = {literal(sequence.source_platform)}",
        f"old.source_stream = {literal(sequence.stream)}",
    ]
    if "date" in dataset.partition_by:
        days = ", ".join(f"DATE {literal(day.isoformat())}" for day in touched["date"].unique().sort())
        bounds.append(f"old.date IN ({days})")
    for name in _ranged(dataset, "timestamp"):
        first, last = touched[name].min(), touched[name].max()
        assert isinstance(first, datetime)
        assert isinstance(last, datetime)
        if TELLABLE[0] < first and last < TELLABLE[1]:
            column = f'old."{name}"'
            bounds.append(f"{column} >= {_instant(first)} AND {column} <= {_instant(last)}")
    for name in _ranged(dataset, "string"):
        least, most = (literal(str(end)) for end in (touched[name].min(), touched[name].max()))
        bounds.append(f'old."{name}" >= {least} AND old."{name}" <= {most}')
    return " AND ".join([*bounds, *same])


def _instant(at: datetime) -> str:
    return f"TIMESTAMP {literal(at.isoformat())}"
