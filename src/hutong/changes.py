"""What differs between two moments of the lake: per dataset the rows added, changed and removed, by key.

Two rows of a key differ when their content does; where and when they came from is no difference, and a tombstone is a
removed row. Delta never rewrites a file in place, so a file that both moments hold has nothing to say: only the others
are read, and the database puts on disk what does not fit into memory.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pyarrow.dataset as pads

from hutong.errors import AskedWrongly
from hutong.lake import TOMBSTONE, answer, readable
from hutong.model.dataset import Dataset
from hutong.registry import Registry
from hutong.release import Moment, moment
from hutong.store.paths import Place, Store
from hutong.store.tables import dataset_of

if TYPE_CHECKING:
    import duckdb

MEMORY = "1GiB"

Kind = Literal["added", "changed", "removed"]


@dataclass(frozen=True, slots=True)
class Row:
    """A row that differs. before, after: its content, of a changed one only the columns that changed; None where the
    row was not there.
    """

    kind: Kind
    key: dict[str, Any]
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class Changes:
    """How a dataset differs. examples: the first rows that do, by key."""

    dataset: str
    added: int
    changed: int
    removed: int
    examples: tuple[Row, ...]

    @property
    def are_none(self) -> bool:
        """Whether both moments say the same."""
        return not (self.added or self.changed or self.removed)


def changes(
    first: str, second: str, registry: Registry, store: Store, only: str | None = None, examples: int = 0
) -> Iterator[Changes]:
    """How every dataset whose rows have a key differs between two moments, written as for `release.moment`.

    only: one dataset. examples: rows to show of each.
    Raises AskedWrongly for what is no moment, no dataset, or one without a key.
    """
    before, after = moment(first, registry, store), moment(second, registry, store)
    for dataset in _datasets(only, registry):
        place = store.base(dataset.table)
        with _database() as connection:
            for name, rows in zip(("before", "after"), _differing(dataset, place, before, after), strict=True):
                connection.register(name, rows)
            yield _compare(dataset, examples, connection, registry, store)


def _compare(
    dataset: Dataset, examples: int, connection: duckdb.DuckDBPyConnection, registry: Registry, store: Store
) -> Changes:
    key, content = dataset.key, dataset.content
    wanted = ", ".join(f'"{name}"' for name in (*key, *content))
    listed = f" WHERE {TOMBSTONE} IS NULL" if TOMBSTONE in dataset.names else ""
    joined = " AND ".join(f'b."{name}" = a."{name}"' for name in key)
    differs = " OR ".join(f'b."{name}" IS DISTINCT FROM a."{name}"' for name in content) or "false"
    keys = ", ".join(f'coalesce(b."{name}", a."{name}") AS "{name}"' for name in key)
    connection.execute(
        f"""CREATE TEMP VIEW differing AS
            SELECT CASE WHEN b."{key[0]}" IS NULL THEN 'added' WHEN a."{key[0]}" IS NULL THEN 'removed'
                        ELSE 'changed' END AS kind, {keys}, b, a
            FROM (SELECT {wanted} FROM before{listed}) b FULL JOIN (SELECT {wanted} FROM after{listed}) a ON {joined}
            WHERE b."{key[0]}" IS NULL OR a."{key[0]}" IS NULL OR {differs}"""
    )
    counted = answer("SELECT kind, count(*) AS n FROM differing GROUP BY ALL", connection, registry, store).to_pylist()
    counts = {row["kind"]: row["n"] for row in counted}
    shown: tuple[Row, ...] = ()
    if counts and examples:
        ordered = ", ".join(f'"{name}"' for name in key)
        found = answer(f"FROM differing ORDER BY {ordered} LIMIT {examples}", connection, registry, store)
        shown = tuple(_row(row, dataset) for row in found.to_pylist())
    return Changes(dataset.id, counts.get("added", 0), counts.get("changed", 0), counts.get("removed", 0), shown)


def _row(row: dict[str, Any], dataset: Dataset) -> Row:
    before, after = ({name: row[side][name] for name in dataset.content} for side in ("b", "a"))
    key = {name: row[name] for name in dataset.key}
    if row["kind"] == "added":
        return Row("added", key, None, after)
    if row["kind"] == "removed":
        return Row("removed", key, before, None)
    moved = [name for name in dataset.content if before[name] != after[name]]
    return Row("changed", key, {name: before[name] for name in moved}, {name: after[name] for name in moved})


def _datasets(only: str | None, registry: Registry) -> list[Dataset]:
    if only is None:
        return [dataset for dataset in registry.datasets.values() if dataset.key]
    dataset = registry.dataset(only)
    if not dataset.key:
        keyed = ", ".join(name for name, one in registry.datasets.items() if one.key)
        raise AskedWrongly(f"rows of {only} have no key by which they could be compared", f"choose one of {keyed}")
    return [dataset]


def _differing(dataset: Dataset, place: Place, *moments: Moment) -> list[pads.Dataset]:
    """The rows at each of `moments` that lie in files which the others do not hold."""
    tables = [then(place) for then in moments]
    found = [None if table is None else dataset_of(table, place) for table in tables]
    files = [{} if one is None else {file.path: file for file in one.get_fragments()} for one in found]
    common = set.intersection(*(set(paths) for paths in files))
    differing = []
    for one, paths in zip(found, files, strict=True):
        own = [file for path, file in paths.items() if path not in common]
        rows = [pads.FileSystemDataset(own, one.schema, one.format, one.filesystem)] if one is not None and own else []
        differing.append(readable(rows, dataset))
    return differing


@contextmanager
def _database() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database that needs no more than `MEMORY`."""
    import duckdb

    with (
        tempfile.TemporaryDirectory(prefix="hutong-diff-") as folder,
        duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": folder}) as connection,
    ):
        connection.execute("SET TimeZone = 'UTC'")
        yield connection
