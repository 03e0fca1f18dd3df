"""How a value that was met is shown in a finding: short, and never a personal one."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from hutong.model.connector import Stream
from hutong.model.privacy import HIDDEN, mask

LONGEST = 80


class Shower:
    """What of a stream's records may be shown."""

    def __init__(self, stream: Stream) -> None:
        self._personal = tuple(name.split(".") for name in stream.personal)

    def value(self, path: Sequence[str | int], value: Any) -> str:
        """`value`, which stands at `path`, as JSON of at most 80 characters.

        "(personal)" if it is a personal field, holds one or is a part of one.
        """
        keys = [str(key) for key in path]
        if any(keys[: len(name)] == name[: len(keys)] for name in self._personal):
            return HIDDEN
        return shortened(self._masked(_json(value)))

    def place(self, path: Sequence[str | int]) -> str:
        """`path` as a JSON path."""
        return "$" + "".join(f"[{key}]" if isinstance(key, int) else f".{self._masked(key)}" for key in path)

    def slug(self, path: Sequence[str | int]) -> str:
        """`path` as the front of a rule's id: dotted, the same for every element of a list; `record` for the whole."""
        dotted = "".join("[]" if isinstance(key, int) else f".{self._masked(key)}" for key in path)
        return dotted.removeprefix(".") or "record"

    def _masked(self, text: str) -> str:
        return mask(text) if self._personal else text


def shortened(text: str) -> str:
    """`text`, cut to 80 characters."""
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _json(value: Any) -> str:
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (ValueError, TypeError, RecursionError):
        # Numbers of thousands of digits and very deep nesting have no text here.
        return f"({type(value).__name__})"
    # Half a surrogate pair could not be stored.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
