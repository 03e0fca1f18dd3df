"""A stretch of the past, brought in chunks, each a sequence of its own: what came is known, and the rest goes on.

Chunks are pulled by threads, since what a pull does is wait. They are published one at a time: all of them go to the
same tables, where several at once would only overtake one another. A thread ends with its process, in whatever way that
ends, so nothing is left behind that asks a platform on nobody's behalf.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from collections.abc import Sequence as SequenceOf
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass, field
from threading import Event, Lock
from typing import Literal

from hutong.errors import AskedWrongly, HutongError, PlatformLost, PlatformRefused, PlatformResting, SecretMissing
from hutong.model.batch import Landed, Published, Sequence
from hutong.model.window import Window
from hutong.pipeline import allowance, land_window, must_take_windows, publish_waiting
from hutong.registry import Registry, Source
from hutong.secrets import Secrets
from hutong.settings import Settings
from hutong.store.landing import ended_at
from hutong.store.paths import Store
from hutong.store.tables import existing

State = Literal["earlier", "brought", "empty", "stopped", "failed", "open"]
"""What became of a chunk.

earlier: it was there, and nothing was asked. brought: it came. empty: the platform had nothing, and will be asked again
next time. stopped: in the middle, where the next time goes on. failed: the same, through something that went wrong.
open: it was not begun.
"""


@dataclass(frozen=True, slots=True)
class Chunk:
    """One window of one live sequence."""

    live: Sequence
    window: Window

    @property
    def sequence(self) -> Sequence:
        """The sequence that it lands in."""
        return self.live.within(self.window)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a chunk. landed: the receipt of what came now. published: of the batches published now.

    why: what went wrong, or who wants the platform left alone.
    """

    chunk: Chunk
    state: State
    landed: Landed | None = None
    published: tuple[Published, ...] = field(default=())
    why: HutongError | None = None

    @property
    def fates(self) -> Counter[str]:
        """What became of the records that were published now."""
        return sum((Counter(batch.fates) for batch in self.published), Counter())


def chunks_of(source: Source, windows: Iterable[Window], cities: SequenceOf[str] = ()) -> list[Chunk]:
    """Each of `windows` in each of `cities` (all that the platform serves, if none is named), in the order of windows.

    Raises AskedWrongly for a stream that takes no window, and for a city that the platform does not serve.
    """
    must_take_windows(source)
    served = source.connector.cities
    for city in cities:
        if city not in served:
            raise AskedWrongly.unknown(f"city of {source.connector.platform}", city, served)
    lives = [live for live in source.sequences if not cities or live.city in cities]
    return [Chunk(live, window) for window in windows for live in lives]


def standing(chunks: SequenceOf[Chunk], store: Store) -> dict[Chunk, State]:
    """Of each chunk of one stream, as the lake has it: `earlier`, `stopped` or `open`. Raises StoreError."""
    if not chunks:
        return {}
    landed = ended_at(store, [chunk.sequence for chunk in chunks])
    ledger = existing(store.ledger(chunks[0].live.platform))

    def state(chunk: Chunk) -> State:
        known = landed.get(chunk.sequence.id)
        if known is None:
            return "open"
        newest, is_end = known
        closed = 0 if ledger is None else ledger.transaction_version(chunk.sequence.id) or 0
        return "earlier" if is_end and closed >= newest else "stopped"

    return {chunk: state(chunk) for chunk in chunks}


class Backfill:
    """Brings chunks of `source`. It ends early when `stop` is set: what is under way is landed and committed first."""

    def __init__(
        self, source: Source, registry: Registry, store: Store, secrets: Secrets, settings: Settings, stop: Event
    ) -> None:
        self._source, self._registry, self._store = source, registry, store
        self._secrets, self._settings, self._stop = secrets, settings, stop
        # Set by a failure that the next chunk would meet as well.
        self._is_hopeless = Event()
        self._publishing = Lock()

    def bring(
        self, chunks: SequenceOf[Chunk], at_once: int, begins: Callable[[Chunk], None] = lambda _: None
    ) -> Iterator[Outcome]:
        """What became of each chunk, in the order in which they end; begun in their own order, so many `at_once`.

        One that fails stops no other, unless the others would fail as well: the credential is refused or missing, or
        the platform is to be left alone. begins: is told of each that is begun, by its thread.
        Raises StoreError when the lake cannot be looked at.
        """
        known = standing(chunks, self._store)
        for chunk in chunks:
            if known[chunk] == "earlier":
                yield Outcome(chunk, "earlier")
        with ThreadPoolExecutor(at_once, "backfill") as threads:
            try:
                waiting = [chunk for chunk in chunks if known[chunk] != "earlier"]
                running = [threads.submit(self._bring, chunk, known[chunk], begins) for chunk in waiting]
                for done in as_completed(running):
                    yield done.result()
            finally:
                self._stop.set()

    def _bring(self, chunk: Chunk, known: State, begins: Callable[[Chunk], None]) -> Outcome:
        if self._stop.is_set() or self._is_hopeless.is_set():
            return Outcome(chunk, known)
        begins(chunk)
        landed, why = None, None
        try:
            landed = self._land(chunk)
        except HutongError as wrong:
            why = wrong
            if isinstance(wrong, _FOR_ALL) and not isinstance(wrong, PlatformLost):
                self._is_hopeless.set()
        published: list[Published] = []
        try:
            # What landed before a failure, or waited from an earlier run, is published all the same.
            waiting = publish_waiting(self._source, chunk.sequence, self._registry, self._store, self._secrets)
            with self._publishing, closing(waiting):
                for batch in waiting:
                    published.append(batch)
                    if self._stop.is_set():
                        break
        except HutongError as wrong:
            why = why or wrong
        if why is not None:
            state: State = "stopped" if isinstance(why, PlatformResting) else "failed"
        elif self._stop.is_set():
            state = "brought" if standing([chunk], self._store)[chunk] == "earlier" else "stopped"
        else:
            state = "brought" if published or known == "stopped" else "empty"
        return Outcome(chunk, state, landed, tuple(published), why)

    def _land(self, chunk: Chunk) -> Landed:
        city = chunk.live.city
        allowed = allowance(self._source, city, self._registry, self._store, self._settings, self._heed)
        return land_window(self._source, chunk.sequence, chunk.window, self._store, self._secrets, allowed)

    def _heed(self) -> None:
        if self._stop.is_set():
            platform = self._source.connector.platform
            raise PlatformResting(platform, self._source.name, "told to stop", "the same command goes on there")


_FOR_ALL = (PlatformRefused, PlatformResting, SecretMissing)
"""Failures that are about the platform, and not about what it was asked. To ask on might lock an account."""
