"""Replay: what is declared now, run over the landed batches of a stream, and brought in as a correction.

A record that is released moves its fate and never counts twice: the ledger gets, under the replay's own sequence and
with the batch numbers of its origin, the new account less the old one. It is committed last. Whoever dies before that
leaves a ledger that still speaks of the old account; running again finds what is not corrected yet, corrects it, and
writes the same difference.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import polars as pl
from deltalake import DeltaTable

from hutong.errors import AskedWrongly, StoreError
from hutong.lineage import Work, observed
from hutong.model.batch import Sequence, Versions
from hutong.operations import write_down
from hutong.pipeline import versions_of
from hutong.publish.ledger import ledger_rows
from hutong.redo.accounts import BATCH, REPLAY, entries, made_with, next_replay, outcomes, replay_of, shift
from hutong.redo.bring import Bringing, followed
from hutong.redo.compare import Difference
from hutong.redo.part import Part
from hutong.redo.refused import Refusals
from hutong.redo.side import Carried, Overtaken, Reached, Side, Stream, Tell
from hutong.registry import Registry, Source
from hutong.schema.arrow import to_table
from hutong.secrets import Secrets
from hutong.store.contracted import table_of
from hutong.store.paths import Store
from hutong.store.scratch import scratch
from hutong.store.tables import Change, commit, existing


@dataclass(frozen=True, slots=True)
class Shift:
    """A fate of records, and for the quarantine its rule: how many had it, and how many have it now."""

    fate: str
    rule: str | None
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Account:
    """What the ledger says of the batches made anew, and what the replay says.

    shifts: origin, batch, kind, dataset, outcome, rule, before, after. otherwise: batches that were made with other
    versions than those of now.
    """

    shifts: pl.DataFrame
    otherwise: frozenset[tuple[str, int]]

    @property
    def is_none(self) -> bool:
        """Whether the ledger says all of it already."""
        return not self.otherwise and self.shifts.filter(_MOVED).is_empty()


class Replayed:
    """A stream in a city, made anew beside the published tables. Nothing is changed until `publish`."""

    def __init__(self, stream: Stream, side: Side, versions: Versions, registry: Registry, store: Store) -> None:
        self.stream, self._side, self._versions = stream, side, versions
        self._registry, self._store = registry, store
        self._ledger = store.ledger(stream.live.platform)
        # In the order in which a batch is published: the deciding dataset last.
        self._bringings = [Bringing(part, side, self._reach, store) for part in side.parts]
        self._refusals = Refusals(side, registry, store)
        self.differences: list[Difference] = []
        self.fates: list[Shift] = []
        self.batches = 0
        self.is_needed = False
        followed(stream.live.id, self._compare)

    @property
    def carried(self) -> dict[str, Carried]:
        """Per dataset what landing no longer holds: it stays as it is."""
        return self._side.carried

    def publish(self, reason: str) -> Sequence | None:
        """Bring the correction in; the sequence under which the ledger accounts for it, None if there was nothing.

        reason: in the actor's words. Raises CommitContested when others kept coming first; running again goes on.
        """
        if not self.is_needed:
            return None
        name = replay_of(self.stream.live, next_replay(self._ledger, self.stream.live))
        write_down(REPLAY, name.id, reason, self._registry, self._store, self.stream.city)
        quarantine = self._registry.dataset("quarantine")
        with observed(Work("replay", self.stream.source, self.stream.live, self._store, quarantine=quarantine)):
            return followed(self.stream.live.id, self._publish)

    def _publish(self) -> Sequence:
        name = replay_of(self.stream.live, number := next_replay(self._ledger, self.stream.live))
        self._side.advance(self._side.closed())
        self._refusals.commit(name.id)
        for bringing in self._bringings:
            bringing.commit(name.id)
        self._account(name, number)
        return name

    def _compare(self) -> None:
        self._side.advance(self._side.closed())
        refusals = self._refusals.look()
        looks = [bringing.look() for bringing in self._bringings]
        account = self._look(existing(self._ledger))
        self.differences = [look.difference for look in looks]
        self.fates = _fates(account.shifts)
        self.batches = len({(run, batch) for run in self._side.reached for batch in self._side.anew(run)})
        self.is_needed = not (refusals.is_none and account.is_none and all(look.is_none for look in looks))

    def _reach(self, _: DeltaTable | None) -> Reached:
        return self._side.closed()

    def _look(self, table: DeltaTable | None) -> Account:
        if any(
            (table.transaction_version(run.id) or 0 if table else 0) != batch
            for run, batch in self._side.reached.items()
        ):
            raise Overtaken
        self._side.must_be_as_decided(table)
        before = entries(self._ledger, self.stream.live)
        anew = pl.DataFrame(
            [(run.id, batch) for run in self._side.reached for batch in self._side.anew(run)],
            schema={"origin": pl.String, "batch": pl.Int64},
            orient="row",
        )
        after = entries(self._side.store.ledger(self.stream.live.platform), self.stream.live)
        datasets = [dataset.table for dataset in self.stream.source.datasets.values()]
        shifts = (
            shift(outcomes(before), outcomes(after))
            .join(anew, on=BATCH, how="semi")
            # Rows in a dataset that the mapping no longer fills stay: it may be the one of an older contract.
            .filter(pl.col("dataset").is_null() | pl.col("dataset").is_in(datasets))
        )
        made = made_with(before, self._versions, self.stream.source.deciding.table)
        otherwise = frozenset(batch for batch in anew.iter_rows() if made.get(batch))
        return Account(shifts, otherwise)

    def _account(self, name: Sequence, number: int) -> None:
        """Close the replay in the ledger; no commit when it says all of it already."""
        if self._look(existing(self._ledger)).is_none:
            return

        def build(snapshot: DeltaTable) -> Change:
            account = self._look(snapshot)
            if account.is_none or snapshot.transaction_version(name.id):
                raise Overtaken
            rows = self._entries(account, number)
            return Change(to_table(rows, dataset), {"rows": len(rows)})

        dataset = self._registry.dataset("ledger")
        # A table that was overtaken between two commits holds a second one; the ledger closes them all.
        commits = max([self._refusals.commits(name.id), *(one.commits(name.id) for one in self._bringings), 1])
        if not commit(table_of(dataset, self._ledger), name.id, commits, build).is_ours:
            raise Overtaken

    def _entries(self, account: Account, replay: int) -> list[dict[str, Any]]:
        """Per batch the new account less the old one. What may be zero is stated for its versions' sake."""
        moved: defaultdict[tuple[str, int], list[dict[str, Any]]] = defaultdict(list)
        for row in account.shifts.filter(_MOVED).iter_rows(named=True):
            moved[row["origin"], row["batch"]].append(row)
        after = entries(self._side.store.ledger(self.stream.live.platform), self.stream.live)
        batches = {(row["origin"], row["batch"]): row for row in after.iter_rows(named=True)}
        rows: list[dict[str, Any]] = []
        for origin, batch in sorted({*moved, *account.otherwise}):
            known = batches[origin, batch]
            counts: dict[str, Any] = {
                "received": known["received"],
                "completeness": known["completeness"],
                "doubt": known["doubt"],
                "fates": {"published": 0},
                "quarantined": {},
                "rows": {dataset.table: {"written": 0} for dataset in self.stream.source.datasets.values()},
                "gates": [],
            }
            for row in moved[origin, batch]:
                if row["kind"] == "row":
                    into, outcome = counts["rows"][row["dataset"]], row["outcome"]
                elif row["rule"] is not None:
                    into, outcome = counts["quarantined"], row["rule"]
                else:
                    into, outcome = counts["fates"], row["outcome"]
                into[outcome] = row["after"] - row["before"]
            sequence = replay_of(Sequence.parse(origin), replay)
            deciding = self.stream.source.deciding.table
            rows += ledger_rows(sequence, batch, counts, self._versions, known["landed_at"], deciding)
        return rows


