"""One table: are its files there, and did only hutong change its rows, each batch once?"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from deltalake import DeltaTable

from hutong.store.paths import Place
from hutong.store.tables import BATCH, COUNTS, REBUILD, SEQUENCE, Counts, sizes_at

CHANGES_ROWS = frozenset({"WRITE", "DELETE", "MERGE", "UPDATE", "RESTORE"})
"""Operations of a Delta log that add or remove rows; what hutong does of them carries its own metadata."""


@dataclass(frozen=True, slots=True)
class Log:
    """The commits that a table's log still holds.

    counts: (sequence, batch) -> the counts of its commit. problems: what should not be there.
    """

    counts: dict[tuple[str, int], Counts]
    problems: list[str]


def read_log(name: str, table: DeltaTable) -> Log:
    """The log of `table`, called `name` in what is said about it."""
    counts: dict[tuple[str, int], Counts] = {}
    versions: dict[tuple[str, int], int] = {}
    problems: list[str] = []
    for entry in reversed(table.history()):
        version = int(entry["version"])
        if str(entry.get(SEQUENCE, "")).startswith(f"{REBUILD}/"):
            # Whatever was done to the rows before, they were put back to what landing says.
            problems.clear()
        if SEQUENCE in entry:
            batch = (str(entry[SEQUENCE]), int(entry[BATCH]))
            if batch in versions:
                problems.append(
                    f"{name}: batch {batch[1]} of {batch[0]} was committed twice, in versions {versions[batch]} and"
                    f" {version}; run `hutong rebuild`, or restore the table from a backup"
                )
            versions[batch] = version
            counts[batch] = json.loads(entry[COUNTS])
        elif entry["operation"] in CHANGES_ROWS and not any(key.startswith("hutong.") for key in entry):
            problems.append(
                f"{name}: version {version} ({entry['operation']}, {_when(entry)}) was not written by hutong;"
                " run `hutong rebuild`, or restore the table from a backup"
            )
    return Log(counts, problems)


def missing_files(name: str, table: DeltaTable, place: Place) -> Iterator[str | None]:
    """For each data file of the newest version: None if it is there in its size, else what is wrong."""
    there = sizes_at(place)
    actions = table.get_add_actions(flatten=True)
    for path, size in zip(actions.column("path").to_pylist(), actions.column("size_bytes").to_pylist(), strict=True):
        found = there.get(path)
        if found is None:
            yield f"{name}: the file {path} is gone; run `hutong rebuild`, or restore it from a backup"
        elif found != size:
            yield f"{name}: the file {path} has {found} bytes instead of {size}; restore it from a backup"
        else:
            yield None


def _when(entry: dict[str, Any]) -> str:
    return datetime.fromtimestamp(entry["timestamp"] / 1000, UTC).isoformat(timespec="seconds")
