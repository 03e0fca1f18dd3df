"""Platforms that are left alone because a person said so, until a person says otherwise.

What holds is the newest `pause` or `resume` of a platform in the operations table.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import polars as pl

from hutong.errors import HutongError
from hutong.operations import write_down
from hutong.registry import Registry
from hutong.store.failures import told
from hutong.store.moved import moved_since
from hutong.store.paths import Place, Store
from hutong.store.tables import existing

PAUSE, RESUME = "pause", "resume"
_CITY = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Order:
    """The newest of them for a platform. at: UTC."""

    action: str
    actor: str
    at: datetime
    reason: str

    @property
    def is_pause(self) -> bool:
        """Whether the platform is left alone."""
        return self.action == PAUSE

    @property
    def said(self) -> str:
        """Since when and why, without who: this goes into logs."""
        return f"paused since {self.at.astimezone(_CITY).isoformat(timespec='seconds')} ({self.reason})"


def pause(platform: str, reason: str, registry: Registry, store: Store) -> None:
    """Have `platform` left alone by every pull, those that are under way included.

    Raises AskedWrongly for an unknown platform, HutongError when it is paused already, StoreError.
    """
    registry.connector(platform)
    newest = orders(registry, store).get(platform)
    if newest is not None and newest.is_pause:
        raise HutongError(f"{platform} is {newest.said}", "resume it first to give another reason")
    write_down(PAUSE, platform, reason, registry, store, after=newest.at if newest else None)


def resume(platform: str, reason: str, registry: Registry, store: Store) -> None:
    """Let `platform` be asked again. Raises as `pause` does, and HutongError when it is not paused."""
    registry.connector(platform)
    newest = orders(registry, store).get(platform)
    if newest is None or not newest.is_pause:
        raise HutongError(f"{platform} is not paused", "`hutong connector list` shows which are")
    write_down(RESUME, platform, reason, registry, store, after=newest.at)


def orders(registry: Registry, store: Store) -> Mapping[str, Order]:
    """What a person said last about asking each platform; none for those of which nobody said anything.

    Raises StoreError.
    """
    return _newest(_table(registry, store))[1]


def paused(platform: str, registry: Registry, store: Store) -> Callable[[], str | None]:
    """A function that says since when and why `platform` is paused at the moment it is called, None when it is not.

    It reads the table when it is called first, and when the table got a commit in between. Raises StoreError.
    """
    place = _table(registry, store)
    has_moved = moved_since(place)
    version: int | None = None
    newest: Mapping[str, Order] = {}
    is_read = False

    def now() -> str | None:
        nonlocal version, newest, is_read
        if not is_read or has_moved(version):
            version, newest = _newest(place)
            is_read = True
        order = newest.get(platform)
        return order.said if order is not None and order.is_pause else None

    return now


def _table(registry: Registry, store: Store) -> Place:
    return store.base(registry.dataset("operations").table)


def _newest(place: Place) -> tuple[int | None, Mapping[str, Order]]:
    """The version of the table that was read, None if there is no table yet, and the newest order of each platform."""
    table = existing(place)
    if table is None:
        return None, {}
    rows = pl.scan_delta(table).filter(pl.col("action").is_in([PAUSE, RESUME])).sort("acted_at")
    with told(place):
        found = rows.select("target", "action", "actor", "acted_at", "reason").collect()
    return table.version(), {platform: Order(*rest) for platform, *rest in found.iter_rows()}
