"""A process that reads a lake throughout, and knows every state of it that may be seen.

A state is the numbers of the batches that a table holds and the rows that it shows for them. Which rows belong to
which numbers is asked of an undisturbed lake by time travel, version by version.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import traceback
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

import polars as pl
from deltalake import DeltaTable

from hutong.model.batch import Sequence
from hutong.registry import Registry
from hutong.store.paths import Place, Store
from hutong.store.tables import existing
from tests.chaos.ground import STREAMS, Ground
from tests.chaos.picture import OPERATIONS, comparable
from tests.chaos.runner import FORKING
from tests.chaos.worker import end_with_the_harness

Digest = str
States = Mapping[tuple[str, str], Mapping[int, Digest]]
"""(table, sequence) -> number of its newest batch there -> what is to be seen of it."""


@dataclass(frozen=True)
class Reading:
    """What a reader does: look at `store` and know `states`."""

    ground: Ground
    store: Store
    states: States


@dataclass
class Seen:
    """What a reader reports in the end. looks: states of tables that it saw. wrong: those that may not be."""

    looks: int = 0
    wrong: list[str] = field(default_factory=list)


def states(ground: Ground, undisturbed: Store) -> States:
    """Every state that the tables of a lake went through."""
    found: dict[tuple[str, str], dict[int, Digest]] = {}
    for name, place, sequences in _tables(ground.registry, undisturbed):
        newest = existing(place)
        assert newest is not None
        for version in range(newest.version() + 1):
            table = existing(place, version)
            assert table is not None
            for sequence in sequences:
                number, digest = _state(name, table, sequence)
                found.setdefault((name, sequence.id), {})[number] = digest
    return found


@contextlib.contextmanager
def reading(job: Reading) -> Iterator[Seen]:
    """A reader in a process of its own; what it saw is there when the context has ended."""
    seen = Seen()
    mine, its = FORKING.Pipe()
    process = FORKING.Process(target=read_throughout, args=(job, its), daemon=True)
    process.start()
    its.close()
    try:
        yield seen
        mine.send("stop")
        told: Seen = mine.recv()
        seen.looks, seen.wrong = told.looks, told.wrong
    finally:
        process.kill()
        process.join()
        mine.close()


def read_throughout(job: Reading, stop: Connection) -> None:
    """Look at every table again and again until `stop` says so; answer it with what was seen."""
    end_with_the_harness()
    seen, versions = Seen(), dict[str, int]()
    try:
        is_last = False
        while not is_last:
            is_last = stop.poll()
            for name, place, sequences in _tables(job.ground.registry, job.store):
                table = existing(place)
                if table is None or versions.get(name) == table.version():
                    continue
                versions[name] = table.version()
                for sequence in sequences:
                    number, digest = _state(name, table, sequence)
                    seen.looks += 1
                    if job.states[name, sequence.id].get(number) != digest:
                        seen.wrong.append(
                            f"{name} version {table.version()} shows {sequence.id} not as it is after batch {number}"
                        )
    except BaseException:
        seen.wrong.append(traceback.format_exc())
    stop.send(seen)
    os._exit(0)


def _tables(registry: Registry, store: Store) -> Iterator[tuple[str, Place, list[Sequence]]]:
    """The tables that the script fills, each with the sequences that fill it."""
    sources = [registry.source(*stream) for stream in STREAMS]
    for source in sources:
        sequence = source.sequences[0]
        for dataset in source.datasets:
            yield dataset, store.base(dataset), [sequence]
        yield f"ledger of {sequence.platform}", store.ledger(sequence.platform), [sequence]
        yield f"quarantine of {sequence.platform}", store.quarantine(sequence.platform), [sequence]
    service = "platform_service"
    yield service, store.base(service), [source.sequences[0] for source in sources]


def _state(name: str, table: DeltaTable, sequence: Sequence) -> tuple[int, Digest]:
    """The number of the newest batch of `sequence` in `table`, and a digest of the rows that are there from it."""
    mine = (
        pl.col("sequence") == sequence.id
        if name.partition(" ")[0] in OPERATIONS
        else (pl.col("source_platform") == sequence.platform) & (pl.col("source_stream") == sequence.stream)
    )
    rows = comparable(pl.scan_delta(table).filter(mine).collect())
    rows = rows.select(sorted(rows.columns))
    said = sorted(map(repr, rows.iter_rows()))
    return table.transaction_version(sequence.id) or 0, hashlib.sha256("\n".join(said).encode()).hexdigest()
