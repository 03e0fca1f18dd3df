"""The stage's one door: pull one stream of one platform, page by page."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from hutong.budget import BOUNDLESS, Allowance
from hutong.errors import RegistryError, StoreError
from hutong.extract.transport import Pull, State
from hutong.extract.transports import transport_of
from hutong.extract.window import STEPS, Cursor, Window, opening
from hutong.model.batch import Page, Resume, Sequence
from hutong.model.connector import Connector, Stream
from hutong.model.paginator import WindowSplit
from hutong.secrets import Secrets

log = logging.getLogger(__name__)


def extract(
    sequence: Sequence,
    connector: Connector,
    stream: Stream,
    secrets: Secrets,
    since: Resume,
    now: datetime,
    start: datetime | None = None,
    allowance: Allowance = BOUNDLESS,
) -> Iterator[Page]:
    """Every page that the platform has for `sequence` since `since`, one per answer, as they come.

    Nothing is asked before the first page is taken, and nothing ahead. A pull that stopped goes on when `since` is what
    its last kept page says (`cursor`, `resume`): with the same window, at the next page.

    now: aware; the end of the window of a new pull. start: its beginning, instead of
    the cursor's. allowance: see `transport.Pull`. Only the last page says whether all came.
    Raises PlatformError (busy, refused, garbled), SecretMissing, RegistryError when the connector lacks what its kind
    of stream needs, and StoreError when `since.position` cannot be read.
    """
    stream = stream.of(sequence.shard)
    window, state = _beginning(sequence, stream, since, now, start)
    if stream.window_by and window is None:
        log.warning("nothing to extract sequence=%s: its cursor lies in the future", sequence.id)
        return
    # Of a stream without a cursor field nothing comes late; its transport's own cursor may be long.
    mark = _kept(sequence, since.position).get("mark", since.cursor) if stream.incremental else None
    cursor = Cursor(stream.window_by, since.cursor, window.end if window else None)
    pages = records = size = 0
    pull = Pull(sequence, connector, stream, secrets, since.cursor, allowance)
    for step in transport_of(stream.endpoint)(pull, window, state):
        reply = step.reply
        cursor.see(step.records)
        pages, records, size = pages + 1, records + len(step.records), size + len(reply.body)
        yield Page(
            url=reply.url,
            status=reply.status,
            content_type=reply.content_type,
            body=reply.body,
            fetched_at=reply.fetched_at,
            elapsed_s=reply.elapsed_s,
            attempts=reply.attempts,
            records=len(step.records),
            cursor=cursor.text if step.cursor is None else step.cursor,
            cursor_at=cursor.at,
            mark=mark,
            resume=None if step.state is None else _resume(window, step.state, mark),
            completeness=step.completeness,
            doubt=step.doubt,
        )
        if step.state is None:
            log.info(
                "extracted sequence=%s pages=%d records=%d bytes=%d completeness=%s doubt=%s",
                sequence.id, pages, records, size, step.completeness, step.doubt,
            )  # fmt: skip


def _beginning(
    sequence: Sequence, stream: Stream, since: Resume, now: datetime, start: datetime | None
) -> tuple[Window | None, State]:
    """The window to ask for and the pager's state: those of the pull that stopped, or new ones."""
    kept = _kept(sequence, since.position)
    incremental = stream.window_by
    try:
        if incremental is None:
            if isinstance(stream.paginator, WindowSplit):
                raise ValueError("window_split needs a window to cut")
            return None, kept.get("position", {})
        if kept.get("window"):
            return Window.of(kept["window"], STEPS[incremental.param_form]), kept["position"]
        return opening(incremental, since.cursor, now, start), {}
    except ValueError as wrong:
        raise RegistryError(
            [f"{sequence.source}: {wrong}; check `incremental` of its stream in connector.yaml"]
        ) from None


def _kept(sequence: Sequence, position: str | None) -> dict[str, Any]:
    if position is None:
        return {}
    try:
        kept = json.loads(position)
    except ValueError:
        kept = None
    # Guessing here could skip what was never read.
    if not isinstance(kept, dict) or not isinstance(kept.get("position"), dict):
        raise StoreError(f"the landing of {sequence.id} ends with an unknown position", "see which release wrote it")
    return kept


def _resume(window: Window | None, state: State, mark: str | None) -> str:
    kept = {"window": window.to_json() if window else None, "position": state, "mark": mark}
    return json.dumps(kept, sort_keys=True)
