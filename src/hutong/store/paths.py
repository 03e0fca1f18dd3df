"""The lake's layout. No other file spells a path of it.

Every part of a path is a declared name (`model.declared.Name`), never a value from data.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Store:
    """A lake at `root`, a folder."""

    root: str

    def landing(self, platform: str, stream: str) -> str:
        """Pages as received, one table per platform and stream."""
        return f"{self.root}/landing/{platform}/{stream}"

    def base(self, dataset: str) -> str:
        """A base dataset, or another table with a contract of its own."""
        return f"{self.root}/base/{dataset}"

    def ledger(self, platform: str) -> str:
        """What became of every record of a platform. One table per platform, so that platforms never wait for one
        another.
        """
        return f"{self.root}/ledger/{platform}"

    def quarantine(self, platform: str) -> str:
        """The refused records of a platform."""
        return f"{self.root}/quarantine/{platform}"