def _fates(shifts: pl.DataFrame) -> list[Shift]:
    """The fates of all batches together that moved, those of most records first."""
    summed = (
        shifts.filter(pl.col("kind") == "record")
        .group_by("outcome", "rule")
        .agg(pl.col("before", "after").sum())
        .filter(_MOVED)
        .sort((pl.col("after") - pl.col("before")).abs(), "outcome", "rule", descending=[True, False, False])
    )
    return [Shift(*row) for row in summed.iter_rows()]


_MOVED = pl.col("before") != pl.col("after")


@contextmanager
def replaying(
    source: Source,
    city: str,
    registry: Registry,
    store: Store,
    secrets: Secrets,
    tell: Tell = lambda said, done, of: None,
) -> Iterator[Replayed]:
    """A stream in `city`, made anew with what is declared now.

    Raises AskedWrongly for a city that the connector does not serve, StoreError when nothing has landed yet,
    SecretMissing when a key is not to be had.
    """
    if city not in source.connector.cities:
        raise AskedWrongly.unknown(f"city of {source.connector.platform}", city, source.connector.cities)
    stream = Stream(source, city)
    versions = versions_of(source, secrets)
    parts = [Part(source.datasets[rows.dataset], stream.live) for rows in reversed(source.mapping.rows)]
    with scratch(store, REPLAY) as mine:
        side = Side([stream], parts, registry, store, mine, secrets, tell)
        if not side.closed():
            raise StoreError(
                f"{stream.live.id} has landed nothing yet",
                f"run `hutong sync {source.connector.platform} {source.name}`",
            )
        yield Replayed(stream, side, versions, registry, store)
