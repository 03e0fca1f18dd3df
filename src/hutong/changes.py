"""What differs between two moments of the lake: per dataset the rows added, changed and removed, by key.

Two rows of a key differ when their content does; where and when they came from is no difference, and a tombstone is a
removed row. Delta never rewrites a file in place, so a file that both moments hold has nothing to say: only the others
are read, and the database puts on disk what does not fit into memory.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import pyarrow.dataset as pads

from hutong.errors import AskedWrongly
from hutong.lake import TOMBSTONE, readable, unreadable
from hutong.model.dataset import Dataset
from hutong.registry import Registry
from hutong.release import Moment, moment
from hutong.store.paths import Place, Store
from hutong.store.tables import dataset_of

if TYPE_CHECKING:
    import duckdb

MEMORY = "512MiB"
READ_AT_ONCE = 32_768
"""Rows of a file."""

Kind = Literal["added", "changed", "removed"]
Contents = Mapping[tuple[Any, ...], dict[str, Any]]
"""Key -> content."""


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
    Raises AskedWrongly for what is no moment, no dataset, or one without a key, StoreError when a file is gone.
    """
    import duckdb

    moments = [moment(first, registry, store), moment(second, registry, store)]
    for dataset in _datasets(only, registry):
        before, after = _differing(dataset, store.base(dataset.table), moments)
        try:
            yield _compare(dataset, before, after, examples)
        except duckdb.Error as wrong:
            raise unreadable(wrong, store) from None


def _compare(dataset: Dataset, before: pads.Dataset, after: pads.Dataset, examples: int) -> Changes:
    key = ", ".join(f'"{name}"' for name in dataset.key)
    content = ", ".join(f'"{name}"' for name in dataset.content)
    with _database() as connection:
        for name, rows in (("before", before), ("after", after)):
            # 64 bits stand for a row's content: keys and these are all that has to be sorted out.
            connection.register("rows", _read(rows, dataset))
            connection.execute(f"CREATE TABLE {name} AS SELECT {key}, hash({content}) AS content FROM rows")
        connection.execute(
            f"""CREATE TABLE differing AS
                SELECT {key}, CASE WHEN b.content IS NULL THEN 'added' WHEN a.content IS NULL THEN 'removed'
                                   ELSE 'changed' END AS kind
                FROM before b FULL JOIN after a USING ({key}) WHERE b.content IS DISTINCT FROM a.content"""
        )
        counts = dict(connection.execute("SELECT kind, count(*) FROM differing GROUP BY ALL").fetchall())
        connection.execute(f"CREATE TABLE shown AS FROM differing ORDER BY {key} LIMIT {examples}")
        shown = connection.sql("FROM shown").to_arrow_table().to_pylist() if examples else []
        sides = [_contents(rows, dataset, connection) if shown else {} for rows in (before, after)]
    rows_shown = tuple(_row(row["kind"], tuple(row[name] for name in dataset.key), dataset, *sides) for row in shown)
    return Changes(dataset.id, counts.get("added", 0), counts.get("changed", 0), counts.get("removed", 0), rows_shown)


def _read(rows: pads.Dataset, dataset: Dataset) -> pa.RecordBatchReader:
    """Keys and contents of the rows that are no tombstones, a little at a time."""
    columns = [*dataset.key, *dataset.content]
    listed = pads.field(TOMBSTONE).is_null() if TOMBSTONE in dataset.names else None
    # Read ahead as it does by default, Arrow would hold more of wide rows than the whole database may.
    scanner = rows.scanner(columns, listed, batch_size=READ_AT_ONCE, batch_readahead=2, fragment_readahead=1)
    return scanner.to_reader()


def _contents(rows: pads.Dataset, dataset: Dataset, connection: duckdb.DuckDBPyConnection) -> Contents:
    """The content of the rows that are shown, by key."""
    key = ", ".join(f'"{name}"' for name in dataset.key)
    connection.register("rows", _read(rows, dataset))
    found = connection.sql(f"FROM rows SEMI JOIN shown USING ({key})").to_arrow_table().to_pylist()
    return {tuple(row[name] for name in dataset.key): {name: row[name] for name in dataset.content} for row in found}


def _row(kind: Kind, at: tuple[Any, ...], dataset: Dataset, befores: Contents, afters: Contents) -> Row:
    before, after, key = befores.get(at), afters.get(at), dict(zip(dataset.key, at, strict=True))
    if before is None or after is None:
        return Row(kind, key, before, after)
    moved = [name for name in dataset.content if before[name] != after[name]]
    return Row(kind, key, {name: before[name] for name in moved}, {name: after[name] for name in moved})


def _datasets(only: str | None, registry: Registry) -> list[Dataset]:
    if only is None:
        return [dataset for dataset in registry.datasets.values() if dataset.key]
    dataset = registry.dataset(only)
    if not dataset.key:
        keyed = ", ".join(name for name, one in registry.datasets.items() if one.key)
        raise AskedWrongly(f"rows of {only} have no key by which they could be compared", f"choose one of {keyed}")
    return [dataset]


def _differing(dataset: Dataset, place: Place, moments: Sequence[Moment]) -> list[pads.Dataset]:
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
        # It would otherwise draw its progress on standard output.
        connection.execute("SET enable_progress_bar = false")
        connection.execute("SET preserve_insertion_order = false")
        yield connection
