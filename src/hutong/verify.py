"""Prove the account: recount what landing holds and hold it against the ledger, the commits and the tables.

First equation: the fates of a batch's records add up to what was received. Second: the rows that batches wrote are
the rows that are there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import polars as pl

from hutong.errors import HutongError
from hutong.lake import rows_of
from hutong.model.batch import Sequence
from hutong.model.dataset import Dataset
from hutong.pages import Garbled, records
from hutong.pipeline import store_key
from hutong.registry import Registry, Source
from hutong.secrets import Secrets
from hutong.store.landing import mark, read_batch
from hutong.store.paths import Store
from hutong.store.tables import counts_of, existing, number


@dataclass(slots=True)
class Report:
    """What was checked and what is wrong. recounted: batches whose landed pages were read again; by_commit: those
    held against their commit's counts.
    """

    recounted: int = 0
    by_commit: int = 0
    records: int = 0
    rows: int = 0
    problems: list[str] = field(default_factory=list)


def verify(registry: Registry, store: Store, secrets: Secrets) -> Report:
    """Everything in `store`, checked. Nothing is changed."""
    report = Report()
    ledger = _frame("ledger", registry, store)
    for said in _doubled_entries(ledger):
        report.problems.append(said)
    for source in registry.sources.values():
        for sequence in source.sequences:
            _check_sequence(
                source, sequence, ledger.filter(pl.col("sequence") == sequence.id), registry, store, secrets, report
            )
    for dataset in registry.base_datasets:
        _check_dataset(dataset, ledger, registry, store, report)
    return report


def _frame(name: str, registry: Registry, store: Store) -> pl.DataFrame:
    frame = pl.from_arrow(rows_of(registry.dataset(name), registry, store).to_table())
    assert isinstance(frame, pl.DataFrame)
    return frame


def _doubled_entries(ledger: pl.DataFrame) -> Iterator[str]:
    key = ["sequence", "batch", "kind", "dataset", "outcome", "rule"]
    for row in ledger.group_by(key).len().filter(pl.col("len") > 1).iter_rows(named=True):
        yield f"ledger: {row['sequence']} batch {row['batch']} says '{row['outcome']}' twice"


def _check_sequence(
    source: Source,
    sequence: Sequence,
    ledger: pl.DataFrame,
    registry: Registry,
    store: Store,
    secrets: Secrets,
    report: Report,
) -> None:
    newest, _ = mark(store, sequence)
    closed = number(store.ledger(sequence.platform), sequence.id)
    if closed < newest:
        waiting = f"batch {newest}" if newest == closed + 1 else f"batches {closed + 1} to {newest}"
        report.problems.append(
            f"{sequence.id}: {waiting} landed, but not published yet;"
            f" run `hutong sync {sequence.platform} {sequence.stream}`"
        )
    if closed > newest:
        report.problems.append(
            f"{sequence.id}: the ledger closes batch {closed}, but landing ends at {newest}; restore the landing table"
        )
    for dataset in source.datasets:
        reached = number(store.base(dataset), sequence.id)
        if reached < closed:
            report.problems.append(
                f"{sequence.id}: the ledger closes batch {closed}, but {dataset} ends at {reached}; restore {dataset}"
            )
    quarantined = _quarantined(sequence, registry, store)
    for batch in range(1, closed + 1):
        entries = ledger.filter(pl.col("batch") == batch)
        _check_batch(source, sequence, batch, entries, quarantined.get(batch, 0), store, secrets, report)


def _quarantined(sequence: Sequence, registry: Registry, store: Store) -> dict[int, int]:
    quarantine = _frame("quarantine", registry, store).filter(pl.col("sequence") == sequence.id, pl.col("is_first"))
    return dict(quarantine.group_by("batch").len().iter_rows())


def _check_batch(
    source: Source,
    sequence: Sequence,
    batch: int,
    entries: pl.DataFrame,
    quarantined: int,
    store: Store,
    secrets: Secrets,
    report: Report,
) -> None:
    where = f"{sequence.id} batch {batch}"
    if entries.is_empty():
        report.problems.append(
            f"{where}: the ledger has its number but no entry; restore the ledger of {sequence.platform}"
        )
        return
    received = int(entries["received"][0])
    of_records = entries.filter(pl.col("kind") == "record")
    accounted = int(of_records["count"].sum())
    report.records += received
    if accounted != received:
        report.problems.append(f"{where}: {received} records received, but the fates add up to {accounted}")
    in_ledger = int(of_records.filter(pl.col("outcome") == "quarantined")["count"].sum())
    if in_ledger != quarantined:
        report.problems.append(
            f"{where}: the ledger counts {in_ledger} quarantined, the quarantine holds {quarantined}"
        )
    try:
        landed = _recount(source, sequence, batch, store, secrets, report)
        if landed is None:
            report.by_commit += 1
            table = existing(store.base(source.deciding.id))
            landed = int(counts_of(table, sequence.id, batch)["received"]) if table is not None else 0
        else:
            report.recounted += 1
    except HutongError as wrong:
        report.problems.append(f"{where}: {wrong}")
        return
    if landed != received:
        report.problems.append(f"{where}: the ledger says {received} records received, but {landed} lie in landing")


def _recount(
    source: Source, sequence: Sequence, batch: int, store: Store, secrets: Secrets, report: Report
) -> int | None:
    """Records in the landed pages of a batch, read again from their bytes; None if landing no longer holds it."""
    counted: int | None = None
    for page in read_batch(store, sequence, batch, store_key(source, secrets)):
        where = f"{sequence.id} batch {batch} page {page.number}"
        if not page.is_intact:
            report.problems.append(f"{where}: the bytes are not those that landed; restore the landing table")
        try:
            found = len(records(page.body, page.content_type, source.stream))
        except Garbled as wrong:
            report.problems.append(f"{where}: {wrong}")
            found = 0
        counted = (counted or 0) + found
    return counted


def _check_dataset(dataset: Dataset, ledger: pl.DataFrame, registry: Registry, store: Store, report: Report) -> None:
    """Rows that are there against rows that were written, per stream, and keys that stand twice."""
    rows = rows_of(dataset, registry, store)
    columns = list(dict.fromkeys([*dataset.key, "city", "source_platform", "source_stream"]))
    frame = pl.from_arrow(rows.to_table(columns=columns))
    assert isinstance(frame, pl.DataFrame)
    report.rows += frame.height
    doubled = frame.height - frame.select(dataset.key).n_unique()
    if doubled:
        report.problems.append(f"{dataset.id}: {doubled} rows have a key that stands already")
    there = dict(
        frame.group_by(pl.concat_str("source_platform", pl.lit("/"), "source_stream", pl.lit("/"), "city"))
        .len()
        .iter_rows()
    )
    written = dict(
        ledger.filter(pl.col("kind") == "row", pl.col("dataset") == dataset.id, pl.col("outcome") == "written")
        .group_by("sequence")
        .agg(pl.col("count").sum())
        .iter_rows()
    )
    for sequence in sorted({*there, *written}):
        wrote, stands = written.get(sequence, 0), there.get(sequence, 0)
        if wrote != stands:
            report.problems.append(
                f"{dataset.id}: the ledger wrote {wrote} rows from {sequence}, but {stands} are there"
            )
