"""Keep the pages of a pull as numbered batches.

A pull of any length is one walk over its pages: whenever `max_records` have come, what is there becomes a batch. The
cursor and the place in the pull are columns of the landed pages, so that a crash between two batches costs nothing
but the pages not yet landed.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

from hutong.errors import HutongError, PlatformGarbled
from hutong.model.batch import Completeness, Doubt, Landed, Page, Resume, Sequence
from hutong.model.connector import Stream
from hutong.pages import Garbled, without
from hutong.store.crypt import StoreKey
from hutong.store.landing import Kept, append_batch, mark
from hutong.store.paths import Store

log = logging.getLogger(__name__)


def land(
    sequence: Sequence,
    stream: Stream,
    pages: Iterable[Page],
    store: Store,
    key: StoreKey | None,
    since: tuple[int, Resume] | None = None,
) -> Landed:
    """Land `pages` behind what `sequence` has landed already.

    key: the store's key, for streams with personal fields; None lands in the clear.
    since: what `mark` said when the pull was opened. Where another process has landed a batch by now, nothing is: it
    asked for the same. None for pages that were not asked for behind anything.
    When `pages` raises in mid-pull, what came before is landed and the error goes on. An empty pull makes no batch.
    """
    newest, resume = since or mark(store, sequence)
    batches = _Batches(sequence, store, key, newest, resume)
    try:
        for page in pages:
            batches.add(Kept(page, _kept(page, sequence, stream)))
            is_full = batches.waiting_records >= stream.max_records or batches.waiting_bytes >= stream.max_bytes
            if is_full and not batches.commit():
                break
        batches.commit()
    except HutongError:
        batches.commit()
        raise
    log.info(
        "landed sequence=%s batches=%d records=%d bytes=%d", sequence.id, batches.made, batches.records, batches.size
    )
    return batches.receipt()


def _kept(page: Page, sequence: Sequence, stream: Stream) -> bytes:
    try:
        return without(page.body, page.content_type, stream)
    except Garbled as wrong:
        raise PlatformGarbled(
            sequence.platform,
            sequence.stream,
            f"what is never kept cannot be cut from an answer: {wrong}",
            "see what it answers; nothing of it landed",
        ) from None


class _Batches:
    """The batches of one pull."""

    def __init__(self, sequence: Sequence, store: Store, key: StoreKey | None, newest: int, resume: Resume) -> None:
        self.sequence, self.store, self.key = sequence, store, key
        self.newest, self.is_unfinished, self.cursor = newest, resume.position is not None, resume.cursor
        self.waiting: list[Kept] = []
        self.waiting_records = self.waiting_bytes = 0
        self.made = self.records = self.size = 0
        self.completeness: Completeness = "unproven"
        self.doubt: Doubt | None = None

    def add(self, kept: Kept) -> None:
        self.waiting.append(kept)
        self.waiting_records += kept.page.records
        self.waiting_bytes += len(kept.body)

    def commit(self) -> bool:
        """Land what waits; False when another process landed this batch first, which ends the pull here."""
        if not self.waiting:
            return True
        last = self.waiting[-1].page
        # Pages without a record count when they move the cursor: an empty file that was taken is not taken again.
        if self.waiting_records == 0 and not self.is_unfinished and last.cursor == self.cursor:
            return True
        committed = append_batch(self.store, self.sequence, self.newest + 1, self.waiting, self.key)
        if committed.is_ours:
            self.made += 1
            self.newest += 1
            self.records += self.waiting_records
            self.size += sum(len(kept.page.body) for kept in self.waiting)
            self.completeness, self.doubt = last.completeness, last.doubt
            # A pull that ends with empty pages must still say that it has ended, or the next would resume it.
            self.is_unfinished = last.resume is not None
            self.cursor = last.cursor
        self.waiting, self.waiting_records, self.waiting_bytes = [], 0, 0
        return committed.is_ours

    def receipt(self) -> Landed:
        first = self.newest - self.made + 1 if self.made else None
        last = self.newest if self.made else None
        return Landed(self.sequence.id, first, last, self.records, self.size, self.completeness, self.doubt)
