"""A raw record as quarantine keeps it."""

from __future__ import annotations

import json

from hutong.model.batch import Record
from hutong.model.connector import Stream

LONGEST = 20_000


def raw_text(record: Record, stream: Stream) -> str | None:
    """The record as JSON, cut at `LONGEST` characters; None for a stream with personal fields, whose only copy lies
    encrypted in landing.
    """
    if stream.personal:
        return None
    # JSON can hold half a surrogate pair, which no UTF-8 column can: it is kept as its escape.
    return json.dumps(record.content, ensure_ascii=False)[:LONGEST].encode("utf-8", "backslashreplace").decode()
