"""The lake's layout. No other file spells a path of it.

Every part of a path is a declared name (`model.declared.Name`), never a value from data.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from hutong.settings import Settings

PER_PLATFORM = frozenset({"ledger", "quarantine"})
"""Datasets that are kept as one table per platform."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where one table lies. options: what its store wants to be opened with; they may hold credentials."""

    uri: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Store:
    """A lake at `root`: a folder, or the address of an object store."""

    root: str
    options: Mapping[str, str] = field(default_factory=dict, repr=False)

    def landing(self, platform: str, stream: str) -> Place:
        """Pages as received, one table per platform and stream."""
        return self._at(f"landing/{platform}/{stream}")

    def base(self, dataset: str) -> Place:
        """A base dataset, or another table with a contract of its own."""
        return self._at(f"base/{dataset}")

    def ledger(self, platform: str) -> Place:
        """What became of every record of a platform. One table per platform, so that platforms never wait for one
        another.
        """
        return self._at(f"ledger/{platform}")

    def quarantine(self, platform: str) -> Place:
        """The refused records of a platform."""
        return self._at(f"quarantine/{platform}")

    def table(self, dataset: str, platform: str | None) -> Place:
        """The table of `dataset`; `platform` is the one it is kept for, None for tables of all platforms."""
        return self.base(dataset) if platform is None else self._at(f"{dataset}/{platform}")

    def _at(self, path: str) -> Place:
        return Place(f"{self.root}/{path}", self.options)


def open_store(settings: Settings) -> Store:
    """The lake that `settings` name."""
    return Store(settings.lake)
