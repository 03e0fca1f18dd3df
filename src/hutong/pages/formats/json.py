"""One JSON document (RFC 8259)."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from hutong.model.bounds import Limits
from hutong.model.format import Encoding
from hutong.pages.formats.reading import LANDED
from hutong.pages.garbled import Garbled
from hutong.pages.text import decode


class JsonReading:
    """See `reading.Reading`."""

    def __init__(self, encoding: Encoding | None) -> None:
        self._encoding = encoding

    def read(self, body: bytes, content_type: str, limits: Limits) -> Any:
        """The document."""
        return parse(decode(body, content_type, self._encoding).text, limits)

    def without(self, body: bytes, content_type: str, names: Collection[str]) -> bytes:
        """Keys are cut from objects."""
        source = decode(body, content_type, self._encoding)
        return source.encoded(written(cut(parse(source.text, LANDED), names)))


def parse(text: str, limits: Limits) -> Any:
    """The JSON document in `text`. Raises Garbled when it is none, or nested deeper than `limits.depth`."""
    try:
        found = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as wrong:
        seen = "HTML" if text.lstrip()[:1] == "<" else "text that is not JSON, or cut short"
        raise Garbled(f"the answer is {seen} (line {wrong.lineno}, column {wrong.colno})") from None
    except Garbled:
        raise
    except ValueError:
        # Python refuses to read integers of more than 4,300 digits.
        raise Garbled("the answer holds a number of thousands of digits") from None
    except RecursionError:
        raise Garbled(f"the answer is nested deeper than {limits.depth} levels") from None
    check_depth(found, limits)
    return found


def written(found: Any) -> str:
    """`found` as JSON on one line, in ASCII: every encoding holds that, and halves of surrogate pairs too."""
    return json.dumps(found)


def cut(found: Any, names: Collection[str]) -> Any:
    """`found` without the keys `names`, at any depth."""
    if isinstance(found, dict):
        return {name: cut(value, names) for name, value in found.items() if name not in names}
    return [cut(value, names) for value in found] if isinstance(found, list) else found


def check_depth(found: Any, limits: Limits) -> None:
    """Raise Garbled when `found` has more levels than it may; counted without recursion and no further than needed."""
    level, layer = 0, [found]
    while layer:
        nested = [part for part in layer if isinstance(part, dict | list)]
        layer = [child for part in nested for child in (part.values() if isinstance(part, dict) else part)]
        level += bool(nested)
        if level > limits.depth:
            raise Garbled(f"the answer is nested deeper than {limits.depth} levels")


def _no_constant(word: str) -> Any:
    raise Garbled(f"the answer holds {word}, which JSON does not have")
