"""The lake's layout. No other file spells a path of it.

Every part of a path is a declared name (`model.declared.Name`), of a table with its major version behind it
(`Dataset.table`), never a value from data.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hutong.errors import AskedWrongly
from hutong.model.dataset import TableName
from hutong.secrets import Secrets
from hutong.settings import Settings
from hutong.store import s3

_S3_ADDRESS = re.compile(r"s3://[a-z0-9][a-z0-9.-]+(/[A-Za-z0-9._-]+)*/?")
_ODD = re.compile(r"[^A-Za-z0-9._~/@+=,:-]")

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

    def base(self, table: TableName) -> Place:
        """A base dataset, or another table with a contract of its own. table: `Dataset.table`, not its id, which a
        newer major version takes over.
        """
        return self._at(f"base/{table}")

    def ledger(self, platform: str) -> Place:
        """What became of every record of a platform. One table per platform, so that platforms never wait for one
        another.
        """
        return self._at(f"ledger/{platform}")

    def quarantine(self, platform: str) -> Place:
        """The refused records of a platform."""
        return self._at(f"quarantine/{platform}")

    def table(self, name: TableName, platform: str | None) -> Place:
        """The table called `name`; `platform` is the one it is kept for, None for tables of all platforms."""
        return self.base(name) if platform is None else self._at(f"{name}/{platform}")

    def scratch(self, name: str) -> Store:
        """A lake within the lake, for work that is thrown away (`store/scratch.py`)."""
        return Store(f"{self.scratches}/{name}", self.options)

    @property
    def scratches(self) -> str:
        """The folder of all scratch lakes."""
        return f"{self.root}/scratch"

    def _at(self, path: str) -> Place:
        return Place(f"{self.root}/{path}", self.options)


def open_store(settings: Settings, secrets: Secrets) -> Store:
    """The lake that `settings` name, whether or not anything is in it yet.

    secrets: asked only for an object store. Raises SecretMissing as `s3.options` does, and AskedWrongly when the lake's
    address cannot be one.
    """
    root = settings.lake
    if root.startswith(s3.SCHEME):
        if not _S3_ADDRESS.fullmatch(root):
            raise AskedWrongly(f"HUTONG_LAKE is no address in an S3 store: '{root}'", "write it as s3://bucket/prefix")
        return Store(root.rstrip("/"), s3.options(settings, secrets))
    if "://" in root:
        raise AskedWrongly(f"HUTONG_LAKE names a kind of store that is not known: '{root}'", "a folder, or s3://...")
    if odd := sorted(set(_ODD.findall(str(Path(root).absolute())))):
        # delta-rs percent-encodes them in the addresses of files, and polars then looks for such names.
        raise AskedWrongly(
            f"the path of the lake holds {' '.join(map(repr, odd))}: {root}",
            "set HUTONG_LAKE to a folder whose path is of letters a to z, digits and . _ - only",
        )
    return Store(root)


def is_there(store: Store) -> bool:
    """Whether anything is in the lake. Raises StoreError when the store does not say."""
    # Here, since most commands would otherwise wait for deltalake before they read their arguments.
    from hutong.store.failures import told

    with told(Place(store.root, store.options)):
        if store.root.startswith(s3.SCHEME):
            return s3.holds_anything(store.root, store.options)
        return Path(store.root).is_dir()
