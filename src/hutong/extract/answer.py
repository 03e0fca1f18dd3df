"""An answer that went well, and what a walk through the pages must know of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from hutong.extract.transport import Reply
from hutong.model.batch import Doubt
from hutong.model.connector import Stream
from hutong.model.paginator import Cursor, HeaderLink, JsonLink, PageNumber, SinglePage, WindowSplit
from hutong.pages import look, select


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer.

    items: the things that the platform pages over: the records, unless the connector says otherwise.
    total: how many it says there are in all; None when it does not say. position: the page that it says it is.
    next: what leads to the next page, as it stands there. has_more: whether it says that there is one.
    digest: of the items' number and ends, to tell a page that came before a crash too. Not of the body: an envelope may
    hold a time or an echo of the page number.
    doubt: what of the answer itself speaks against its being whole.
    """

    reply: Reply
    records: list[dict[str, Any]]
    items: list[dict[str, Any]]
    total: int | None
    next: str | None
    digest: str
    has_more: bool | None = None
    position: int | None = None
    doubt: Doubt | None = None


def read(reply: Reply, found: Any, stream: Stream, doubt: Doubt | None) -> Answer:
    """What the document `found` in `reply` holds. Raises pages.Garbled when the records are not there."""
    paginator = stream.paginator
    records = select(found, stream)
    if isinstance(paginator, WindowSplit):
        return Answer(reply, records, records, None, None, "", doubt=doubt)
    total = _count(look(found, paginator.total_path)) if paginator.total_path else None
    if isinstance(paginator, SinglePage):
        return Answer(reply, records, records, total, None, "", doubt=doubt)
    items = select(found, stream, at=paginator.items) if paginator.items else records
    leads: str | None = None
    match paginator:
        case Cursor():
            leads = _token(look(found, paginator.cursor_path))
        case JsonLink():
            leads = _next(look(found, paginator.next_url_path))
        case HeaderLink():
            leads = reply.links.get(paginator.rel)
    number_path = paginator.number_path if isinstance(paginator, PageNumber) else None
    return Answer(
        reply,
        records,
        items,
        total=total,
        next=leads,
        digest=_digest(items),
        has_more=_flag(look(found, paginator.has_more_path)) if paginator.has_more_path else None,
        position=_count(look(found, number_path)) if number_path else None,
        doubt=doubt,
    )


def _digest(items: list[dict[str, Any]]) -> str:
    told = [len(items), items[:1], items[-1:]]
    return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def _count(stated: Any) -> int | None:
    """A total, as number or as text; platforms write -1 or nothing for "unknown"."""
    text = "" if isinstance(stated, bool) else str(stated)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _flag(stated: Any) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(str(stated).strip().lower())


def _token(stated: Any) -> str | None:
    """A token for the next page; 0 may be one, false is none."""
    return str(stated) if isinstance(stated, str | int) and not isinstance(stated, bool) and stated != "" else None


def _next(links: Any) -> str | None:
    """The address behind `rel: next`, or the text where the connector's path leads to the address itself."""
    if isinstance(links, str):
        return links or None
    for link in links if isinstance(links, list) else [links]:
        if isinstance(link, dict) and link.get("rel") == "next" and isinstance(link.get("href"), str):
            return str(link["href"])
    return None
