"""Scratch lakes: places for work that is thrown away, and the broom for those whose owner died."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pyarrow.fs as pafs

from hutong.store.failures import told
from hutong.store.paths import Place, Store
from hutong.store.tables import filesystem_of

_SIGN_OF_LIFE = "alive"
_SILENCE = timedelta(minutes=30)
"""An owner that gave no sign of life for so long is dead: the longest thing between two signs is one batch."""


@dataclass(frozen=True, slots=True)
class Scratch:
    """A scratch lake of this process. name: its folder among the others."""

    store: Store
    name: str
    _folder: pafs.FileSystem

    def is_needed(self) -> None:
        """Give a sign of life, so that others leave it alone. Raises StoreError when the store fails."""
        with told(Place(self.store.root, self.store.options)):
            self._folder.create_dir(self.name, recursive=True)
            with self._folder.open_output_stream(f"{self.name}/{_SIGN_OF_LIFE}") as sign:
                sign.write(datetime.now(UTC).isoformat().encode())


@contextmanager
def scratch(store: Store, kind: str) -> Iterator[Scratch]:
    """A fresh scratch lake in `store`, removed at the end. kind: a word for its name, such as `replay`.

    First removes those that a killed process left behind. Raises StoreError when the store fails.
    """
    remove_abandoned(store)
    name = f"{kind}-{uuid4().hex[:12]}"
    folder = _folder(store)
    mine = Scratch(store.scratch(name), name, folder)
    mine.is_needed()
    try:
        yield mine
    finally:
        _remove(folder, name)


def remove_abandoned(store: Store, now: datetime | None = None) -> list[str]:
    """Remove the scratch lakes whose owner gave no sign of life for half an hour; returns their names.

    now: aware; the present by default.
    """
    folder = _folder(store)
    abandoned: list[str] = []
    with told(Place(store.scratches, store.options)):
        for found in folder.get_file_info(pafs.FileSelector("", allow_not_found=True)):
            sign = folder.get_file_info(f"{found.path}/{_SIGN_OF_LIFE}")
            # An object store keeps no times of folders; there the sign comes before anything else.
            seen = (sign.mtime if sign.is_file else found.mtime) or datetime.min.replace(tzinfo=UTC)
            if not found.is_file and (now or datetime.now(UTC)) - seen > _SILENCE:
                _remove(folder, found.path)
                abandoned.append(found.base_name)
    return abandoned


def _remove(folder: pafs.FileSystem, name: str) -> None:
    # Another process may sweep at the same moment, and some object stores go on listing a folder that is empty.
    with suppress(FileNotFoundError):
        folder.delete_dir(name)


def _folder(store: Store) -> pafs.FileSystem:
    return filesystem_of(Place(store.scratches, store.options))
