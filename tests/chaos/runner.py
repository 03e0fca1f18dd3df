"""Starts workers, sees what they commit, and kills them."""

from __future__ import annotations

import contextlib
import multiprocessing
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess

from tests.chaos.worker import Ended, Target, Work, work

FORKING = multiprocessing.get_context("forkserver")
"""Forks a process for each run from one that has imported everything: a run that imports by itself would need 3 s."""
FORKING.set_forkserver_preload(["tests.chaos.preloaded"])


class Run:
    """A worker at work. commits: how many it is known to have made."""

    def __init__(self, process: BaseProcess, said: Connection) -> None:
        self.process, self._said = process, said
        self.commits = 0
        self.ended: Ended | None = None
        self._is_open = True

    def until(self, *, commits: int = 1_000_000, seconds: float | None = None) -> bool:
        """Wait until it has made so many commits, is over, or the time is up. Whether it is still running then."""
        deadline = None if seconds is None else time.monotonic() + seconds
        while self._is_open and self.commits < commits:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and (left <= 0 or not self._said.poll(left)):
                break
            try:
                told = self._said.recv()
            except EOFError:
                self._is_open = False
            else:
                if isinstance(told, Ended):
                    self.ended = told
                else:
                    self.commits = told
        return self._is_open

    def kill(self) -> None:
        """SIGKILL for the process that was started; its children are not asked."""
        self.process.kill()
        self.process.join()

    def finish(self) -> Ended | None:
        """Wait for its end, and for that of its orphans; None when it was killed."""
        self.until()
        self.process.join()
        return self.ended


class Closed(Exception):
    """The harness was told to stop."""


_closing = threading.Event()


def close() -> None:
    """Kill what is at work and start nothing more, so that every case falls back to where it cleans up."""
    _closing.set()
    for process in multiprocessing.active_children():
        process.kill()


@contextlib.contextmanager
def started(job: Work, target: Target = work) -> Iterator[Run]:
    """A run of `job` in a process of its own, which does not outlive the context. Raises Closed."""
    if _closing.is_set():
        raise Closed
    said, tells = FORKING.Pipe(duplex=False)
    process = FORKING.Process(target=target, args=(job, tells), daemon=True)
    process.start()
    tells.close()
    try:
        yield Run(process, said)
    finally:
        process.kill()
        process.join()
        said.close()


class Stuck(Exception):
    """A run that nobody disturbed did not reach its end."""


def undisturbed(job: Work) -> None:
    """Run `job` to its end. Raises Stuck with the words of the run when it does not get there."""
    with started(job) as run:
        ended = run.finish()
    if ended is None or ended.how != "done":
        raise Stuck(ended.said if ended else "it was killed by somebody else")
