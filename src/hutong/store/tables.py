"""Delta tables: opening, reading, and the one way in which anything is committed.

A batch is committed under its sequence's `app_id` with its own number as the transaction's version, in the same
atomic commit as its rows and its counts. So the number is there if and only if the rows are.

deltalake 1.6 accepts a number that is already there, or a lower one, from a fresh handle: the order check is ours. It
refuses when another commit came in between the snapshot and ours, which `max_commit_retries=0` makes true of *every*
commit in between.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads
import pyarrow.fs as pafs
from deltalake import (
    ColumnProperties,
    CommitProperties,
    DeltaTable,
    Transaction,
    WriterProperties,
    write_deltalake,
)
from deltalake.exceptions import TableNotFoundError

from hutong.errors import StoreError
from hutong.store import s3
from hutong.store.evolve import evolve, is_as_declared
from hutong.store.failures import FAILURES, told
from hutong.store.paths import Place
from hutong.store.tries import until_done

log = logging.getLogger(__name__)

PROPERTIES: Mapping[str, str] = {
    "delta.enableChangeDataFeed": "true",
    # Logs are cleaned by hutong alone, never ahead of the ledger; delta-rs would do so by itself at a checkpoint.
    "delta.enableExpiredLogCleanup": "false",
    "delta.targetFileSize": str(128 * 1024 * 1024),
}
"""What every table says of itself from version 0."""

SEQUENCE, BATCH, COUNTS = "hutong.sequence", "hutong.batch", "hutong.counts"
REBUILD = "rebuild"
"""First word of the app id under which a table's rows are made anew from landing."""
_PLAIN = ColumnProperties(dictionary_enabled=False)
_COLUMNS = {
    # A landed page is found by its number and never by its content: with statistics and a dictionary of bodies each
    # would be stored three times.
    "body": ColumnProperties(dictionary_enabled=False, statistics_enabled="NONE"),
    # Hardly two rows of a batch share one of these: a dictionary of them is filled, given up, and paid for twice.
    **dict.fromkeys(("record", "source_id", "lon", "lat"), _PLAIN),
}
WRITER = WriterProperties(compression="ZSTD", column_properties=_COLUMNS)
# A merge holds a row group for every partition that it writes to, and may write to all: small ones bound its memory.
_MERGER = WriterProperties(compression="ZSTD", max_row_group_size=131_072)

Counts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Table:
    """A table to be: where it lies and what it holds. `properties` go into the Delta metadata.

    admit: raises StoreError when a table that was made otherwise cannot become this one by what `evolve` does.
    """

    place: Place
    schema: pa.Schema
    partition_by: tuple[str, ...]
    description: str
    properties: Mapping[str, str]
    admit: Callable[[DeltaTable], None]


@dataclass(frozen=True, slots=True)
class Change:
    """What a commit does: adds `rows`, and removes others at the same time, where it says which.

    rows: a table, or a reader where they are too many for memory. replace: a predicate; what it selects goes.
    transactions: app id -> number, further ones that the same commit takes on.
    match: a condition on a row of the table (`old`) and one of `rows` (`new`) under which the new one takes the place
    of the old one; at most one may match.
    """

    rows: pa.Table | pa.RecordBatchReader
    counts: Counts
    replace: str | None = None
    transactions: Mapping[str, int] = field(default_factory=dict)
    match: str | None = None


@dataclass(frozen=True, slots=True)
class Committed:
    """The counts that stand in the commit, and whether it was this call that made it."""

    counts: Counts
    is_ours: bool


def existing(place: Place, version: int | None = None) -> DeltaTable | None:
    """The table at `place`, as it is now or was at `version`; None if there is none.

    Raises StoreError when what lies there cannot be read as one, or the store does not let it be read.
    """
    with told(place):
        return _found(place, version)


def _found(place: Place, version: int | None = None) -> DeltaTable | None:
    try:
        return DeltaTable(place.uri, version=version, storage_options=dict(place.options))
    except TableNotFoundError:
        # It says so too of a folder that it may not look into; asked itself, such a folder refuses.
        if not place.uri.startswith(s3.SCHEME):
            Path(place.uri, "_delta_log").exists()
        return None


def opened(table: Table) -> DeltaTable:
    """The table, made if it is not there yet. Shareable from version 0: change data feed on, reader version 1.

    Raises what the library raises, for `commit` to judge.
    """
    found = _found(table.place)
    if found is not None:
        return found
    try:
        return DeltaTable.create(
            table.place.uri,
            table.schema,
            partition_by=list(table.partition_by),
            description=table.description,
            configuration={**PROPERTIES, **table.properties},
            storage_options=dict(table.place.options),
            raise_if_key_not_exists=False,
        )
    except FAILURES:
        found = _found(table.place)
        if found is None:
            raise
        # Another process made it in the same moment.
        return found


def fitted(table: Table) -> DeltaTable:
    """The table, made if it is not there yet, and brought up to what `table` says when that changed since.

    Raises StoreError when it cannot become that, CommitContested when others kept committing.
    """
    return until_done(table.place, "a change of its contract", lambda: _fitted(table))


def _fitted(table: Table) -> DeltaTable:
    snapshot, properties = opened(table), {**PROPERTIES, **table.properties}
    if not is_as_declared(snapshot, table.schema, properties):
        table.admit(snapshot)
        evolve(snapshot, table.schema, table.description, properties)
        log.info("evolved table=%s version=%d", table.place.uri, snapshot.version())
    return snapshot


def number(place: Place, sequence: str) -> int:
    """The newest batch of `sequence` that is committed at `place`; 0 if none."""
    found = existing(place)
    with told(place):  # the number may lie in a part of the log that was not read yet
        return 0 if found is None else found.transaction_version(sequence) or 0


