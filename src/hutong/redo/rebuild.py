"""Rebuild: the rows of a dataset made anew from landing, with the versions they were made with, and put right where
they differ. Nothing is accounted anew: these are the rows of which the ledger speaks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import polars as pl
from deltalake import DeltaTable

from hutong.errors import AskedWrongly, HutongError
from hutong.model.batch import Sequence, Versions
from hutong.model.dataset import Dataset
from hutong.operations import write_down
from hutong.pipeline import versions_of
from hutong.redo.accounts import begun_with, entries, made_with, outcomes, shift
from hutong.redo.bring import Bringing, Look, followed
from hutong.redo.compare import Difference
from hutong.redo.part import Part
from hutong.redo.side import Carried, Side, Stream, Tell
from hutong.registry import Registry
from hutong.secrets import Secrets
from hutong.store.landing import held
from hutong.store.paths import Store
from hutong.store.scratch import scratch
from hutong.store.tables import REBUILD, counts_of, existing

NAMED = 5
"""So many batches are named in an error; there may be thousands."""


class Rebuilt:
    """A dataset held against what landing says of it. Nothing is changed until `restore`."""

    def __init__(self, dataset: Dataset, side: Side, registry: Registry, store: Store) -> None:
        self.dataset, self._side, self._registry, self._store = dataset, side, registry, store
        self._bringing = Bringing(side.parts[0], side, self._reach, store)
        self._look = followed(dataset.id, self._compare)

    @property
    def difference(self) -> Difference:
        """How the rows made anew differ from those published."""
        return self._look.difference

    @property
    def carried(self) -> Carried:
        """What landing no longer holds."""
        return self._side.carried[self.dataset.id]

    @property
    def is_equal(self) -> bool:
        """Whether there is nothing to restore."""
        return self._look.is_none

    def restore(self) -> None:
        """Put the dataset right, in one commit. Raises CommitContested when others kept coming first."""
        if self.is_equal:
            return
        name = f"{REBUILD}/{self.dataset.id}/{uuid4().hex[:12]}"
        found = self._look.difference
        said = f"restored {found.added + found.changed + found.moved} rows, removed {found.removed}, from landing"
        write_down(REBUILD, self.dataset.id, said, self._registry, self._store)

        def step() -> Look:
            self._compare()
            return self._bringing.commit(name)

        self._look = followed(self.dataset.id, step)

    def _compare(self) -> Look:
        self._side.advance(self._reach(existing(self._store.base(self.dataset.table))))
        _must_end_as_before(self._side, self._store)
        return self._bringing.look()

    def _reach(self, table: DeltaTable | None) -> dict[Sequence, int]:
        """As far as the ledger, or one further where the dataset holds a batch that is begun and not closed."""
        return {
            run: max(batch, table.transaction_version(run.id) or 0) if table else batch
            for run, batch in self._side.closed().items()
        }


@contextmanager
def rebuilding(
    name: str, registry: Registry, store: Store, secrets: Secrets, tell: Tell = lambda said, done, of: None
) -> Iterator[Rebuilt]:
    """The dataset `name`, made anew beside the published one.

    Raises AskedWrongly for a dataset that no mapping fills, HutongError when batches were made with other versions than
    those declared now, SecretMissing when landing is encrypted and the key is not to be had.
    """
    dataset = registry.dataset(name)
    streams = [
        Stream(source, city)
        for source in registry.sources.values()
        if name in source.datasets
        for city in source.connector.cities
    ]
    if not streams:
        raise AskedWrongly(
            f"no mapping fills '{name}', so landing does not hold it",
            f"known: {', '.join(one.id for one in registry.base_datasets)}",
        )
    with scratch(store, REBUILD) as mine:
        side = Side(streams, [Part(dataset)], registry, store, mine, secrets, tell)
        _must_be_made_as_now(side, store, secrets)
        yield Rebuilt(dataset, side, registry, store)


def _must_be_made_as_now(side: Side, store: Store, secrets: Secrets) -> None:
    """Raise HutongError when landed batches were made with other versions than those declared now."""
    closed = side.closed()
    for stream in side.streams:
        now = versions_of(stream.source, secrets)
        ledger = entries(store.ledger(stream.live.platform), stream.live)
        made = made_with(ledger, now, stream.source.deciding.table)
        otherwise: dict[str, list[str]] = {}
        for run, batch in ((run, batch) for run, batch in closed.items() if run.is_of(stream.live)):
            for landed in held(store, run):
                if said := made.get((run.id, landed)):
                    otherwise[f"{run.id} batch {landed}"] = said
            if said := _begun_otherwise(run, batch + 1, now, store):
                otherwise[f"{run.id} batch {batch + 1}"] = said
        if otherwise:
            named = "; ".join(f"{which}: {', '.join(said)}" for which, said in list(otherwise.items())[:NAMED])
            more = f"; and {len(otherwise) - NAMED} more batches" if len(otherwise) > NAMED else ""
            raise HutongError(
                f"{stream.source.id} is declared otherwise than when it was published: {named}{more}",
                "put those versions back, or bring all batches to the present ones with"
                f" `hutong replay {stream.live.platform} {stream.live.stream}`",
            )


def _begun_otherwise(run: Sequence, batch: int, now: Versions, store: Store) -> list[str]:
    """What differs between `now` and the versions of `batch`, if it is begun; the ledger does not speak of it yet."""
    quarantine = existing(store.quarantine(run.platform))
    if quarantine is None or (quarantine.transaction_version(run.id) or 0) < batch:
        return []
    return begun_with(counts_of(quarantine, run.id, batch).get("versions", {}), now)


def _must_end_as_before(side: Side, store: Store) -> None:
    """Raise HutongError when a gate judges a batch otherwise than it did."""
    for stream in side.streams:
        then = outcomes(entries(store.ledger(stream.live.platform), stream.live))
        again = outcomes(entries(side.store.ledger(stream.live.platform), stream.live))
        judged = shift(then, again).filter(pl.col("outcome") == "refused", pl.col("before") != pl.col("after"))
        for row in judged.iter_rows(named=True):
            if side.is_anew(Sequence.parse(row["origin"]), row["batch"]):
                raise HutongError(
                    f"{row['origin']} batch {row['batch']}: gates or its drift mode refused {row['before']} of its"
                    f" records when it was published, and {row['after']} now",
                    "see which contract or which release of Great Expectations changed; `hutong replay"
                    f" {stream.live.platform} {stream.live.stream}` brings the batch to what they say now",
                )
