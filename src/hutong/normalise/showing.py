"""How a value that was met is shown in a finding: short, and never a personal one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from hutong.model.connector import Stream
from hutong.model.privacy import HIDDEN, mask
from hutong.schema.shape import Shape

LONGEST = 80
LONGEST_KEY, LONGEST_PATH = 64, 200
_PLAIN_KEY = re.compile(r"[\w:@$/#+-]+")


class Shower:
    """What of a stream's records may be shown."""

    def __init__(self, stream: Stream) -> None:
        self._personal = tuple(name.split(".") for name in stream.personal)

    def value(self, path: Sequence[str | int], value: Any) -> str:
        """`value`, which stands at `path`, as JSON of at most 80 characters.

        "(personal)" if it is a personal field, holds one or is a part of one.
        """
        # A field is declared by its keys, whatever lists lie between them.
        keys = [key for key in path if not isinstance(key, int)]
        if any(keys[: len(name)] == name[: len(keys)] for name in self._personal):
            return HIDDEN
        return shortened(self._masked(_json(value)))

    def record(self, content: Mapping[str, Any], shape: Shape) -> dict[str, Any]:
        """A whole record as plain data. Of a stream that has personal fields these are hidden, and whatever its schema
        (`shape`) does not declare: nobody said that it is not a personal one.
        """
        shown: dict[str, Any] = self._hidden((), content, shape) if self._personal else dict(content)
        return shown

    def _hidden(self, path: tuple[str, ...], value: Any, shape: Shape) -> Any:
        if list(path) in self._personal:
            return HIDDEN
        if isinstance(value, list):
            return [self._hidden(path, one, shape.inside) for one in value]
        if not isinstance(value, dict):
            return mask(value) if isinstance(value, str) else value
        # An object may stand for a list of one.
        declared = shape.inside.fields or {}
        return {
            self._masked(key): self._hidden((*path, key), one, declared[key]) if key in declared else HIDDEN
            for key, one in value.items()
        }

    def undeclared(self, value: Any) -> str:
        """`value` of a field that the schema does not declare; nobody said that it is not a personal one."""
        return HIDDEN if self._personal else shortened(_json(value))

    def place(self, path: Sequence[str | int]) -> str:
        """`path` as a JSON path."""
        return _cut("$" + "".join(f"[{key}]" if isinstance(key, int) else self._key(key) for key in path), LONGEST_PATH)

    def field(self, path: Sequence[str | int]) -> str:
        """`path` as a JSON path, the same for every element of a list."""
        return _cut("$" + self._dotted(path), LONGEST_PATH)

    def slug(self, path: Sequence[str | int]) -> str:
        """`path` as the front of a rule's id: dotted, the same for every element of a list; `record` for the whole."""
        return _cut(self._dotted(path).removeprefix("."), LONGEST_PATH) or "record"

    def _dotted(self, path: Sequence[str | int]) -> str:
        return "".join("[]" if isinstance(key, int) else self._key(key) for key in path)

    def _key(self, key: str) -> str:
        """`.key`, and quoted in brackets what would be misread so: keys come from data."""
        text = _cut(self._masked(key), LONGEST_KEY)
        if _PLAIN_KEY.fullmatch(text):
            return f".{text}"
        return f"[{json.dumps(text, ensure_ascii=not text.isprintable())}]"

    def _masked(self, text: str) -> str:
        return mask(text) if self._personal else text


def shortened(text: str) -> str:
    """`text`, cut to 80 characters."""
    return _cut(text, LONGEST)


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _json(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (ValueError, TypeError, RecursionError):
        # Numbers of thousands of digits and very deep nesting have no text here.
        return f"({type(value).__name__})"
    if text.isprintable():
        return text
    # Half a surrogate pair could not be stored, and a mark that turns the direction of writing would turn the page.
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text)
