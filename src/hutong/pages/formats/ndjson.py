"""One JSON document a line; the document is the list of them. Empty lines are none."""

from __future__ import annotations

import io
from collections.abc import Collection, Iterator
from typing import Any

from hutong.model.bounds import Limits
from hutong.model.format import Encoding
from hutong.pages.formats.json import cut, parse, written
from hutong.pages.formats.reading import LANDED, most_records
from hutong.pages.garbled import Garbled
from hutong.pages.text import decode


class NdJsonReading:
    """See `reading.Reading`."""

    def __init__(self, encoding: Encoding | None) -> None:
        self._encoding = encoding

    def read(self, body: bytes, content_type: str, limits: Limits) -> Any:
        """The documents of all lines."""
        return list(lines(decode(body, content_type, self._encoding).text, limits))

    def without(self, body: bytes, content_type: str, names: Collection[str]) -> bytes:
        """Keys are cut from objects."""
        source = decode(body, content_type, self._encoding)
        kept = (written(cut(found, names)) for found in lines(source.text, LANDED, names))
        return source.encoded("".join(f"{line}\n" for line in kept))


def lines(text: str, limits: Limits, never: Collection[str] = ()) -> Iterator[Any]:
    """The document of each line that is not empty. Raises Garbled, with the line."""
    # Not splitlines(): JSON may hold other characters that count as line ends there, such as U+2028.
    left = most_records(limits)
    for number, line in enumerate(io.StringIO(text, newline="\n"), start=1):
        if line.strip():
            left -= 1
            if left < 0:
                raise Garbled(f"the answer holds more than {most_records(limits)} lines (`limits.answer_bytes`)")
            try:
                yield parse(line, limits, never)
            except Garbled as wrong:
                raise Garbled(f"in line {number} {wrong}") from None
