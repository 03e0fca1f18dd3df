"""Many small files of a partition made into few of a sensible size.

Every batch brings a file of its own to every partition that it touches. Readers pay for each.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from deltalake import DeltaTable, WriterProperties

from hutong.store.paths import Place
from hutong.store.tables import WRITER
from hutong.store.tending import QUIET, tend

MANY = 8
"""Small files from which on a partition is worth writing anew; a file is small below half of the target."""
MIB = 2**20


@dataclass(frozen=True, slots=True)
class Shape:
    """How large files are to be, in bytes, and how they are written."""

    target: int
    writer: WriterProperties


ROWS = Shape(128 * MIB, WRITER)
PAGES = Shape(
    64 * MIB,
    # A batch is read by itself, and a reader takes whole row groups: 16 bodies, not a file of them.
    WriterProperties(compression="ZSTD", column_properties=WRITER.column_properties, max_row_group_size=16),
)


@dataclass(frozen=True, slots=True)
class Crowd:
    """A partition with many small files. size: bytes of those."""

    partition: tuple[tuple[str, str], ...]
    files: int
    size: int


def crowds(table: DeltaTable, shape: Shape) -> list[Crowd]:
    """The partitions of `table` that are worth compacting."""
    keys = table.metadata().partition_columns
    actions = pl.DataFrame(table.get_add_actions(flatten=True))
    small = actions.filter(pl.col("size_bytes") < shape.target // 2)
    by = [f"partition.{key}" for key in keys]
    sums = (pl.len().alias("files"), pl.col("size_bytes").sum().alias("size"))
    counted = small.group_by(by).agg(*sums).sort(by) if by else small.select(*sums)
    return [
        Crowd(tuple((key, str(row[f"partition.{key}"])) for key in keys), row["files"], row["size"])
        for row in counted.filter(pl.col("files") >= MANY).iter_rows(named=True)
    ]


def compact(place: Place, crowd: Crowd, shape: Shape) -> None:
    """Write the small files of `crowd` together; rows and numbers stay as they are, and the change feed says nothing.

    Raises CommitContested when other commits kept removing files in between.
    """

    def write(snapshot: DeltaTable) -> None:
        snapshot.optimize.compact(
            partition_filters=[(key, "=", value) for key, value in crowd.partition] or None,
            target_size=shape.target,
            max_concurrent_tasks=1,
            writer_properties=shape.writer,
            post_commithook_properties=QUIET,
        )

    tend(place, "a compaction", write)
