"""What came, what became of it, and how fresh it is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import duckdb

from hutong.model.batch import FATES, Fate
from hutong.model.declared import Words
from hutong.registry import Registry
from hutong.report.instants import instant

TOP_REASONS = 2


@dataclass(frozen=True, slots=True)
class Reason:
    """A rule that refused records. said: the sentence of the first record it refused."""

    rule: str
    records: int
    said: Words


@dataclass(frozen=True, slots=True)
class StreamFates:
    """A stream's records: how many came, and what became of them. reasons: the rules that refused most of them."""

    source: str
    title: Words
    received: int
    fates: dict[Fate, int]
    reasons: tuple[Reason, ...]

    @property
    def is_balanced(self) -> bool:
        """Whether every record has exactly one fate."""
        return sum(self.fates.values()) == self.received


@dataclass(frozen=True, slots=True)
class DatasetState:
    """A base dataset: its rows, who filled it, and the newest observed_at in it."""

    dataset: str
    title: Words
    rows: int
    platforms: tuple[str, ...]
    newest: datetime | None
    age_s: float | None


def streams_of(connection: duckdb.DuckDBPyConnection, registry: Registry) -> tuple[StreamFates, ...]:
    """Every declared stream, in the registry's order; those that nothing came from stand with zeros."""
    received = {
        f"{platform}.{stream}": int(records)
        for platform, stream, records in connection.execute(
            """SELECT platform, stream, sum(received) FROM
               (SELECT DISTINCT platform, stream, sequence, batch, received FROM ledger) GROUP BY ALL"""
        ).fetchall()
    }
    fates: dict[str, dict[str, int]] = {}
    for platform, stream, outcome, count in connection.execute(
        "SELECT platform, stream, outcome, sum(count) FROM ledger WHERE kind = 'record' GROUP BY ALL"
    ).fetchall():
        fates.setdefault(f"{platform}.{stream}", {})[outcome] = int(count)
    reasons = _reasons(connection)
    return tuple(
        StreamFates(
            source=name,
            title=source.stream.title,
            received=received.get(name, 0),
            fates={fate: fates.get(name, {}).get(fate, 0) for fate in FATES},
            reasons=reasons.get(name, ()),
        )
        for name, source in registry.sources.items()
    )


def _reasons(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[Reason, ...]]:
    found: dict[str, tuple[Reason, ...]] = {}
    # The example is the first by place, not by time, so that two runs over one lake say the same.
    for platform, stream, rule, records, zh, en in connection.execute(
        """SELECT platform, stream, rule, count(*) AS records,
                  arg_min(reason_zh, (sequence, batch, record)), arg_min(reason_en, (sequence, batch, record))
           FROM quarantine WHERE is_first AND coalesce(status, 'open') = 'open' GROUP BY platform, stream, rule
           QUALIFY row_number() OVER (PARTITION BY platform, stream ORDER BY records DESC, rule) <= ?
           ORDER BY platform, stream, records DESC, rule""",
        [TOP_REASONS],
    ).fetchall():
        name = f"{platform}.{stream}"
        found[name] = (*found.get(name, ()), Reason(rule, int(records), Words(zh=zh, en=en)))
    return found


def datasets_of(connection: duckdb.DuckDBPyConnection, registry: Registry, now: datetime) -> tuple[DatasetState, ...]:
    """Every dataset that some stream fills and that is served."""
    served = [dataset for dataset in registry.base_datasets if not dataset.has_ended(now)]
    return tuple(_state(connection, dataset.id, dataset.words, now) for dataset in served)


def _state(connection: duckdb.DuckDBPyConnection, dataset: str, title: Words, now: datetime) -> DatasetState:
    found = connection.execute(
        f'SELECT count(*), list_sort(list(DISTINCT source_platform)), epoch_us(max(observed_at)) FROM "{dataset}"'
    ).fetchone()
    assert found is not None  # an aggregate always answers
    rows, platforms, newest_us = found
    newest = None if newest_us is None else instant(newest_us)
    age_s = None if newest is None else (now - newest).total_seconds()
    return DatasetState(dataset, title, int(rows), tuple(platforms or ()), newest, age_s)
