"""The rows of a table that are made anew, read partition by partition."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
from deltalake import DeltaTable

from hutong.errors import StoreError
from hutong.model.batch import Sequence
from hutong.model.dataset import Dataset
from hutong.schema.arrow import arrow_schema
from hutong.store.paths import Place
from hutong.store.tables import dataset_of, literal

Partition = tuple[Any, ...]
"""Values of the partition columns, in the contract's order."""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of `dataset`: those of one stream in one city (`stream` is its live sequence), or all (None)."""

    dataset: Dataset
    stream: Sequence | None = None

    @property
    def source(self) -> dict[str, str]:
        """The values of the columns that single the stream out."""
        if self.stream is None:
            return {}
        return {
            "city": self.stream.city,
            "source_platform": self.stream.source_platform,
            "source_stream": self.stream.stream,
        }

    def predicate(self, partitions: Iterable[Partition]) -> str:
        """SQL that selects these rows in `partitions`.

        Of all rows it names partition columns only: then Delta takes the old files off its list without opening them,
        and a file that is lost is no hindrance.
        """
        own = [f"{name} = {literal(value)}" for name, value in self.source.items()]
        names = self.dataset.partition_by
        chosen = [
            " AND ".join(f"{name} = {_sql(value)}" for name, value in zip(names, p, strict=True)) for p in partitions
        ]
        return " AND ".join([*own, "(" + " OR ".join(f"({one})" for one in chosen) + ")"])


class Rows:
    """The rows of `part` in `table`, as they were when it was opened.

    lenient: files that are lost or broken are left out, and told in `damaged`; else they raise StoreError.
    alive: called before each partition is read. files: those of each partition that can hold rows of the part.
    """

    def __init__(
        self,
        table: DeltaTable | None,
        place: Place,
        part: Part,
        lenient: bool = False,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self._place, self._part, self._lenient, self._alive = place, part, lenient, alive
        self.damaged: dict[Partition, set[str]] = defaultdict(set)
        # All that deltalake has to say is asked for here: while it writes a stream of these rows, it may not be called.
        self.files = {} if table is None else _files(table, part)
        self._fragments: dict[str, pads.Fragment] = {}
        self._schema = pa.schema([])
        if table is not None:
            source = dataset_of(table, place)
            self._schema = source.schema
            self._fragments = {fragment.path: fragment for fragment in source.get_fragments()}

    def of(self, partition: Partition) -> pl.DataFrame:
        """The rows of one partition, every column of the contract; null where the table is older than a column."""
        self._alive()
        dataset, tables = self._part.dataset, []
        schema = arrow_schema(dataset)
        for path in sorted(self.files.get(partition, ())):
            if (table := self._read(path, partition)) is not None:
                tables.append(table)
        whole = pa.concat_tables(tables) if tables else schema.empty_table()
        columns = [
            whole[field.name].cast(field.type)
            if field.name in whole.column_names
            else pa.nulls(whole.num_rows, field.type)
            for field in schema
        ]
        frame = pl.from_arrow(pa.table(columns, names=schema.names))
        assert isinstance(frame, pl.DataFrame)
        return frame

    def _read(self, path: str, partition: Partition) -> pa.Table | None:
        # Files that a MERGE wrote hold texts as string views, which Arrow cannot compare: see `lake.in_views`.
        conditions = [pc.field(name).cast(pa.string()) == value for name, value in self._part.source.items()]
        names = [name for name in self._part.dataset.names if name in self._schema.names]
        try:
            return self._fragments[path].to_table(
                schema=self._schema,
                columns=names,
                filter=reduce(and_, conditions) if conditions else None,
            )
        except (OSError, pa.ArrowInvalid) as wrong:
            if self._lenient and isinstance(wrong, FileNotFoundError | pa.ArrowInvalid):
                self.damaged[partition].add(path)
                return None
            raise StoreError(
                f"{self._place.uri}: the data file {path} cannot be read ({type(wrong).__name__})",
                f"when the store is well again, mend the table with `hutong rebuild {self._part.dataset.id}`",
            ) from None

    def stream(self, partitions: Iterable[Partition]) -> Iterator[pa.RecordBatch]:
        """The rows of `partitions`, one partition in memory at a time."""
        schema = arrow_schema(self._part.dataset)
        for partition in partitions:
            yield from self.of(partition).to_arrow().cast(schema).to_batches()


def _files(table: DeltaTable, part: Part) -> dict[Partition, frozenset[str]]:
    names = part.dataset.partition_by
    actions = pa.table(table.get_add_actions(flatten=True))
    columns = [actions[f"partition.{name}"].to_pylist() for name in names]
    found: defaultdict[Partition, set[str]] = defaultdict(set)
    for path, *partition in zip(actions["path"].to_pylist(), *columns, strict=True):
        own = {name: value for name, value in zip(names, partition, strict=True) if name in part.source}
        if own.items() <= part.source.items():
            found[tuple(partition)].add(path)
    return {partition: frozenset(paths) for partition, paths in found.items()}


def _sql(value: Any) -> str:
    return literal(value) if isinstance(value, str) else f"DATE {literal(value.isoformat())}"
