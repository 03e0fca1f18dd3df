"""What a format is: a way to read bytes, and to cut fields out of them.

To add one, write a file like its neighbours and name it in `formats/__init__.py`.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from typing import Any, Protocol

from hutong.model.bounds import DEEPEST, Limits

LANDED = Limits(answer_bytes=sys.maxsize, depth=DEEPEST)
"""For what lies in the lake: it kept the bounds of its day when it came, and must stay readable when they change."""


RECORD_BYTES = 64
"""What a record counts at the least: a line of two bytes takes a hundred times that in memory."""


def most_records(limits: Limits) -> int:
    """How many records one answer may hold."""
    return limits.answer_bytes // RECORD_BYTES


class Reading(Protocol):
    """One format, as a stream declares it."""

    def read(self, body: bytes, content_type: str, limits: Limits) -> Any:
        """The document in `body` as plain data: dictionaries, lists, text, numbers, booleans, None.

        content_type: the header that came with it; empty for a file. Of `limits` count the bytes after unpacking, the
        records that these allow (`most_records`) and the depth. Equal arguments give equal documents, in whatever
        process. Raises Garbled.
        """
        ...

    def without(self, body: bytes, content_type: str, names: Collection[str]) -> bytes:
        """`body`, which has been read before, with every field of one of `names` cut out, at any depth.

        It reads, with the same `content_type`, as the same records without these fields. Raises Garbled.
        """
        ...
