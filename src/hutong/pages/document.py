"""A page's bytes as plain data, and its bytes without what is never kept."""

from __future__ import annotations

from typing import Any

from hutong.model.bounds import Limits
from hutong.model.connector import Stream
from hutong.pages.collector import without_collector
from hutong.pages.formats import LANDED, reading_of


@without_collector()
def document(body: bytes, content_type: str, stream: Stream, limits: Limits = LANDED) -> Any:
    """The document in `body`, as `stream.format` says; a list of documents where the format has a `member`.

    limits: of the connector, for what has just come; what has landed kept them then.
    Raises Garbled when it is HTML, cut short, too deep, too large, or of another encoding than it says.
    """
    return reading_of(stream).read(body, content_type, limits)


def without(body: bytes, content_type: str, stream: Stream) -> bytes:
    """`body` with every field named in `stream.never_keep` cut out, at any depth; the same bytes if there is none to
    cut.
    """
    if not stream.never_keep or not body:
        return body
    return reading_of(stream).without(body, content_type, frozenset(stream.never_keep))
