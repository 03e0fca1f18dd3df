"""Two syncs and a backfill of the same stream at the same time, in a lake that none of them has made yet.

Held against a lake in which the three ran one after the other. Equal are, whoever comes first:
- the rows of every dataset, but for the columns that say which batch brought them;
- landing, quarantine and platform_service, row by row: what each sequence received and refused is its own;
- the ledger's sums over the sequences. Which of two sequences a record counts as published in, and in which as a
  duplicate, is decided by who came first, but not how many there are of each.
With corrections one thing more depends on the order: a record may be published and corrected later, or come too late.
Then the fates of the records that passed are summed up in one, and so are all rows but those of new keys.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, replace

import polars as pl

from hutong.store.paths import Store
from hutong.verify import verify
from tests.chaos.bench import Case
from tests.chaos.ground import FLOW, Ground, prepared
from tests.chaos.picture import Part, Picture, difference, taken
from tests.chaos.runner import started, undisturbed
from tests.chaos.script import in_one_pull, written
from tests.chaos.worker import Ended, Work
from tests.stores.seaweed import running_s3

ROUNDS = 5
BY_WHOM = ("sequence", "batch", "record", "run")
"""Columns of a base row that say which batch brought it."""
REFUSED = ("quarantined", "refused", "written")
"""Outcomes that no order changes, corrections or not."""


def on_disk(case: Case) -> None:
    """Rounds on the local disk."""
    with _raceground(case) as race:
        for number in range(ROUNDS):
            _round(case, race, race.ground.store(f"round_{number}"))


def on_a_store(case: Case) -> None:
    """Rounds on an S3 server."""
    with _raceground(case) as race, running_s3(race.ground.folder / "s3") as server:
        for number in range(ROUNDS):
            _round(case, race, server.store(f"round_{number}"))


@dataclass(frozen=True)
class Race:
    """The ground of one race, with its serial lake as all others have to come out."""

    ground: Ground
    is_corrected: bool
    wanted: Picture


@contextlib.contextmanager
def _raceground(case: Case) -> Iterator[Race]:
    """Every other case is one with corrections."""
    is_corrected = case.number % 2 == 0
    script = in_one_pull(written(case.bench.seed + case.number), corrected=is_corrected)
    with prepared(case.bench.ground.folder / case.name, script) as ground:
        serial = ground.store("serial")
        for job in _jobs(ground, serial):
            undisturbed(job)
        yield Race(ground, is_corrected, _whoever_came_first(taken(ground, serial), is_corrected))


def _jobs(ground: Ground, store: Store) -> list[Work]:
    sync = Work(ground, store, (FLOW,))
    return [sync, sync, replace(sync, backfill="march")]


def _round(case: Case, race: Race, store: Store) -> None:
    """All three at once, in real processes."""
    with contextlib.ExitStack() as at_work:
        runs = [at_work.enter_context(started(job)) for job in _jobs(race.ground, store)]
        ends = [run.finish() for run in runs]
    for ended in ends:
        if ended != Ended("done"):
            case.complain(f"a run among others did not end well: {ended.said if ended else 'it died'}")
    case.count(races=1, twins=bool(runs[0].commits and runs[1].commits))
    found = difference(race.wanted, _whoever_came_first(taken(race.ground, store), race.is_corrected))
    found.said += verify(race.ground.registry, store, race.ground.secrets()).problems
    case.judge(found)


def _whoever_came_first(picture: Picture, is_corrected: bool) -> Picture:
    """`picture` without what is decided by who came first."""
    parts = {
        name: Part(part.rows.drop([column for column in BY_WHOM if column in part.rows.columns]), part.key)
        if "source_id" in part.rows.columns
        else part
        for name, part in picture.items()
    }
    parts["ledger"] = _sums(picture["ledger"].rows, is_corrected)
    parts["received"] = _received(picture["ledger"].rows)
    return parts


def _sums(ledger: pl.DataFrame, is_corrected: bool) -> Part:
    """Records and rows by what became of them, over all sequences."""
    key = ["kind", "dataset", "outcome", "rule"]
    if is_corrected:
        outcome = pl.when(pl.col("outcome").is_in(REFUSED)).then("outcome").otherwise(pl.lit("passed"))
        ledger = ledger.with_columns(outcome.alias("outcome"))
    return Part(ledger.group_by(key).agg(pl.col("count").sum()), key)


def _received(ledger: pl.DataFrame) -> Part:
    """What each batch of each sequence received, which no order changes."""
    return Part(ledger.select("sequence", "batch", "received").unique(), ["sequence", "batch"])
