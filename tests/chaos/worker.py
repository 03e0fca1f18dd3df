"""One run of the real pipeline in a process of its own, and where it is to die.

This module is loaded once into the process from which workers are forked, so that a run begins in milliseconds.
deltalake may be imported there, but not used: its runtime does not survive a fork.
"""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Literal

import polars as pl

from hutong.budget import BOUNDLESS
from hutong.errors import HutongError
from hutong.model.batch import Sequence
from hutong.model.window import Window
from hutong.pipeline import land_new, land_window, publish_waiting
from hutong.registry import Source
from hutong.store import tables
from hutong.store.paths import Store
from tests.chaos.ground import CROSSINGS, Ground, Stream

BACKFILL = Window.read("2026-03-18T00:00+08:00", "2026-03-19T00:00+08:00")


@dataclass(frozen=True)
class Death:
    """SIGKILL by the worker's own hand at its `commit`-th commit, counted from 1. within: so long after it began."""

    when: Literal["before", "within", "after"]
    commit: int
    delay_s: float = 0.0

    def __str__(self) -> str:
        return f"{self.when} commit {self.commit}"


@dataclass(frozen=True)
class Work:
    """What a run does: bring `streams` of `ground` into `store`, live or as the backfill of that name."""

    ground: Ground
    store: Store
    streams: tuple[Stream, ...]
    death: Death | None = None
    backfill: str = ""


@dataclass(frozen=True)
class Ended:
    """How a run ended that was not killed. failed: an error that hutong raises; broke: anything else, a bug."""

    how: Literal["done", "failed", "broke"]
    said: str = ""


def work(job: Work, said: Connection) -> None:
    """Run `job`; tell `said` the number of each commit made, and at last how it ended."""
    end_with_the_harness()
    _write_stderr_to(job.ground.folder / "workers.log")
    _see_commits(job.death, said)
    try:
        for stream in job.streams:
            _carry(job, stream)
        ended = Ended("done")
    except HutongError as wrong:
        ended = Ended("failed", str(wrong))
    except BaseException:
        ended = Ended("broke", traceback.format_exc())
    said.send(ended)
    # No farewell from threads and caches: whatever a run has not committed by now, it must do without.
    os._exit(0)


def supervise(job: Work, said: Connection) -> None:
    """Run `job` in a child of this process, as a scheduler's worker does. Killed, it leaves an orphan at work."""
    child = os.fork()
    if child == 0:
        work(job, said)
    said.close()
    os.waitpid(child, 0)


def _carry(job: Work, stream: Stream) -> None:
    """Everything that the platform has of a stream, pull by pull; and what an earlier run left is published first."""
    ground, registry = job.ground, job.ground.registry
    source, secrets = registry.source(*stream), ground.secrets()
    sequence = replace(source.sequences[0], run=f"backfill/{job.backfill}" if job.backfill else "")

    def publish() -> None:
        for _ in publish_waiting(source, sequence, registry, job.store, secrets):
            pass

    publish()
    if job.backfill:
        land_window(source, sequence, BACKFILL, job.store, secrets, BOUNDLESS)
        publish()
    elif stream == CROSSINGS:
        # A listing never says that it has nothing new, so what was listed already is asked of the lake.
        while (pull := _ended_pulls(sequence, job.store)) < ground.crossings:
            land_new(_as_of(source, pull), sequence, job.store, secrets, BOUNDLESS)
            publish()
    else:
        while land_new(source, sequence, job.store, secrets, BOUNDLESS).first is not None:
            publish()
        publish()


def _ended_pulls(sequence: Sequence, store: Store) -> int:
    """Pulls of `sequence` whose last page has landed."""
    found = tables.existing(store.landing(sequence.platform, sequence.stream))
    if found is None:
        return 0
    pages = pl.scan_delta(found).filter(pl.col("sequence") == sequence.id, pl.col("position").is_null())
    return pages.select(pl.len()).collect().item()


def _as_of(source: Source, pull: int) -> Source:
    """`source` with the platform as it stands at `pull`."""
    address = source.connector.address.rpartition("/")[0]
    return replace(source, connector=source.connector.model_copy(update={"address": f"{address}/{pull}"}))


def _see_commits(death: Death | None, said: Connection) -> None:
    """Tell every commit that is made, and die where it is asked for."""
    write, numbers = tables._write, itertools.count(1)

    def seen(*args: Any, **kwargs: Any) -> None:
        number = next(numbers)
        when = death.when if death and death.commit == number else None
        if when == "before":
            _die()
        if when == "within":
            threading.Thread(target=_die, args=(death.delay_s,)).start()
        write(*args, **kwargs)
        if when == "after":
            _die()
        said.send(number)

    tables._write = seen


def _write_stderr_to(path: Path) -> None:
    """What delta-rs says of a broken disk goes past Python, and is no news here."""
    os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)


def _die(delay_s: float = 0.0) -> None:
    time.sleep(delay_s)
    os.kill(os.getpid(), signal.SIGKILL)


def end_with_the_harness() -> None:
    """Leave nothing running behind a harness that was itself killed."""
    harness = multiprocessing.parent_process()
    assert harness is not None

    def watch() -> None:
        wait([harness.sentinel])
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


Target = Callable[[Work, Connection], None]
