"""The releases table: which version of each table stands under which name.

It is the one list of pins: what it names must stay readable, whatever upkeep removes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hutong.model.dataset import TableName
from hutong.registry import Registry
from hutong.schema.arrow import to_table
from hutong.store.contracted import table_of
from hutong.store.paths import Place, Store
from hutong.store.tables import Change, commit, dataset_of, existing, number

RELEASES = TableName("releases")


@dataclass(frozen=True, slots=True)
class Pin:
    """The version of one table. platform: that of a ledger or quarantine; None for tables of all platforms."""

    table: TableName
    platform: str | None
    version: int
    contract_version: str

    def place(self, store: Store) -> Place:
        """Where the table lies."""
        return store.table(self.table, self.platform)


@dataclass(frozen=True, slots=True)
class Release:
    """A city version. made_at: UTC. note: why, in the actor's words."""

    name: str
    made_at: datetime
    actor: str
    note: str
    pins: tuple[Pin, ...]

    def rows(self) -> Iterator[dict[str, Any]]:
        """As the releases table holds it."""
        for pin in self.pins:
            yield {
                "name": self.name,
                "table_name": pin.table,
                "platform": pin.platform,
                "version": pin.version,
                "contract_version": pin.contract_version,
                "made_at": self.made_at,
                "actor": self.actor,
                "note": self.note,
            }


def releases(store: Store) -> list[Release]:
    """Every release of the lake, oldest first."""
    place = store.base(RELEASES)
    found = existing(place)
    if found is None:
        return []
    by_name: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in sorted(dataset_of(found, place).to_table().to_pylist(), key=_by_table):
        by_name[row["name"]].append(row)
    made = [_release(name, rows) for name, rows in by_name.items()]
    return sorted(made, key=lambda release: release.made_at)


def _by_table(row: Mapping[str, Any]) -> tuple[str, str]:
    return row["table_name"], row["platform"] or ""


def _release(name: str, rows: Sequence[Mapping[str, Any]]) -> Release:
    pinned = (
        Pin(TableName(row["table_name"]), row["platform"], row["version"], row["contract_version"]) for row in rows
    )
    return Release(name, rows[0]["made_at"], rows[0]["actor"], rows[0]["note"], tuple(pinned))


def pins(store: Store) -> dict[str, set[int]]:
    """The versions that releases name, by the address (`Place.uri`) of their table.

    Tables of datasets and platforms that are no longer declared are among them: a release outlives its connectors.
    """
    pinned: defaultdict[str, set[int]] = defaultdict(set)
    for release in releases(store):
        for pin in release.pins:
            pinned[pin.place(store).uri].add(pin.version)
    return dict(pinned)


def keep(release: Release, registry: Registry, store: Store) -> bool:
    """Commit all rows of `release` at once; False when its name was given before."""
    dataset = registry.dataset(RELEASES)
    rows = to_table(list(release.rows()), dataset)
    # The moment and the actor tell one's own unanswered write from another's release of the same name.
    counts = {"rows": rows.num_rows, "made_at": release.made_at.isoformat(), "actor": release.actor}
    place = store.base(RELEASES)
    name = f"{RELEASES}/{release.name}"
    if number(place, name):
        return False
    return commit(table_of(dataset, place), name, 1, lambda _: Change(rows, counts)).counts == counts
