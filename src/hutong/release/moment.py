"""What `--at` means: a rule that says which version of each table is read.

now                              every table as it is
spring                           the versions that the release `spring` pinned; what it does not name was not there
traffic_flow=12, ledger/cim=3    one table at a version, the others as they are
2026-03-18T08:00:00+08:00        every table as it was at that instant; only a release is sure to agree with itself
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from deltalake import DeltaTable

from hutong.errors import AskedWrongly, StoreError
from hutong.registry import Registry
from hutong.release.pinned import Release, releases
from hutong.store.past import as_of
from hutong.store.paths import PER_PLATFORM, Place, Store
from hutong.store.tables import existing

NOW = "now"

Moment = Callable[[Place], DeltaTable | None]
"""The table at a place as it was at one moment; None if it was not there."""


def moment(at: str, registry: Registry, store: Store) -> Moment:
    """The moment that `at` means.

    Raises AskedWrongly for a word that is none, and a time without a zone; the moment itself raises it for a version
    that is not there any more.
    """
    if at == NOW:
        return existing
    made = {release.name: release for release in releases(store)}
    if at in made:
        return _of_release(made[at], store)
    name, is_version, number = at.partition("=")
    if is_version:
        return _of_version(name, number, registry, store)
    time = instant(at)
    if time is None:
        raise AskedWrongly.unknown("release", at, [*made, NOW])
    if time.tzinfo is None:
        raise AskedWrongly(
            f"'{at}' has no time zone", f"write {time.isoformat()}+08:00 for Chinese time, {time.isoformat()}Z for UTC"
        )
    return lambda place: as_of(place, time)


def instant(text: str) -> datetime | None:
    """The ISO 8601 time in `text`; None if it is no time.

    >>> instant("2026-03-18T08:00:00+08:00").isoformat()
    '2026-03-18T08:00:00+08:00'
    """
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _of_release(release: Release, store: Store) -> Moment:
    pinned = {pin.place(store).uri: pin.version for pin in release.pins}
    return lambda place: _at_version(place, pinned[place.uri]) if place.uri in pinned else None


def _of_version(name: str, number: str, registry: Registry, store: Store) -> Moment:
    dataset, _, platform = name.partition("/")
    table = registry.dataset(dataset).table
    if dataset in PER_PLATFORM:
        if platform not in registry.connectors:
            each = ", ".join(f"{dataset}/{known}" for known in registry.connectors)
            raise AskedWrongly(f"'{name}' is no table: there is one {dataset} per platform", f"name one of {each}")
    elif platform:
        raise AskedWrongly(f"'{name}' is no table", f"write {dataset}={number}")
    if not number.isdecimal():
        raise AskedWrongly(f"'{number}' is no version of {name}", f"write a whole number, such as {name}=12")
    asked = store.table(table, platform or None)
    return lambda place: _at_version(place, int(number)) if place.uri == asked.uri else existing(place)


def _at_version(place: Place, version: int) -> DeltaTable | None:
    try:
        return existing(place, version)
    except StoreError:
        newest = existing(place)
        assert newest is not None
        raise AskedWrongly(
            f"{place.uri} has no version {version} that can be read",
            f"it stands at version {newest.version()}, and old versions go unless a release pins them",
        ) from None
