"""Which files of a folder were taken, as the landed pages say.

A page's cursor lists the files that had been taken before its pull, and its state those that the pull has taken since,
up to and including it; so the pages of a pull share one long text. The list holds what still lies in the folder, no
more: about 80 bytes a file.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from typing import Any

from hutong.extract.folder.beneath import File

ROLL = 256
"""Files after which the list is written anew, so that the states of a long pull do not grow with its square."""

Entry = list[Any]  # size, when it was last touched in nanoseconds since 1970, beginning of the SHA-256


class Taken:
    """The files that were taken. newest_ns: the latest time of change among all that ever were."""

    def __init__(self, cursor: str | None, state: Mapping[str, Any]) -> None:
        known = _read(cursor)
        self._entries: dict[str, Entry] = known["taken"]
        self.newest_ns: int = known["newest_ns"]
        self.cursor = _written(self._entries, self.newest_ns)
        self._since: dict[str, Entry] = {}
        since, newest = state.get("since"), state.get("newest_ns")
        if isinstance(newest, int):
            self.newest_ns = max(self.newest_ns, newest)
        for name, entry in since.items() if isinstance(since, dict) else ():
            if _is_entry(entry):
                self._note(name, entry)

    @property
    def names(self) -> Collection[str]:
        """The names of the files that were taken."""
        return self._entries.keys()

    def holds(self, file: File) -> bool:
        """Whether `file`, as it lies there, was taken."""
        return self._entries.get(file.name, [])[:2] == [file.size, file.still_ns]

    def held(self, file: File, body: bytes) -> bool:
        """Whether `file` was taken with this content; if so, it was touched since, which is noted."""
        is_known = self.was(file.name, body)
        if is_known:
            self._note(file.name, [file.size, file.still_ns, _digest(body)])
        return is_known

    def was(self, name: str, body: bytes) -> bool:
        """Whether a file `name` was taken with this content."""
        return self._entries.get(name, [])[2:] == [_digest(body)]

    def add(self, file: File, body: bytes) -> None:
        """Take `file`."""
        self._note(file.name, [file.size, file.still_ns, _digest(body)])
        self.newest_ns = max(self.newest_ns, file.mtime_ns)

    def state(self) -> dict[str, Any]:
        """What was taken since `cursor` was written."""
        return {"since": dict(self._since), "newest_ns": self.newest_ns}

    def roll(self, present: Collection[str]) -> None:
        """Write `cursor` anew, with the files that are `present` in the folder."""
        self._entries = {name: entry for name, entry in self._entries.items() if name in present}
        self._since = {}
        self.cursor = _written(self._entries, self.newest_ns)

    @property
    def is_long(self) -> bool:
        """Whether it is time to roll."""
        return len(self._since) >= ROLL

    def _note(self, name: str, entry: Entry) -> None:
        self._entries[name] = self._since[name] = entry


def _digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]


def _written(entries: Mapping[str, Entry], newest_ns: int) -> str:
    return json.dumps({"newest_ns": newest_ns, "taken": entries}, separators=(",", ":"))


def _read(cursor: str | None) -> dict[str, Any]:
    """What `cursor` says; nothing when it is that of another transport."""
    try:
        known = json.loads(cursor or "{}")
    except ValueError:
        known = {}
    taken, newest = (known.get("taken"), known.get("newest_ns")) if isinstance(known, dict) else (None, None)
    if not isinstance(taken, dict) or not isinstance(newest, int) or not all(map(_is_entry, taken.values())):
        return {"taken": {}, "newest_ns": 0}
    return {"taken": taken, "newest_ns": newest}


def _is_entry(entry: Any) -> bool:
    return isinstance(entry, list) and [type(part) for part in entry] == [int, int, str]
