"""The figures themselves: each family of metrics, with what it says and how it is read."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import polars as pl
import pyarrow as pa
import pyarrow.dataset as pads
from deltalake import DeltaTable
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from hutong.budget.usage import used
from hutong.decisions import refused
from hutong.errors import HutongError
from hutong.freshness import freshness
from hutong.metrics.sums import Sums
from hutong.model.batch import Sequence
from hutong.model.dataset import Dataset
from hutong.pauses import orders
from hutong.registry import Registry
from hutong.settings import Settings
from hutong.store.failures import told
from hutong.store.paths import PER_PLATFORM, Place, Store
from hutong.store.tables import existing

log = logging.getLogger(__name__)

KEPT_S = 15.0
"""So long what was read is given out again: two who ask at a time cost the lake no more than one."""

_STREAM = ("platform", "stream", "city")


@dataclass(frozen=True, slots=True)
class Family:
    """A metric by its name: what it says, and its labels. Every label is a declared name, never a value from data."""

    kind: Literal["gauge", "counter"]
    said: str
    labels: tuple[str, ...] = ()


DESCRIBED: Mapping[str, Family] = {
    "hutong_lake_readable": Family("gauge", "Whether the lake could be read; 0 with nothing else."),
    "hutong_lake_read_seconds": Family("gauge", "How long reading it took."),
    "hutong_dataset_rows": Family(
        "gauge", "Rows that stand in a base dataset, tombstones included.", ("dataset", "city")
    ),
    "hutong_dataset_bytes": Family("gauge", "Bytes of its files in the store.", ("dataset", "city")),
    "hutong_dataset_files": Family("gauge", "How many files it has.", ("dataset", "city")),
    "hutong_dataset_newest_observed_timestamp_seconds": Family(
        "gauge", "The newest instant in the street that it tells of.", ("dataset", "city")
    ),
    "hutong_dataset_version": Family("gauge", "The newest version of its table.", ("dataset",)),
    "hutong_landing_pages": Family("gauge", "Pages that landing holds.", ("platform", "stream", "city")),
    "hutong_landing_bytes": Family("gauge", "Bytes of their files in the store.", ("platform", "stream", "city")),
    "hutong_records_received_total": Family("counter", "Records that were received and accounted for.", _STREAM),
    "hutong_records": Family(
        "gauge", "What became of them, by fate; all fates make what was received.", (*_STREAM, "fate")
    ),
    "hutong_records_late_total": Family(
        "counter", "Records that came late and brought something new, by how late at most.", (*_STREAM, "bound")
    ),
    "hutong_received_timestamp_seconds": Family("gauge", "When the newest batch was received.", _STREAM),
    "hutong_published_timestamp_seconds": Family("gauge", "When the newest batch was published.", _STREAM),
    "hutong_batches_waiting": Family("gauge", "Batches that have landed and are not published yet.", _STREAM),
    "hutong_quarantine_open_records": Family(
        "gauge", "Quarantined records that nobody has settled, by their first rule.", ("platform", "stream", "rule")
    ),
    "hutong_gate_failures_total": Family(
        "counter", "Batches in which a dataset gate found something.", ("platform", "dataset", "gate")
    ),
    "hutong_gate_decisions_waiting": Family(
        "gauge", "Batches refused by a gate, or by drift, for which a person has to decide.", ("platform",)
    ),
    "hutong_drifted_fields": Family(
        "gauge", "Fields in which a source is not as it is declared, ever met.", ("platform", "stream", "change")
    ),
    "hutong_dataset_late": Family(
        "gauge", "1 where a dataset is later than its contract promises.", ("dataset", *_STREAM)
    ),
    "hutong_dataset_late_from_timestamp_seconds": Family(
        "gauge", "From when on it is late unless more comes.", ("dataset", *_STREAM)
    ),
    "hutong_platform_paused": Family("gauge", "1 while a person has it left alone.", ("platform",)),
    "hutong_platform_quiet": Family("gauge", "1 in its quiet hours.", ("desk",)),
    "hutong_platform_requests_last_minute": Family(
        "gauge", "Requests of the last minute, from this machine.", ("desk",)
    ),
    "hutong_platform_requests_allowed_per_minute": Family("gauge", "Requests that its owner allows.", ("desk",)),
    "hutong_platform_requests_under_way": Family("gauge", "Requests that wait for its answer.", ("desk",)),
    "hutong_platform_failures_in_a_row": Family("gauge", "Busy answers since the last good one.", ("desk",)),
    "hutong_platform_breaker_open": Family("gauge", "1 while nobody asks because it was busy too often.", ("desk",)),
}
"""Every metric that there is."""


class LakeCollector(Collector):
    """Reads the lake when it is asked, not more often than every `KEPT_S`."""

    def __init__(self, registry: Registry, store: Store, settings: Settings) -> None:
        self._registry, self._store, self._settings = registry, store, settings
        self._guard, self._read_at, self._kept = threading.Lock(), 0.0, list[Metric]()
        self._ledgers = Sums(_ENTRY, _entries, pads.field("kind") != "row")
        self._quarantines = Sums(
            ("platform", "stream", "rule"), _counted, pads.field("is_first") & (pads.field("status") == "open")
        )

    def describe(self) -> Iterable[Metric]:
        """Nothing: the library would otherwise read the lake to learn the names."""
        return []

    def collect(self) -> Iterable[Metric]:
        """All families. A lake that cannot be read is said so by `hutong_lake_readable`, and in the log."""
        with self._guard:
            if not self._kept or time.monotonic() - self._read_at > KEPT_S:
                self._kept, self._read_at = self._read(), time.monotonic()
            return self._kept

    def _read(self) -> list[Metric]:
        began, families = time.perf_counter(), _Families()
        try:
            self.fill(families.add)
            families.add("hutong_lake_readable", 1)
        except HutongError as wrong:
            log.warning("the lake cannot be read: %s", wrong)
            families = _Families()
            families.add("hutong_lake_readable", 0)
        families.add("hutong_lake_read_seconds", time.perf_counter() - began)
        return families.made()

    def fill(self, add: Add) -> None:
        """Every figure. Raises StoreError."""
        for dataset in self._registry.datasets.values():
            if dataset.count_of is None and dataset.id not in PER_PLATFORM:
                _of_dataset(dataset, self._store.base(dataset.table), add)
        for platform in self._registry.connectors:
            self._of_platform(platform, add)
        for one in freshness(self._registry, self._store, datetime.now(UTC)):
            place = (one.dataset, one.platform, one.stream, one.city)
            add("hutong_dataset_late", one.is_late, *place)
            if one.late_from is not None:
                add("hutong_dataset_late_from_timestamp_seconds", one.late_from.timestamp(), *place)
        ordered = orders(self._registry, self._store)
        for platform in self._registry.connectors:
            add("hutong_platform_paused", platform in ordered and ordered[platform].is_pause, platform)
        self._budgets(add)

    def _of_platform(self, platform: str, add: Add) -> None:
        ledger = existing(self._store.ledger(platform))
        for source in self._registry.sources_of(platform):
            place = self._store.landing(platform, source.name)
            landing = existing(place)
            if landing is None:
                continue
            _of_landing(platform, source.name, landing, add)
            waiting = Counter[str]()
            with told(place):
                for sequence in source.sequences:
                    landed, published = (_number(table, sequence) for table in (landing, ledger))
                    waiting[sequence.city] += landed - published
            for city, batches in waiting.items():
                add("hutong_batches_waiting", batches, platform, source.name, city)
        self._accounts(platform, add)
        open_records = self._quarantines.of(self._store.quarantine(platform))
        if open_records is not None:
            for row in _again(open_records, ("platform", "stream", "rule")).iter_rows(named=True):
                add("hutong_quarantine_open_records", row["count"], platform, row["stream"], row["rule"])
        waits = sum(1 for one in refused(platform, self._registry, self._store) if one.decision is None)
        add("hutong_gate_decisions_waiting", waits, platform)

    def _accounts(self, platform: str, add: Add) -> None:
        """What the ledger says."""
        entries = self._ledgers.of(self._store.ledger(platform))
        if entries is None:
            return
        records = entries.filter(pl.col("kind") == "record")
        for city, stream, total in _summed(records, "city", "stream"):
            add("hutong_records_received_total", total, platform, stream, city)
        for city, stream, fate, total in _summed(records, "city", "stream", "outcome"):
            add("hutong_records", total, platform, stream, city, fate)
        for city, stream, bound, total in _summed(entries.filter(pl.col("kind") == "late"), "city", "stream", "rule"):
            add("hutong_records_late_total", total, platform, stream, city, bound)
        failed = entries.filter(pl.col("kind") == "gate", pl.col("outcome") == "failed")
        for dataset, gate, total in _summed(failed, "dataset", "rule"):
            add("hutong_gate_failures_total", total, platform, dataset, gate)
        drifted = entries.filter(pl.col("kind") == "drift").select("stream", "outcome", "rule").unique()
        for stream, change, fields in drifted.group_by("stream", "outcome").len().iter_rows():
            add("hutong_drifted_fields", fields, platform, stream, change)
        newest = entries.group_by("city", "stream").agg(pl.col("landed_at", "published_at").max())
        for city, stream, landed_at, published_at in newest.iter_rows():
            add("hutong_received_timestamp_seconds", landed_at.timestamp(), platform, stream, city)
            add("hutong_published_timestamp_seconds", published_at.timestamp(), platform, stream, city)

    def _budgets(self, add: Add) -> None:
        for connector in self._registry.connectors.values():
            for desk in connector.desks:
                seen = used(connector, self._settings, desk)
                add("hutong_platform_quiet", seen.quiet_until is not None, desk)
                if seen.requests is not None:
                    add("hutong_platform_requests_last_minute", seen.requests, desk)
                if (allowed := connector.budget.requests_per_minute) is not None:
                    add("hutong_platform_requests_allowed_per_minute", allowed, desk)
                add("hutong_platform_requests_under_way", seen.under_way, desk)
                add("hutong_platform_failures_in_a_row", seen.failures, desk)
                add("hutong_platform_breaker_open", seen.open_until is not None, desk)


def exposition(registry: Registry, store: Store, settings: Settings) -> bytes:
    """All figures as Prometheus' text."""
    collected = CollectorRegistry()
    collected.register(LakeCollector(registry, store, settings))
    return generate_latest(collected)


