"""One JSON document a line; the document is the list of them. Empty lines are none."""

from __future__ import annotations

import io
import json
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
        """Keys are cut from objects. A line that has none of them stays as it came, every digit of its numbers."""
        source = decode(body, content_type, self._encoding)
        texts = (line for line in source.text.split("\n") if line.strip())
        documents = lines(source.text, LANDED, names)
        kept = (
            written(cut(found, names)) if _has_any(names, text) else text
            for text, found in zip(texts, documents, strict=True)
        )
        return source.encoded("".join(f"{line}\n" for line in kept))


def _has_any(names: Collection[str], line: str) -> bool:
    """Whether any object in the document of `line`, at any depth, has a member that is called one of `names`."""
    met: set[str] = set()
    json.loads(line, object_pairs_hook=lambda members: met.update(name for name, _ in members))
    return not met.isdisjoint(names)


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
