"""The first equation, stream by stream: landing, ledger, quarantine and commits say the same of every batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from typing import Any

import polars as pl
from deltalake import DeltaTable

from hutong.errors import HutongError
from hutong.model.batch import Sequence
from hutong.pages import Garbled, records
from hutong.pipeline import store_key
from hutong.publish.ledger import Entry, entries
from hutong.registry import Registry, Source
from hutong.secrets import Secrets
from hutong.store.landing import read_batch
from hutong.store.paths import Store
from hutong.verify.report import Report
from hutong.verify.tables import Log

_ENTRY = ["kind", "dataset", "outcome", "rule", "count"]


@dataclass(frozen=True, slots=True)
class Lake:
    """What is verified. tables: name -> newest version; damaged: those of them that lack a file, whose rows cannot be
    read; logs: name -> its commits.
    """

    registry: Registry
    store: Store
    secrets: Secrets
    tables: Mapping[str, DeltaTable]
    damaged: Set[str]
    logs: Mapping[str, Log]

    def number(self, table: str, sequence: str) -> int:
        """The newest batch of `sequence` in `table`; 0 if none."""
        found = self.tables.get(table)
        return 0 if found is None else found.transaction_version(sequence) or 0

    def frame(self, table: str, *columns: str, where: pl.Expr) -> pl.DataFrame:
        """Rows of `table`; none where there is no such table, null in a column that it was made without."""
        found = self.tables.get(table)
        if found is None:
            return pl.DataFrame(schema=dict.fromkeys(columns, pl.Null))
        there = {field.name for field in found.schema().fields}
        chosen = [pl.col(name) if name in there else pl.lit(None).alias(name) for name in columns]
        return pl.scan_delta(found).filter(where).select(chosen).collect()


def check_stream(source: Source, city: str, lake: Lake, report: Report) -> None:
    """Every batch of every sequence of a stream in a city."""
    platform = source.connector.platform
    landing, ledger, quarantine = f"landing of {source.id}", f"ledger of {platform}", f"quarantine of {platform}"
    if lake.damaged & {landing, ledger, quarantine}:
        return
    of_stream = (pl.col("city") == city) & (pl.col("stream") == source.name)
    said = _by_origin(lake.frame(ledger, "sequence", "batch", "received", *_ENTRY, where=of_stream))
    report.problems += _doubled_entries(said)
    kept = _by_origin(lake.frame(quarantine, "sequence", "batch", "status", where=of_stream & pl.col("is_first")))
    pages = lake.frame(landing, "sequence", "batch", "page", where=pl.col("city") == city)
    live = Sequence(platform, source.name, city).id
    for sequence in sorted({live, *said["origin"], *pages["sequence"]}):
        landed = pages.filter(pl.col("sequence") == sequence)
        of_sequence = said.filter(pl.col("origin") == sequence)
        _check_numbers(sequence, landed, of_sequence, source, lake, report)
        closed = lake.number(ledger, sequence)
        of_batch = _by_batch(of_sequence)
        by_status = _by_status(kept.filter(pl.col("origin") == sequence))
        there = set(landed["batch"])
        for batch in range(1, closed + 1):
            if batch not in of_batch:
                report.problems.append(
                    f"{sequence} batch {batch}: the ledger has its number but no entry;"
                    f" restore the ledger of {platform}"
                )
                continue
            known = _Batch(sequence, batch, of_batch[batch], by_status.get(batch, {}))
            report.problems += known.imbalances()
            _check_origin(known, source, batch in there, lake, report)


@dataclass(frozen=True, slots=True)
class _Batch:
    """What the ledger says of one batch, replays included, and how many of its records the quarantine holds in which
    status.
    """

    sequence: str
    number: int
    entries: list[dict[str, Any]]
    kept: Mapping[str, int]

    @property
    def where(self) -> str:
        return f"{self.sequence} batch {self.number}"

    @property
    def received(self) -> int:
        return int(self.entries[0]["received"])

    def imbalances(self) -> Iterator[str]:
        of_records = [entry for entry in self.entries if entry["kind"] == "record"]
        accounted = sum(entry["count"] for entry in of_records)
        if accounted != self.received:
            yield f"{self.where}: {self.received} records received, but the fates add up to {accounted}"
        if (refused := sum(entry["count"] for entry in of_records if entry["outcome"] == "refused")) < 0:
            yield f"{self.where}: {-refused} more records were accepted than its gates refused"
        for fate, status in (("quarantined", "open"), ("dropped", "dropped")):
            in_ledger = sum(entry["count"] for entry in of_records if entry["outcome"] == fate)
            in_table = self.kept.get(status, 0)
            if in_ledger != in_table:
                yield f"{self.where}: the ledger counts {in_ledger} {fate}, the quarantine holds {in_table}"

    def of_its_own(self) -> Counter[Entry]:
        """The entries that its publication made, without those of replays."""
        own = [entry for entry in self.entries if entry["sequence"] == self.sequence]
        return Counter(Entry(**{name: entry[name] for name in _ENTRY}) for entry in own)


def _check_numbers(
    sequence: str, landed: pl.DataFrame, said: pl.DataFrame, source: Source, lake: Lake, report: Report
) -> None:
    """Landing, datasets and ledger have got equally far, and no batch in between is gone."""
    newest = lake.number(f"landing of {source.id}", sequence)
    closed = lake.number(f"ledger of {source.connector.platform}", sequence)
    if closed < newest:
        waiting = f"batch {newest}" if newest == closed + 1 else f"batches {closed + 1} to {newest}"
        report.problems.append(
            f"{sequence}: {waiting} landed, but not published yet;"
            f" run `hutong sync {source.connector.platform} {source.name}`"
        )
    if closed > newest:
        report.problems.append(
            f"{sequence}: the ledger closes batch {closed}, but landing ends at {newest}; restore the landing table"
        )
    for dataset in source.datasets.values():
        reached = lake.number(dataset.id, sequence)
        # A mapping may have begun to fill it late, such as a new major version: only what was written can be lost.
        if (
            reached < closed
            and not said.filter(pl.col("dataset") == dataset.table, pl.col("batch") > reached).is_empty()
        ):
            report.problems.append(
                f"{sequence}: the ledger closes batch {closed}, but {dataset.id} ends at {reached};"
                f" restore {dataset.id}"
            )
    # Old batches leave landing from the first one on, so a hole behind a batch that is there is no retention.
    there = set(landed["batch"])
    for batch in range(min(there, default=newest + 1), newest + 1):
        if batch not in there:
            report.problems.append(f"{sequence}: batch {batch} is missing in landing; restore the landing table")
    for batch, page, count in (
        landed.group_by("batch", "page").len().filter(pl.col("len") > 1).sort(pl.all()).iter_rows()
    ):
        report.problems.append(
            f"{sequence} batch {batch}: page {page} lies there {count} times; restore the landing table"
        )
    for batch, last, count in landed.group_by("batch").agg(pl.col("page").max(), pl.len()).sort("batch").iter_rows():
        if count < last + 1:
            report.problems.append(
                f"{sequence} batch {batch}: {count} of {last + 1} pages are there; restore the landing table"
            )


def _check_origin(known: _Batch, source: Source, is_landed: bool, lake: Lake, report: Report) -> None:
    """Hold what the ledger says against the landed pages and against the publishing commit, as far as they are kept."""
    report.records += known.received
    log = lake.logs.get(source.deciding.id)
    counts = log.counts.get((known.sequence, known.number)) if log else None
    if counts is not None:
        _compare(known, counts, source, report)
    if not is_landed:
        report.by_commit += counts is not None
        report.by_ledger += counts is None
        return
    report.recounted += 1
    try:
        landed = _recount(known, source, lake, report)
    except HutongError as wrong:
        report.problems.append(f"{known.where}: {wrong}")
        return
    if landed != known.received:
        report.problems.append(
            f"{known.where}: the ledger says {known.received} records received, but {landed} lie in landing"
        )


def _compare(known: _Batch, counts: Mapping[str, Any], source: Source, report: Report) -> None:
    expected, found = Counter(entries(counts)), known.of_its_own()
    if counts["received"] != known.received:
        report.problems.append(
            f"{known.where}: the ledger says {known.received} records received, the commit in"
            f" {source.deciding.id} says {counts['received']}; restore the ledger of {source.connector.platform}"
        )
    if found != expected:
        report.problems.append(
            f"{known.where}: the ledger says {_said(found - expected)}, the commit in {source.deciding.id} says"
            f" {_said(expected - found)}; restore the ledger of {source.connector.platform}"
        )


def _said(some: Counter[Entry]) -> str:
    words = [" ".join(filter(None, (one.dataset, one.outcome, one.rule))) + f"={one.count}" for one in some.elements()]
    return ", ".join(sorted(words)) or "nothing of the kind"


def _recount(known: _Batch, source: Source, lake: Lake, report: Report) -> int:
    """Records in the landed pages of a batch, read again from their bytes."""
    counted = 0
    key = store_key(source, lake.secrets)
    for page in read_batch(lake.store, Sequence.parse(known.sequence), known.number, key):
        where = f"{known.where} page {page.number}"
        if not page.is_intact:
            report.problems.append(f"{where}: the bytes are not those that landed; restore the landing table")
        try:
            counted += len(records(page.body, page.content_type, source.stream))
        except Garbled as wrong:
            report.problems.append(f"{where}: {wrong}")
    return counted


def _by_origin(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` with the sequence whose batch each row is about: a replay speaks of the batches that it runs again, and
    what was accepted of the one that was refused.
    """
    return frame.with_columns(origin=pl.col("sequence").cast(pl.String).str.replace(r"/(replay|accept)/[^/]+$", ""))


def _by_status(kept: pl.DataFrame) -> dict[int, dict[str, int]]:
    """Batch -> status -> how many records the quarantine keeps in it; what release 0.2 and before refused is open."""
    found: dict[int, dict[str, int]] = {}
    status = pl.col("status").cast(pl.String).fill_null("open")
    for batch, name, count in kept.group_by("batch", status).len().iter_rows():
        found.setdefault(batch, {})[name] = count
    return found


def _by_batch(said: pl.DataFrame) -> dict[int, list[dict[str, Any]]]:
    """Batch -> its entries, its own before those of replays, whose `received` is not the batch's."""
    found: dict[int, list[dict[str, Any]]] = {}
    for entry in said.sort("sequence").iter_rows(named=True):
        found.setdefault(entry["batch"], []).append(entry)
    return found


def _doubled_entries(said: pl.DataFrame) -> Iterator[str]:
    key = ["sequence", "batch", "kind", "dataset", "outcome", "rule"]
    for row in said.group_by(key).len().filter(pl.col("len") > 1).sort(pl.all()).iter_rows(named=True):
        yield f"ledger: {row['sequence']} batch {row['batch']} says '{row['outcome']}' twice"
