"""The newest version of every table that agrees with all others.

A batch is committed to one table after the other, the ledger last, so that at any moment some batches stand in one
table and not yet in the next. Versions agree when, for every sequence, all tables that it feeds end at the batch that
the ledger ends at. They are found by stepping tables back, one because it shows a batch that the ledger does not close,
the ledger because a table that was stepped back lacks a batch that it closes, until nothing moves any more.

Nothing is stopped meanwhile: ledgers are opened first, so that what they close is in every table opened after them.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import polars as pl
from deltalake import DeltaTable

from hutong.errors import StoreError
from hutong.model.batch import Sequence
from hutong.model.dataset import TableName
from hutong.registry import Registry
from hutong.release.pinned import RELEASES, Pin
from hutong.store.contracted import contract_version
from hutong.store.landing import runs
from hutong.store.past import recent_sequences
from hutong.store.paths import PER_PLATFORM, Place, Store
from hutong.store.tables import existing

LEDGER, QUARANTINE = TableName("ledger"), TableName("quarantine")
WHOLE = 2
"""What stands for the number of a replay once a table holds all of it."""
PAUSE_S = 0.5
RUNNING = 200
"""So many of a table's newest commits are searched for sequences that neither land nor stand in the ledger yet."""


@dataclass(frozen=True, slots=True)
class TableId:
    """A table of the lake. platform: that of a ledger or quarantine; None for tables of all platforms."""

    table: TableName
    platform: str | None


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at the lake found.

    pins: versions that agree, by name. half: batches that stand in some tables and are not closed by the ledger.
    left_out: batches that the ledger closes and `pins` do not hold, because half ones stand before them.
    """

    pins: tuple[Pin, ...]
    half: frozenset[tuple[str, int]]
    left_out: frozenset[tuple[str, int]]


def consistent(registry: Registry, store: Store, patience_s: float = 30.0) -> tuple[Pin, ...]:
    """Versions of all tables that agree. Looks again, for `patience_s` seconds, while a batch that is just being
    published keeps out others that came after it.

    Raises StoreError when such a batch does not end, or when the log does not reach back to before it.
    """
    until = time.monotonic() + patience_s
    found = look(registry, store)
    waiting = found.half
    while found.left_out and waiting:
        if time.monotonic() >= until:
            raise _held_back(waiting, found)
        time.sleep(PAUSE_S)
        found = look(registry, store)
        waiting &= found.half
    return found.pins


def look(registry: Registry, store: Store) -> Look:
    """The newest versions that agree, as of now."""
    pasts = _opened(registry, store)
    sequences = _sequences(pasts, registry, store)
    at = _agreed(pasts, sequences)
    pins = tuple(
        Pin(name.table, name.platform, version, contract_version(pasts[name].known(version)))
        for name, version in sorted(at.items(), key=lambda item: (item[0].table, item[0].platform or ""))
    )
    half: set[tuple[str, int]] = set()
    left_out: set[tuple[str, int]] = set()
    for sequence in sequences:
        ledger = TableId(LEDGER, sequence.platform)
        closed = pasts[ledger].newest_number(sequence) if ledger in pasts else 0
        kept = pasts[ledger].number(sequence, at[ledger]) if ledger in pasts else 0
        begun = max((past.newest_number(sequence) for past in pasts.values()), default=0)
        half |= {(sequence.id, batch) for batch in range(closed + 1, begun + 1)}
        left_out |= {(sequence.id, batch) for batch in range(kept + 1, closed + 1)}
    return Look(pins, frozenset(half), frozenset(left_out))


class _Past:
    """One table with all its versions up to the one it was looked at; older ones are opened when they are asked for."""

    def __init__(self, place: Place, table: DeltaTable) -> None:
        self.place, self.newest = place, table.version()
        self.opened: dict[int, DeltaTable | None] = {self.newest: table}
        self.numbers: dict[tuple[str, int], int] = {}

    @property
    def table(self) -> DeltaTable:
        """As it was when it was looked at."""
        return self.known(self.newest)

    def known(self, version: int) -> DeltaTable:
        """The table at `version`. Raises StoreError when its log no longer holds that."""
        table = self._at(version)
        if table is None:
            raise StoreError(
                f"{self.place.uri} cannot be read at version {version} any more, so no versions agree",
                "run `hutong sync` to end the batches that are begun, then release again",
            )
        return table

    def number(self, sequence: Sequence, version: int) -> int:
        """The newest batch of `sequence` at `version`; 0 if none, or if that version is gone.

        A replay is one batch, but one that was killed and run again has committed twice to some tables and never to
        others; of it this is `WHOLE` for the last commit and all after it, less for those before.
        """
        shown = self._transaction(sequence, version)
        if not (shown and sequence.is_replay):
            return shown
        return WHOLE if shown == self._transaction(sequence, self.newest) else WHOLE - 1

    def newest_number(self, sequence: Sequence) -> int:
        """The newest batch of `sequence`; 0 if none."""
        return self.number(sequence, self.newest)

    def ending_at(self, sequence: Sequence, batch: int) -> int:
        """The newest version that shows no batch of `sequence` above `batch`. Raises StoreError when it is gone."""
        above = self.newest
        step = 1
        while above - step > 0 and self.number(sequence, above - step) > batch:
            above -= step
            step *= 2
        below = max(above - step, 0)
        # Between a version that shows too much and one that does not: halve.
        while above - below > 1:
            middle = (above + below) // 2
            if self.number(sequence, middle) > batch:
                above = middle
            else:
                below = middle
        self.known(below)
        return below

    def next_number(self, sequence: Sequence, version: int) -> int:
        """The first batch of `sequence` that came after `version`, which shows none at all."""
        first = self.ending_at(sequence, 0) + 1
        assert first > version
        return self.number(sequence, first)

    def _transaction(self, sequence: Sequence, version: int) -> int:
        asked = (sequence.id, version)
        if asked not in self.numbers:
            table = self._at(version)
            self.numbers[asked] = 0 if table is None else table.transaction_version(sequence.id) or 0
        return self.numbers[asked]

    def _at(self, version: int) -> DeltaTable | None:
        if version not in self.opened:
            try:
                self.opened[version] = existing(self.place, version)
            except StoreError:
                # Its part of the log was cleaned away.
                self.opened[version] = None
        return self.opened[version]


def _opened(registry: Registry, store: Store) -> dict[TableId, _Past]:
    """Every table that is there, ledgers first."""
    names = [TableId(LEDGER, platform) for platform in registry.connectors]
    names += [TableId(QUARANTINE, platform) for platform in registry.connectors]
    names += [
        TableId(one.table, None) for one in registry.datasets.values() if one.table not in {*PER_PLATFORM, RELEASES}
    ]
    places = {name: store.table(name.table, name.platform) for name in names}
    return {name: _Past(place, table) for name, place in places.items() if (table := existing(place)) is not None}


def _sequences(pasts: Mapping[TableId, _Past], registry: Registry, store: Store) -> list[Sequence]:
    """Every sequence that may have a batch in one of the tables.

    Asked after the tables were opened: what they show has landed before. What does not land, such as a replay, is
    known by the ledger, or by its latest commits while it runs; a rebuild is no batch and changes no account.
    """
    live = [sequence for source in registry.sources.values() for sequence in source.sequences]
    names = {found.id for sequence in live for found in [sequence, *runs(store, sequence)]}
    streams = tuple(f"{sequence.platform}/{sequence.stream}/" for sequence in live)
    for name, past in pasts.items():
        if name.table == LEDGER:
            # Streams that are no longer declared too: where a table steps back, their batches go with the others.
            closed = pl.scan_delta(past.table).select("sequence").unique().collect()
            names |= set(closed["sequence"])
        names |= {found for found in recent_sequences(past.table, RUNNING) if found.startswith(streams)}
    return [Sequence.parse(name) for name in sorted(names)]


def _agreed(pasts: Mapping[TableId, _Past], sequences: Iterable[Sequence]) -> dict[TableId, int]:
    """The version of each table, stepped back until all agree."""
    at = {name: past.newest for name, past in pasts.items()}
    fed = {
        sequence: [name for name, past in pasts.items() if name.table != LEDGER and past.newest_number(sequence)]
        for sequence in sequences
    }
    is_moving = True
    while is_moving:
        before = dict(at)
        for sequence, tables in fed.items():
            _agree(sequence, tables, pasts, at)
        is_moving = at != before
    return at


def _agree(
    sequence: Sequence, tables: Collection[TableId], pasts: Mapping[TableId, _Past], at: dict[TableId, int]
) -> None:
    """Step back what disagrees about `sequence`, once."""
    ledger = TableId(LEDGER, sequence.platform)
    closed = pasts[ledger].number(sequence, at[ledger]) if ledger in at else 0
    for name in tables:
        past = pasts[name]
        if past.number(sequence, at[name]) > closed:
            at[name] = past.ending_at(sequence, closed)
    for name in tables:
        shown = _complete_to(sequence, pasts[name], at[name], closed)
        if shown < closed:
            closed = shown
            at[ledger] = pasts[ledger].ending_at(sequence, shown)


def _complete_to(sequence: Sequence, past: _Past, version: int, closed: int) -> int:
    """Up to which batch, at most `closed`, the table at `version` shows all that it was ever fed of `sequence`."""
    shown = past.number(sequence, version)
    if shown >= closed or shown == past.newest_number(sequence):
        # A mapping that no longer fills this dataset stays behind for good.
        return closed
    if shown == 0:
        # A mapping may begin to fill it late: what came before does not feed it.
        return min(closed, past.next_number(sequence, version) - 1)
    return shown


def _held_back(waiting: Collection[tuple[str, int]], found: Look) -> StoreError:
    sequence, batch = min(waiting)
    which = Sequence.parse(sequence)
    again = f"run `hutong sync {which.platform} {which.stream}`" if which.is_live else f"run {which.run} again"
    return StoreError(
        f"batch {batch} of {sequence} is begun and not ended, and keeps {len(found.left_out)} later batches of others"
        " out of any versions that agree",
        f"{again} to end it, then release",
    )
