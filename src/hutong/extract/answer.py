"""An answer that went well, and what a walk through the pages must know of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from hutong.extract.http import Reply
from hutong.model.connector import NextLink, PageNumber, Stream
from hutong.pages import look, select


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    items: how many of the things that the platform pages over: the records, unless the connector says otherwise.
    total: how many it says there are in all; None when it does not say.
    next: the link to the next page as it stands there.
    digest: of the items, to tell a page that comes twice (its envelope may hold a time or an echo of the page number).
    """

    reply: Reply
    records: list[dict[str, Any]]
    items: int
    total: int | None
    next: str | None
    digest: str


def read(reply: Reply, found: Any, stream: Stream) -> Answer:
    """What the document `found` in `reply` holds. Raises pages.Garbled when the records are not there."""
    paging = stream.paging
    records = select(found, stream.records, stream.carry)
    items: list[dict[str, Any]] = records
    if isinstance(paging, PageNumber) and paging.items:
        items = select(found, paging.items.removesuffix("[]") + "[]")
    return Answer(
        reply,
        records,
        len(items),
        total=_count(look(found, paging.total)) if isinstance(paging, PageNumber | NextLink) and paging.total else None,
        next=_next(look(found, paging.links.removesuffix("[]"))) if isinstance(paging, NextLink) else None,
        digest=hashlib.sha256(json.dumps(items).encode()).hexdigest(),
    )


def _count(stated: Any) -> int | None:
    """A total, as number or as text; platforms write -1 or nothing for "unknown"."""
    text = "" if isinstance(stated, bool) else str(stated)
    return int(text) if text.isascii() and text.isdigit() else None


def _next(links: Any) -> str | None:
    """The address behind `rel: next`, or the text where the connector's path leads to the address itself."""
    if isinstance(links, str):
        return links or None
    for link in links if isinstance(links, list) else [links]:
        if isinstance(link, dict) and link.get("rel") == "next" and isinstance(link.get("href"), str):
            return str(link["href"])
    return None
