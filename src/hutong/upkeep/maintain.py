"""Plan the upkeep of every table of a lake, write down what goes, and carry it out."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from functools import partial

from deltalake import DeltaTable

from hutong.errors import HutongError
from hutong.lake import dataset_places
from hutong.operations import write_down
from hutong.registry import Registry, Source
from hutong.release.pinned import pins
from hutong.store.compaction import PAGES, ROWS, Shape, compact
from hutong.store.expiry import remove_expired
from hutong.store.failures import told
from hutong.store.history import history_of, remove
from hutong.store.leftovers import remove_leftovers
from hutong.store.paths import Place, Store
from hutong.store.tables import existing
from hutong.store.tending import set_properties, write_checkpoint
from hutong.upkeep.plan import COMMITS_TO_READ, Plan, Promises, plan
from hutong.upkeep.report import Upkeep, figures
from hutong.upkeep.waiting import Waiting

log = logging.getLogger(__name__)

TIME_TRAVEL = timedelta(days=30)
READERS = timedelta(days=7)
"""How long whoever has opened a version can rely on its files: no time travel is shorter."""


def maintain(
    registry: Registry, store: Store, now: datetime, reach: timedelta = TIME_TRAVEL, dry_run: bool = False
) -> list[Upkeep]:
    """Keep up every table of `store` and say what was done; with `dry_run`, what would be.

    now: by which ages are told; aware. reach: how far back every version can be read again, `READERS` at least.
    A table that cannot be kept up does not stop the others.
    Raises StoreError when the releases cannot be read, or when it cannot be written down what goes: then nothing goes.
    """
    planned = list(_planned(registry, store, now, reach))
    losing = {one.table: one.plan for one in planned if one.plan is not None and one.plan.loses}
    if dry_run:
        return planned
    if losing:
        write_down("maintain", ", ".join(losing), f"removed: {_said(losing.values())}", registry, store)
    return [_carried_out(one) for one in planned]


def _planned(registry: Registry, store: Store, now: datetime, reach: timedelta) -> Iterator[Upkeep]:
    waiting = Waiting(registry, store)
    for table, place, shape, promises in _tables(registry, store, reach, waiting):
        try:
            with told(place):
                found = existing(place)
                planned = None if found is None else plan(place, found, promises(found), shape, now)
            if planned is not None:
                yield Upkeep(table, planned)
        except HutongError as wrong:
            waiting.is_sure = False
            yield Upkeep(table, None, str(wrong))


def _tables(
    registry: Registry, store: Store, reach: timedelta, waiting: Waiting
) -> Iterator[tuple[str, Place, Shape, Callable[[DeltaTable], Promises]]]:
    """Every table: the datasets first, because their logs tell which replays are still reading pages."""
    pinned = pins(store)
    for name, place in dataset_places(registry, store).items():
        yield name, place, ROWS, partial(_of_rows, reach, frozenset(pinned.get(place.uri, ())), waiting)
    for source in registry.sources.values():
        place = store.landing(source.connector.platform, source.name)
        yield f"landing of {source.id}", place, PAGES, partial(_of_pages, source, waiting)


def _of_rows(reach: timedelta, pinned: Set[int], waiting: Waiting, table: DeltaTable) -> Promises:
    return Promises(reach, pinned=pinned, begun=waiting.oldest_begun(table))


def _of_pages(source: Source, waiting: Waiting, _: DeltaTable) -> Promises:
    # Retention comes before time travel: only readers that are at work now are waited for.
    return Promises(READERS, has_change_feed=False, retention=source.retention, may_expire=waiting.may_expire)


def _carried_out(one: Upkeep) -> Upkeep:
    if one.plan is None or one.plan.is_empty:
        return one
    try:
        with told(one.plan.place):
            _carry_out(one.plan)
    except HutongError as wrong:
        return replace(one, problem=str(wrong))
    log.info("maintained table=%s %s", one.table, _said([one.plan]))
    return one


def _carry_out(plan: Plan) -> None:
    """In an order in which whoever stops in between leaves a table that can be read and a next run that goes on."""
    place = plan.place
    if plan.has_checkpoint_due:
        write_checkpoint(place, plan.version)
    if plan.properties:
        set_properties(place, plan.properties)
    if plan.leftovers.paths:
        remove_leftovers(place, plan.leftovers)
    remove(place, plan.log)
    if plan.expired:
        remove_expired(place, plan.expired)
    for crowd in plan.crowds:
        compact(place, crowd, plan.shape)
    after = history_of(place)
    if after.since_checkpoint >= COMMITS_TO_READ:
        write_checkpoint(place, after.newest)


def _said(plans: Iterable[Plan]) -> str:
    return ", ".join(f"{name}={count}" for name, count in asdict(figures(plans)).items() if count)