class _Families:
    """Metrics as they come in."""

    def __init__(self) -> None:
        self._made: dict[str, GaugeMetricFamily | CounterMetricFamily] = {}

    def add(self, name: str, value: float, *labels: str) -> None:
        if name not in self._made:
            family = DESCRIBED[name]
            kind = CounterMetricFamily if family.kind == "counter" else GaugeMetricFamily
            self._made[name] = kind(name, family.said, labels=family.labels)
        self._made[name].add_metric(labels, float(value))

    def made(self) -> list[Metric]:
        return list(self._made.values())


Add = Callable[..., None]
"""Name, value, and the labels in the order of `DESCRIBED`."""

_ENTRY = ("city", "stream", "kind", "dataset", "outcome", "rule", "count", "landed_at", "published_at")


def _entries(rows: pl.DataFrame) -> pl.DataFrame:
    """The entries of a file of a ledger, but for rows of datasets, summed over its batches."""
    by = ("city", "stream", "kind", "dataset", "outcome", "rule")
    return rows.group_by(by).agg(
        pl.col("count").sum().cast(pl.Int64), pl.col("landed_at").max(), pl.col("published_at").max()
    )


def _counted(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.group_by("platform", "stream", "rule").agg(pl.len().cast(pl.Int64).alias("count"))


def _again(parts: pl.DataFrame, by: Iterable[str]) -> pl.DataFrame:
    return parts.group_by(by).agg(pl.col("count").sum())


def _summed(parts: pl.DataFrame, *by: str) -> Iterator[tuple[str, ...]]:
    return _again(parts, by).iter_rows()


def _of_dataset(dataset: Dataset, place: Place, add: Add) -> None:
    table = existing(place)
    if table is None:
        return
    add("hutong_dataset_version", table.version(), dataset.id)
    for city, rows, size, files, newest in _by_city(pa.table(table.get_add_actions(flatten=True))):
        add("hutong_dataset_rows", rows, dataset.id, city)
        add("hutong_dataset_bytes", size, dataset.id, city)
        add("hutong_dataset_files", files, dataset.id, city)
        if newest is not None:
            add("hutong_dataset_newest_observed_timestamp_seconds", newest.timestamp(), dataset.id, city)


def _of_landing(platform: str, stream: str, table: DeltaTable, add: Add) -> None:
    for city, pages, size, _, _ in _by_city(pa.table(table.get_add_actions(flatten=True))):
        add("hutong_landing_pages", pages, platform, stream, city)
        add("hutong_landing_bytes", size, platform, stream, city)


def _number(table: DeltaTable | None, sequence: Sequence) -> int:
    return 0 if table is None else table.transaction_version(sequence.id) or 0


def _by_city(files: pa.Table) -> Iterator[tuple[str, int, int, int, datetime | None]]:
    """City, rows, bytes, files, newest observed_at, by what the log states of each file; no file is opened.

    Tables that are not kept by city have the city "".
    """
    found = pl.from_arrow(files)
    assert isinstance(found, pl.DataFrame)
    city, newest = "partition.city", "max.observed_at"
    of_city = pl.col(city).cast(pl.String) if city in found.columns else pl.lit("")
    instant = pl.col(newest) if newest in found.columns else pl.lit(None, pl.Datetime("us", "UTC"))
    sums = [pl.col("num_records").sum(), pl.col("size_bytes").sum(), pl.len()]
    yield from found.group_by(of_city.alias("city")).agg(*sums, instant.max().alias("newest")).iter_rows()
