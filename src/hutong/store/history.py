"""The log of a table: which versions it can still give, and which of its files no version needs any longer.

deltalake's own clean-up obeys a property as it stood at the version on which it is called, and cannot be asked what it
would remove. What is removed here is what was listed, by the same rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from deltalake.fs import DeltaStorageHandler
from pyarrow.fs import FileSelector

from hutong.store.paths import Place

_FOLDER = "_delta_log"
_NAME = re.compile(r"(\d{20})\.(json|checkpoint.*\.parquet)")


@dataclass(frozen=True, slots=True)
class LogFile:
    """A commit, or a checkpoint: the whole state of the table at its version. written_at: UTC, by the store's clock."""

    path: str
    version: int
    is_checkpoint: bool
    written_at: datetime
    size: int


@dataclass(frozen=True, slots=True)
class History:
    """The files of a table's log, by version."""

    files: tuple[LogFile, ...]

    @property
    def newest(self) -> int:
        """The newest version."""
        return max(file.version for file in self.files)

    @property
    def since_checkpoint(self) -> int:
        """Commits that whoever opens the table has to read one by one."""
        return self.newest - self._checkpoint_at(self.newest)

    def version_at(self, instant: datetime) -> int:
        """The version that was the newest at `instant`; the oldest that can still be read if that was later."""
        known = [file.version for file in self.files if not file.is_checkpoint and file.written_at <= instant]
        has_first = any(file.version == 0 for file in self.files)
        readable = 0 if has_first else min(file.version for file in self.files if file.is_checkpoint)
        return max([readable, *known])

    def with_checkpoint(self, at: datetime) -> History:
        """As it will be once a checkpoint of the newest version was written."""
        return replace(self, files=(*self.files, LogFile("", self.newest, True, at, 0)))

    def expired(self, until: int, before: datetime) -> list[LogFile]:
        """The files written up to `before` that neither version `until` nor any later one needs, the oldest first.

        A version is read from the checkpoint below it, so the log ends at a checkpoint: the newest that is below
        `until` and below everything written later.
        """
        later = [file.version for file in self.files if file.written_at > before]
        end = self._checkpoint_at(min([until, *later]))
        return [file for file in self.files if file.version < end and file.written_at <= before]

    def _checkpoint_at(self, version: int) -> int:
        return max((file.version for file in self.files if file.is_checkpoint and file.version <= version), default=0)


def history_of(place: Place) -> History:
    """The log of the table at `place`."""
    found = _files(place).get_file_info_selector(FileSelector(_FOLDER))
    named = [(info, _NAME.fullmatch(info.base_name)) for info in found]
    files = [LogFile(info.path, int(name[1]), name[2] != "json", info.mtime, info.size) for info, name in named if name]
    return History(tuple(sorted(files, key=lambda file: (file.version, file.path))))


def remove(place: Place, files: Iterable[LogFile]) -> None:
    """Remove `files` one by one: in the order of versions, so that whoever stops halfway leaves no hole."""
    store = _files(place)
    for file in files:
        store.delete_file(file.path)


def _files(place: Place) -> DeltaStorageHandler:
    # deltalake's own way to files: it takes the options that tables are opened with, and deletes without leaving the
    # empty objects by which Arrow marks folders in an object store.
    return DeltaStorageHandler(place.uri, dict(place.options))
