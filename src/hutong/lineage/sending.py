"""Events on their way out: queued, and delivered by a thread, so that no stage waits for a catalogue.

Bounded in number and in time. What cannot be delivered is lost, and the log says so once: a lineage graph with a hole
is worth less than a sync that ends.
"""

from __future__ import annotations

import atexit
import logging
import os
import queue
import threading
import time
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openlineage.client import OpenLineageClient
    from openlineage.client.event_v2 import RunEvent

log = logging.getLogger(__name__)

WAITING = 1000
"""Events that may wait to be delivered; further ones are lost."""
WAIT_S = 2.0
"""So long a process stays for what waits, in all its waits together."""


def send(event: RunEvent) -> None:
    """Have `event` delivered, soon and by somebody else."""
    _post(os.getpid()).put(event)


def flush() -> None:
    """Wait until all is delivered, for as long as this process may still wait."""
    _post(os.getpid()).flush()


def lost(why: str) -> None:
    """Say once in a process that something could not be told. why: a type's name or such, never a text with values."""
    _say_once(os.getpid(), why)


@cache
def _say_once(_: int, why: str) -> None:
    log.warning("lineage events are lost: %s; see OPENLINEAGE_URL or OPENLINEAGE_CONFIG, the data is not touched", why)


@cache
def _post(_: int) -> _Post:
    """The post of a process. By its number: a thread does not live on in a fork."""
    post = _Post()
    atexit.register(post.flush)
    return post


class _Post:
    def __init__(self) -> None:
        self._waiting: queue.Queue[RunEvent] = queue.Queue(WAITING)
        self._wait_s = WAIT_S
        threading.Thread(target=self._deliver, name="lineage", daemon=True).start()

    def put(self, event: RunEvent) -> None:
        try:
            self._waiting.put_nowait(event)
        except queue.Full:
            lost("too many wait to be delivered")

    def flush(self) -> None:
        began = time.monotonic()
        while self._waiting.unfinished_tasks and self._wait_s > 0:
            time.sleep(0.01)
            waited = time.monotonic() - began
            self._wait_s, began = self._wait_s - waited, began + waited
        if self._waiting.unfinished_tasks:
            lost("nobody took them in time")

    def _deliver(self) -> None:
        client = None
        while True:
            event = self._waiting.get()
            try:
                if client is None:
                    client = _client()
                client.emit(event)
            except Exception as wrong:
                # Its text may hold an address with a password in it.
                lost(type(wrong).__name__)
            finally:
                self._waiting.task_done()


def _client() -> OpenLineageClient:
    from openlineage.client import OpenLineageClient

    # At its finest it logs what a transport is configured with, keys included.
    library = logging.getLogger("openlineage")
    if library.getEffectiveLevel() < logging.INFO:
        library.setLevel(logging.INFO)
    return OpenLineageClient()
