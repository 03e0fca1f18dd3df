"""What is to be done to a table, worked out before anything is done, from what is promised about it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

from deltalake import DeltaTable

from hutong.store.compaction import Crowd, Shape, crowds
from hutong.store.expiry import Expired, expired
from hutong.store.history import History, LogFile, history_of
from hutong.store.leftovers import Leftovers, leftovers
from hutong.store.paths import Place

COMMITS_TO_READ = 10
"""Commits since the last checkpoint from which on another is due."""


@dataclass(frozen=True, slots=True)
class Promises:
    """What a table must still be able to give.

    reach: how far back each of its versions can be read again. pinned: versions that releases name. begun: the oldest
    version that carries the account of a batch which its ledger does not close. retention: how long its rows are
    kept, if it is a landing table; None is for ever. may_expire: sequence -> the newest batch that nobody waits for.
    has_change_feed: whether readers may ask what changed; pages that expire would be written down once more for it.
    """

    reach: timedelta
    pinned: Set[int] = frozenset()
    begun: int | None = None
    retention: timedelta | None = None
    may_expire: Callable[[str], int] = lambda _: 0
    has_change_feed: bool = True

    @property
    def properties(self) -> dict[str, str]:
        """As Delta tables state them, for whoever else works on the table. That it cleans its log by itself would run
        ahead of the ledger.
        """
        interval = f"interval {self.reach.days} days"
        return {
            "delta.enableChangeDataFeed": str(self.has_change_feed).lower(),
            "delta.enableExpiredLogCleanup": "false",
            "delta.logRetentionDuration": interval,
            "delta.deletedFileRetentionDuration": interval,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """Upkeep of one table at its version `version`; afterwards, the report of it.

    has_checkpoint_due: whether the state of that version is to be written down. properties: to be set. leftovers:
    files that no version needs. log: files of the log. expired: landed batches whose time is over. crowds: partitions
    to compact. held: what keeps more of the log.
    """

    place: Place
    shape: Shape
    version: int
    has_checkpoint_due: bool
    properties: Mapping[str, str]
    leftovers: Leftovers
    log: tuple[LogFile, ...]
    expired: tuple[Expired, ...]
    crowds: tuple[Crowd, ...]
    held: str | None

    @property
    def loses(self) -> bool:
        """Whether anything goes that cannot be had again."""
        return bool(self.leftovers.paths or self.log or self.expired)

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.loses or self.crowds or self.properties or self.has_checkpoint_due)


def plan(place: Place, table: DeltaTable, promises: Promises, shape: Shape, now: datetime) -> Plan:
    """What `promises` allow and ask for at `now`. Nothing is changed.

    table: the newest version of what lies at `place`. Raises StoreError when a version that is to be kept cannot be
    read.
    """
    before, history = now - promises.reach, history_of(place)
    due = history.since_checkpoint >= COMMITS_TO_READ
    log, held = _log(history.with_checkpoint(now) if due else history, promises, before)
    configured = table.metadata().configuration
    gone = expired(table, now - promises.retention, promises.may_expire) if promises.retention is not None else []
    return Plan(
        place=place,
        shape=shape,
        version=history.newest,
        has_checkpoint_due=due,
        properties={key: value for key, value in promises.properties.items() if configured.get(key) != value},
        leftovers=leftovers(place, before, {history.version_at(before), *promises.pinned}),
        log=tuple(log),
        expired=tuple(gone),
        crowds=tuple(crowds(table, shape)),
        held=held,
    )


def _log(history: History, promises: Promises, before: datetime) -> tuple[list[LogFile], str | None]:
    """The files of the log that may go, and what keeps others that are as old."""
    bounds = {history.newest: ""}
    if promises.pinned:
        oldest = min(promises.pinned)
        bounds[oldest] = f"a release names version {oldest}"
    if promises.begun is not None:
        bounds[promises.begun] = f"version {promises.begun} holds a batch that the ledger does not close"
    until = min(bounds)
    free = history.expired(until, before)
    return free, bounds[until] if len(free) < len(history.expired(history.newest, before)) else None
