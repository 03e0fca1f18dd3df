"""One JSON document (RFC 8259), read so that nothing in it is rounded, replaced or lost without a word.

Integers are exact at any length. A number with a fraction or an exponent becomes the nearest IEEE double, which is what
a sender may expect (section 6); one that no double can hold is refused.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Collection
from itertools import chain
from typing import Any

import msgspec

from hutong.model.bounds import Limits
from hutong.model.format import Encoding
from hutong.pages.formats.reading import LANDED
from hutong.pages.garbled import Garbled
from hutong.pages.text import decode, utf8_bytes

_LARGEST = sys.float_info.max
_PLAIN = bytes(set(range(256)) - set(b'{}[]"'))
_ESCAPED = re.compile(rb"\\.", re.DOTALL)


class JsonReading:
    """See `reading.Reading`."""

    def __init__(self, encoding: Encoding | None) -> None:
        self._encoding = encoding

    def read(self, body: bytes, content_type: str, limits: Limits) -> Any:
        """The document."""
        utf8 = utf8_bytes(body, content_type, self._encoding, _wide(body))
        found = _UNSURE if utf8 is None else _quickly(utf8, limits)
        if found is not _UNSURE:
            return found
        return parse(decode(body, content_type, self._encoding, _wide(body)).text, limits)

    def without(self, body: bytes, content_type: str, names: Collection[str]) -> bytes:
        """Keys are cut from objects."""
        source = decode(body, content_type, self._encoding, _wide(body))
        return source.encoded(written(cut(parse(source.text, LANDED, names), names)))


def parse(text: str, limits: Limits, never: Collection[str] = ()) -> Any:
    """The JSON document in `text`.

    An object with two members of one name is read as its text, less the members that are called one of `never`.
    Raises Garbled when it is no JSON, is nested deeper than `limits.depth`, or holds a number that nothing can.
    """
    objects = _Objects(never)
    try:
        found = json.loads(
            text, object_pairs_hook=objects.read, parse_float=_finite, parse_constant=_no_constant
        )  # fmt: skip
    except json.JSONDecodeError as wrong:
        if not text.strip():
            raise Garbled("the answer is empty, which is no JSON") from None
        seen = "HTML or XML" if text.lstrip()[:1] == "<" else "text that is not JSON, or cut short"
        raise Garbled(f"the answer is {seen} (line {wrong.lineno}, column {wrong.colno})") from None
    except Garbled:
        raise
    except ValueError:
        # Python refuses to read integers of more than 4,300 digits.
        raise Garbled("the answer holds a number of thousands of digits") from None
    except RecursionError:
        raise Garbled(f"the answer is nested deeper than {limits.depth} levels") from None
    if objects.twice is not None and isinstance(found, str):
        raise Garbled(f"the answer names {ascii(objects.twice)[:80]} twice")
    if not _is_shallow(text.encode("utf-8", "surrogatepass"), limits.depth):
        check_depth(found, limits)
    return found


_UNSURE: Any = object()
_SPELLED_MARK = b"\\u0022"


def _quickly(body: bytes, limits: Limits) -> Any:
    """What `parse` reads in `body`, in a quarter of its time; _UNSURE where the two might differ, or it is no JSON.

    msgspec reads every value as Python does, or refuses it, but of two members of one name it takes the last. So what
    it read is written again: as long as no text spells a quotation mark by its number, a member that was lost shows in
    the count of them.
    """
    try:
        found = msgspec.json.decode(body)
        lines = msgspec.json.encode(found)
    except (msgspec.MsgspecError, UnicodeError, RecursionError, OverflowError):
        return _UNSURE
    if body.count(b'"') != lines.count(b'"') or _SPELLED_MARK in body or not _is_shallow(body, limits.depth):
        return _UNSURE
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
    while True:
        kinds = set(map(type, layer))
        objects = [part for part in layer if type(part) is dict] if dict in kinds else []
        lists = [part for part in layer if type(part) is list] if list in kinds else []
        if not objects and not lists:
            return
        level += 1
        if level > limits.depth:
            raise Garbled(f"the answer is nested deeper than {limits.depth} levels")
        layer = [*chain.from_iterable(map(dict.values, objects)), *chain.from_iterable(lists)]


def _is_shallow(body: bytes, most: int) -> bool:
    """Whether the document in `body`, which has been read, has surely no more than `most` levels.

    Only brackets and quotation marks are looked at. Texts without brackets are two marks side by side and go; a text
    with brackets leaves a mark behind, and makes it unsure. Then each round takes away what opens and closes at once.
    A third of the time that looking at every object and list takes.
    """
    if b"\\" in body:
        body = _ESCAPED.sub(b"", body)
    left = body.translate(None, _PLAIN).replace(b'""', b"")
    if b'"' in left:
        return False
    for _ in range(most // 2):
        before = len(left)
        left = left.replace(b"{}", b"").replace(b"[]", b"")
        if len(left) in (0, before):
            break
    return not left


class _Objects:
    """Reads objects, and those whose names repeat as text.

    Which of two members counts is for nobody to guess, and Python would take the last without a word. As text, the
    object fails its schema with both of its values in sight, and the records beside it go on.
    """

    def __init__(self, never: Collection[str]) -> None:
        self.twice: str | None = None
        self._never = never

    def read(self, members: list[tuple[str, Any]]) -> Any:
        found = dict(members)
        if len(found) == len(members):
            return found
        names = [name for name, _ in members]
        self.twice = next(name for name in names if names.count(name) > 1)
        kept = (f"{_legible(name)}: {_legible(value)}" for name, value in members if name not in self._never)
        return "{" + ", ".join(kept) + "}"


def _legible(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _finite(digits: str) -> float:
    number = float(digits)
    if -_LARGEST <= number <= _LARGEST:
        return number
    raise Garbled("the answer holds a number that is too large for a double")


def _no_constant(word: str) -> Any:
    raise Garbled(f"the answer holds {word}, which JSON does not have")


def _wide(body: bytes) -> str | None:
    """JSON begins with an ASCII character, of which UTF-16 makes two bytes, one of them zero."""
    return None if body[:2].count(0) != 1 else "utf-16be" if body[0] == 0 else "utf-16le"
