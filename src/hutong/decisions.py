"""Batches that a gate, or drift of a frozen stream, refused as a whole, and what a person decided about each.

That a batch is refused stands in the ledger. What was decided stands in the operations table, committed under an app id
of the batch's own: so the first decision holds, whoever else decides in the same moment, and deciding again is nothing
new.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import polars as pl
from deltalake import DeltaTable

from hutong.errors import AskedWrongly, HutongError
from hutong.model.batch import Sequence, Verdict
from hutong.operations import write_down
from hutong.registry import Registry
from hutong.store.failures import told
from hutong.store.paths import Store
from hutong.store.tables import existing

Batch = tuple[str, int]
"""The id of a sequence, and a batch of it."""

NAMED = "cim/junction/500000#17, or cim/junction/500000/backfill/2026-03#2 in a backfill"


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about a batch. at: UTC. reason: in the person's words."""

    verdict: Verdict
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class RefusedBatch:
    """A batch whose records are refused. records: how many. at: when it was refused, UTC. gates: those that failed, as
    `dataset.gate`, critical or not; none when drift refused it. decision: None while it waits for one.
    """

    sequence: Sequence
    batch: int
    records: int
    at: datetime
    gates: tuple[str, ...]
    decision: Decision | None

    @property
    def name(self) -> str:
        """As a person names it."""
        return name_of(self.sequence.id, self.batch)

    @property
    def needs_pages(self) -> bool:
        """Whether its landed pages may not expire: it waits, or what was accepted of it is not published yet."""
        return self.decision is None or self.decision.verdict == "accept"


def name_of(sequence: str, batch: int) -> str:
    """How a batch is named where a person decides about it.

    >>> name_of("cim/junction/500000", 17)
    'cim/junction/500000#17'
    """
    return f"{sequence}#{batch}"


def read_name(name: str) -> tuple[Sequence, int]:
    """The sequence and the number of the batch called `name`. Raises AskedWrongly."""
    sequence, _, number = name.partition("#")
    if sequence.count("/") < 2 or not (number.isascii() and number.isdigit()) or int(number) < 1:
        raise AskedWrongly(f"'{name}' names no batch", f"write it as {NAMED}; `hutong gates` lists those that wait")
    return Sequence.parse(sequence), int(number)


def accepted_of(origin: Sequence, batch: int) -> Sequence:
    """The sequence in which what a gate refused of `batch` of `origin` is published after all.

    >>> accepted_of(Sequence("cim", "junction", "500000", "backfill/may"), 2).id
    'cim/junction/500000/backfill/may/accept/2'
    """
    run = "/".join(part for part in (origin.run, f"accept/{batch}") if part)
    return Sequence(origin.platform, origin.stream, origin.city, run)


def decisions(registry: Registry, store: Store) -> Mapping[Batch, Decision]:
    """Every decision that was made. Raises StoreError."""
    place = store.base(registry.dataset("operations").table)
    table = existing(place)
    if table is None:
        return {}
    rows = pl.scan_delta(table).filter(pl.col("action").is_in(["accept", "reject"]))
    with told(place):
        found = rows.select("target", "action", "acted_at", "reason").collect()
    made: dict[Batch, Decision] = {}
    for target, action, at, reason in found.iter_rows():
        sequence, batch = read_name(target)
        made[sequence.id, batch] = Decision(action, at, reason)
    return made


def decide(verdict: Verdict, sequence: Sequence, batch: int, reason: str, registry: Registry, store: Store) -> Decision:
    """Write down what was decided, unless something was before: the decision that holds.

    Raises HutongError when the other thing was decided before, StoreError.
    """
    name = name_of(sequence.id, batch)
    write_down(verdict, name, reason, registry, store, sequence.city, once=name)
    holds = decisions(registry, store)[sequence.id, batch]
    if holds.verdict != verdict:
        raise HutongError(
            f"{name} was {_DONE[holds.verdict]} at {holds.at.isoformat(timespec='seconds')} ({holds.reason})",
            "the first decision holds; to bring its records in under other rules, change the mapping or the contract"
            " and replay the stream"
            if holds.verdict == "accept"
            else "a batch that was rejected stays closed",
        )
    return holds


def refused(platform: str, registry: Registry, store: Store) -> list[RefusedBatch]:
    """The batches of `platform` whose records are refused, oldest first, those that were rejected too.

    Raises StoreError.
    """
    place = store.ledger(platform)
    table = existing(place)
    if table is None:
        return []
    with told(place):
        found = _refused(table)
    made = decisions(registry, store) if found.height else {}
    batches: list[RefusedBatch] = []
    for row in found.iter_rows(named=True):
        decision = made.get((row["origin"], row["batch"]))
        sequence = Sequence.parse(row["origin"])
        batches.append(RefusedBatch(sequence, row["batch"], row["records"], row["at"], tuple(row["gates"]), decision))
    return batches


def still_refused(ledger: DeltaTable, sequence: Sequence, batch: int) -> int:
    """How many records of a batch `ledger` counts as refused, whatever was done about it since; 0 if none."""
    found = _refused(ledger, (pl.col("origin") == sequence.id) & (pl.col("batch") == batch))
    return int(found["records"].sum())


def _refused(ledger: DeltaTable, where: pl.Expr | None = None) -> pl.DataFrame:
    """origin, batch, records, at, gates of every batch with refused records, oldest first."""
    chosen = pl.lit(True) if where is None else where
    entries = (
        pl.scan_delta(ledger)
        .with_columns(origin=pl.col("sequence").cast(pl.String).str.replace(r"/(replay|accept)/[^/]+$", ""))
        .filter(chosen)
    )
    counted = (
        entries.filter(pl.col("kind") == "record", pl.col("outcome") == "refused")
        .group_by("origin", "batch")
        .agg(pl.col("count").sum().alias("records"), pl.col("published_at").min().alias("at"))
        .filter(pl.col("records") > 0)
    )
    failed = (
        entries.filter(pl.col("kind") == "gate", pl.col("outcome") == "failed")
        .group_by("origin", "batch")
        .agg(pl.format("{}.{}", "dataset", "rule").unique().sort().alias("gates"))
    )
    joined = counted.join(failed, on=["origin", "batch"], how="left")
    return joined.with_columns(pl.col("gates").fill_null([])).sort("at", "origin", "batch").collect()


_DONE = {"accept": "accepted", "reject": "rejected"}
