"""Batches of several sequences, published in any order, end in the table that their contents define."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hutong.model.batch import Sequence
from hutong.model.dataset import Dataset
from hutong.publish.upsert import Shown, change_for
from hutong.schema.arrow import to_frame
from hutong.schema.life import Life
from hutong.schema.versions import settle, winners
from hutong.store.contracted import table_of
from hutong.store.paths import Store
from hutong.store.tables import commit, opened
from tests.hutong.making import START, dataset, row

KEYS = "abcd"
REFERENCE = dataset("latest", tombstones=True)
SERIES = dataset("append", revision="revised", by_date=True)
Rows = list[dict[str, Any]]
State = dict[str, tuple[float | None, datetime, datetime | None]]
"""Key -> content, observed_at, last_seen_at."""


@dataclass(frozen=True)
class Batch:
    """What one batch of a sequence holds. at: when the refresh that it ends was complete; shown: its keys."""

    run: str
    rows: Rows
    at: datetime | None = None
    shown: frozenset[str] = frozenset()


@dataclass
class Platform:
    """A platform that lists things: what it says of one changes, and never goes back to what it said before."""

    draw: random.Random
    listed: dict[str, tuple[float, float]] = field(default_factory=dict)
    said: float = 0

    def live_on(self, now: float) -> None:
        for key in KEYS:
            happens = self.draw.random()
            if happens < 0.2:
                self.listed.pop(key, None)
            elif happens < 0.5:
                self.said += 1
                # Some change what they say without touching the time at which they say it was so.
                observed = self.listed[key][1] if key in self.listed and happens < 0.3 else now
                self.listed[key] = (self.said, observed)

    def pull(self, keys: Iterable[str], now: float) -> Rows:
        return [
            {**row(key, value, at_s=observed), "received_at": moment(now), "last_seen_at": None}
            for key, (value, observed) in self.listed.items()
            if key in keys
        ]


def moment(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def pulls(draw: random.Random) -> list[Batch]:
    """Complete refreshes, some in two batches, and parts of the list, some of them landed twice; in any order that
    keeps each sequence's own.
    """
    platform, batches = Platform(draw), []
    for hour in range(draw.randint(2, 6)):
        now = hour * 3600.0
        platform.live_on(now)
        run = draw.choice(["", "backfill/a", "accept/1"])
        if draw.random() < 0.6:
            rows, at = platform.pull(KEYS, now), moment(now + draw.choice([0, 7]))
            shown = frozenset(one["source_id"] for one in rows)
            cut = draw.choice([0, len(rows) // 2, max(0, len(rows) - 1)])
            batches += [Batch(run, rows[:cut])] if cut else []
            batches.append(Batch(run, rows[cut:], at, shown))
        else:
            some = draw.sample(KEYS, draw.randint(1, len(KEYS)))
            batches.append(Batch(run, 2 * platform.pull(some, now + draw.choice([0, 60]))))
        if draw.random() < 0.2:
            last = batches[-1]
            batches.append(Batch("replay/1", last.rows, last.at, last.shown))
    return interleaved(batches, draw)


def versions(draw: random.Random) -> list[Batch]:
    """Values and corrections of events, without any sense."""
    batches = [
        Batch(
            draw.choice(["", "backfill/a", "backfill/b"]),
            [
                {**one, "date": one["observed_at"].date()}
                for one in (
                    row(
                        draw.choice(KEYS),
                        draw.choice([None, 1.0, 2.0]),
                        at_s=draw.randint(-1, 1) * 86400,
                        revised=draw.choice([0, 1, 2]),
                    )
                    for _ in range(draw.randint(0, 5))
                )
            ],
        )
        for _ in range(draw.randint(1, 6))
    ]
    return interleaved(batches, draw)


def interleaved(batches: list[Batch], draw: random.Random) -> list[Batch]:
    runs = {run: [one for one in batches if one.run == run] for run in {one.run for one in batches}}
    order = [one.run for one in batches]
    draw.shuffle(order)
    return [runs[run].pop(0) for run in order]


def defined(batches: list[Batch], of: Dataset) -> State:
    """The table as the batches define it, without a word about their order."""
    newest = max((one.at for one in batches if one.at), default=None)
    state: State = {}
    for key in {one["source_id"] for batch in batches for one in batch.rows}:
        said = [one for batch in batches for one in batch.rows if one["source_id"] == key]
        parts = [one["received_at"] for batch in batches for one in batch.rows if one["source_id"] == key]
        whole = [batch.at for batch in batches if batch.at and key in batch.shown]
        lives = newest is None or newest in whole or max(parts) > newest
        best = max(said, key=lambda one: order_of(one, of))
        gone = None if lives or not of.has_tombstones else max([*parts, *whole])
        state[key] = (best["value"], best["observed_at"], gone)
    return state


def order_of(one: dict[str, Any], of: Dataset) -> tuple[Any, ...]:
    value = one["value"]
    revision = one["revised"] if of.revision else 0
    return (revision, one["observed_at"], one["received_at"], value is not None, value or 0, one["revised"])


def seen(frame: pl.DataFrame, of: Dataset) -> State:
    gone = pl.col("last_seen_at") if of.has_tombstones else pl.lit(None)
    found = frame.select("source_id", "value", "observed_at", gone.alias("gone"))
    assert found["source_id"].is_unique().all()
    return {key: (value, observed, gone) for key, value, observed, gone in found.iter_rows()}


def in_memory(batches: list[Batch], of: Dataset) -> State:
    """The rules by themselves, on a table in memory."""
    key = list(of.own_key)
    table = to_frame([], of)
    newest: datetime | None = None
    for batch in batches:
        new = winners(to_frame(batch.rows, of), of)[0]
        life = Life(newest, batch.at) if of.has_tombstones else None
        settled = settle(new, table, of, life)
        written = [settled.rows]
        if life is not None and batch.at is not None:
            elsewhere = table.join(new.select(key), on=key, how="anti").lazy()
            written.append(life.others(elsewhere, keys_of(batch), key).collect().drop("is_gone"))
            newest = max(batch.at, newest or batch.at)
        rows = pl.concat(written)
        table = pl.concat([table.join(rows, on=key, how="anti"), rows])
    return seen(table, of)


def in_a_lake(batches: list[Batch], of: Dataset, lake: Path) -> State:
    """The real way: a commit for every batch."""
    table = table_of(of, Store(str(lake)).base(of.id))
    numbers: dict[str, int] = {}
    for batch in batches:
        sequence = Sequence("cim", "thing", "500000", batch.run)
        numbers[batch.run] = numbers.get(batch.run, 0) + 1
        rows, repeats = winners(to_frame(batch.rows, of), of)
        shown = None if batch.at is None else Shown(batch.at, keys_of(batch))
        build = partial(change_for, new=rows, repeats=repeats, dataset=of, sequence=sequence, shown=shown)
        commit(table, sequence.id, numbers[batch.run], build)
    return seen(pl.scan_delta(opened(table)).collect(), of)


def keys_of(batch: Batch) -> pl.DataFrame:
    return pl.DataFrame({"source_id": sorted(batch.shown)}, schema={"source_id": pl.String})


@given(st.randoms(use_true_random=False))
@settings(max_examples=200)
def test_what_a_platform_lists_and_no_longer_lists_is_the_same_in_any_order(draw: random.Random) -> None:
    batches = pulls(draw)
    assert in_memory(batches, REFERENCE) == defined(batches, REFERENCE)


MODES = pytest.mark.parametrize(("of", "make"), [(REFERENCE, pulls), (SERIES, versions)], ids=["latest", "append"])


@MODES
@given(st.randoms(use_true_random=False))
@settings(max_examples=12, suppress_health_check=[HealthCheck.too_slow])
def test_a_lake_is_the_same_in_any_order(of: Dataset, make: Any, draw: random.Random) -> None:
    batches = make(draw)
    with TemporaryDirectory() as lake:
        assert in_a_lake(batches, of, Path(lake)) == defined(batches, of)


@pytest.mark.slow
@MODES
@given(st.randoms(use_true_random=False))
@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
def test_many_a_lake_is_the_same_in_any_order(of: Dataset, make: Any, draw: random.Random) -> None:
    batches = make(draw)
    with TemporaryDirectory() as lake:
        assert in_a_lake(batches, of, Path(lake)) == defined(batches, of)


def test_a_refresh_that_comes_in_late_still_says_when_a_thing_was_last_shown() -> None:
    said = {**row("a", 1.0), "last_seen_at": None}
    listed = Batch("accept/1", [said])
    ends_late = Batch("accept/1", [], moment(7), frozenset("a"))
    without_it = Batch("", [], moment(3600))
    batches = [listed, without_it, ends_late]
    assert in_memory(batches, REFERENCE) == defined(batches, REFERENCE) == {"a": (1.0, START, moment(7))}