def commit(table: Table, sequence: str, batch: int, build: Callable[[DeltaTable], Change]) -> Committed:
    """Commit `batch` of `sequence` exactly once.

    build: makes the change from the very snapshot on which it will be committed; called again when a try failed.
    Raises CommitContested when other commits kept coming first, StoreError when the store fails or the table cannot
    become what `table` says.
    """

    def attempt() -> Committed:
        # A twin, a true conflict and one's own unanswered write may look the same from here, and a store that fails may
        # have written all the same: each try looks first, and decides.
        snapshot = _fitted(table)
        done = snapshot.transaction_version(sequence) or 0
        if done >= batch:
            return Committed(counts_of(snapshot, sequence, batch), is_ours=False)
        change = build(snapshot)
        _write(snapshot, change, table.schema, sequence, batch)
        return Committed(change.counts, is_ours=True)

    return until_done(table.place, f"batch {batch} of {sequence}", attempt)


def _write(snapshot: DeltaTable, change: Change, schema: pa.Schema, sequence: str, batch: int) -> None:
    # By name, and without comments: deltalake refuses rows whose comments differ from those of the table.
    rows = change.rows.cast(_bare(schema))
    properties = CommitProperties(
        app_transactions=[Transaction(sequence, batch), *(Transaction(*one) for one in change.transactions.items())],
        custom_metadata={
            SEQUENCE: sequence,
            BATCH: str(batch),
            COUNTS: json.dumps(change.counts, ensure_ascii=False),
        },
        max_commit_retries=0,
    )
    if change.match is not None:
        # No clause has a condition of its own: one makes deltalake 1.6 thirty times slower.
        snapshot.merge(
            rows,
            change.match,
            source_alias="new",
            target_alias="old",
            writer_properties=_MERGER,
            commit_properties=properties,
        ).when_matched_update_all().when_not_matched_insert_all().execute()
        return
    if change.replace is None:
        write_deltalake(snapshot, rows, mode="append", writer_properties=WRITER, commit_properties=properties)
        return
    write_deltalake(
        snapshot,
        rows,
        mode="overwrite",
        predicate=change.replace,
        writer_properties=WRITER,
        commit_properties=properties,
    )


def _bare(schema: pa.Schema) -> pa.Schema:
    return pa.schema([column.remove_metadata() for column in schema])


def counts_of(snapshot: DeltaTable, sequence: str, batch: int) -> Counts:
    """The counts that the commit of `batch` carries. Raises StoreError when the log no longer holds that commit."""
    # Most often one of the newest is asked for; a whole history takes a second for some thousand commits.
    limit, read = 16, 0
    while True:
        entries = snapshot.history(limit)
        for entry in entries[read:]:
            if entry.get(SEQUENCE) == sequence and entry.get(BATCH) == str(batch):
                found: Counts = json.loads(entry[COUNTS])
                return found
        if len(entries) < limit:
            break
        limit, read = 8 * limit, len(entries)
    raise StoreError(
        f"{snapshot.table_uri}: the commit of batch {batch} of {sequence} is no longer in the log",
        "the ledger must be complete before logs are cleaned: run `hutong verify`",
    )


def dataset_of(table: DeltaTable, place: Place) -> pads.Dataset:
    """The table at `place` for reading, columns and partitions with their own types.

    Always over a native filesystem: with deltalake's own, the process may die at exit after all its work is done.
    """
    found = table.to_pyarrow_dataset(filesystem=filesystem_of(place))
    older = _without_statistics(table)
    if not older:
        return found
    # Of a column that a file does not have, deltalake 1.6 promises `column >= null`, and Arrow then finds no row in
    # that file for any condition on it, IS NULL included. Such files are promised their partition only.
    fragments = [
        found.format.make_fragment(one.path, found.filesystem, _of_partition(one, table)) if one.path in older else one
        for one in found.get_fragments()
    ]
    return pads.FileSystemDataset(fragments, found.schema, found.format, found.filesystem)


def _without_statistics(table: DeltaTable) -> set[str]:
    """Files that have no statistics for a column of which others have some: they are older than the column."""
    actions = pa.table(table.get_add_actions(flatten=True))
    known = [pc.is_valid(actions[name]) for name in actions.schema.names if name.startswith("null_count.")]
    return set(actions.filter(pc.invert(reduce(pc.and_, known)))["path"].to_pylist()) if known else set()


def _of_partition(fragment: pads.Fragment, table: DeltaTable) -> pads.Expression:
    values = pads.get_partition_keys(fragment.partition_expression)
    return reduce(
        pc.and_kleene, (pc.field(name) == values[name] for name in table.metadata().partition_columns), pc.scalar(True)
    )


def sizes_at(place: Place) -> dict[str, int]:
    """Every file under `place`, by its path in the table, with its size in bytes."""
    under = filesystem_of(place).get_file_info(pafs.FileSelector("", recursive=True))
    return {found.path: found.size for found in under if found.is_file}


def filesystem_of(place: Place) -> pafs.FileSystem:
    """The files of the table at `place`, by their paths in it."""
    if place.uri.startswith(s3.SCHEME):
        return pafs.SubTreeFileSystem(place.uri.removeprefix(s3.SCHEME), s3.filesystem(place.options))
    # Arrow ends the process when it is given a path that it takes for an address, or a relative one.
    return pafs.SubTreeFileSystem(str(Path(place.uri).absolute()), pafs.LocalFileSystem())


def literal(text: str) -> str:
    """`text` as an SQL string, for predicates.

    >>> literal("o'clock")
    "'o''clock'"
    """
    return "'" + text.replace("'", "''") + "'"
