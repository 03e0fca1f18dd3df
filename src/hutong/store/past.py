"""What a table's log tells of its past."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from deltalake import DeltaTable

from hutong.errors import AskedWrongly
from hutong.store.paths import Place
from hutong.store.tables import SEQUENCE, existing

_FIRST_LOOK = 64


def as_of(place: Place, instant: datetime) -> DeltaTable | None:
    """The table at `place` as it was at `instant` (aware), by the times that its commits carry; None if it was not
    there yet. Raises AskedWrongly when its log no longer reaches back so far.
    """
    table = existing(place)
    if table is None:
        return None
    asked_ms = instant.timestamp() * 1000
    oldest: dict[str, Any] = {}
    for oldest in _commits(table):
        if oldest["timestamp"] <= asked_ms:
            return existing(place, oldest["version"])
    if oldest["version"] == 0:
        return None
    since = datetime.fromtimestamp(oldest["timestamp"] / 1000, UTC)
    raise AskedWrongly(
        f"{place.uri} remembers its versions since {since.isoformat(timespec='seconds')} only",
        "ask for a later time, or for a release",
    )


def recent_sequences(table: DeltaTable, commits: int) -> set[str]:
    """The sequences of the newest `commits` commits."""
    return {entry[SEQUENCE] for entry in table.history(commits) if SEQUENCE in entry}


def _commits(table: DeltaTable) -> Iterator[dict[str, Any]]:
    """What the log still says of each commit, newest first, read no further back than is asked for."""
    seen, limit = 0, _FIRST_LOOK
    while True:
        entries = table.history(limit)
        yield from entries[seen:]
        if len(entries) < limit:
            return
        seen, limit = len(entries), 4 * limit
