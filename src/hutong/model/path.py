"""Paths into a raw record, as mappings write them. One grammar for the models, the readers and the checks.

    pos.lon                  keys joined by dots, from the record; under `each`, from the element
    ^.refPos.lat             `^` climbs from the element to what encloses its list, `^^` to what encloses that one's
    rsms[].participants[]    only in `each`: `[]` behind a key opens the list that stands there

A key holds no dot, no bracket, no `^` and no blank at its ends.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import AfterValidator

UP = "^"
_KEYS = r"[^.\[\]^]+(?:\.[^.\[\]^]+)*"
_PATH = re.compile(rf"(?:(\^+)\.)?({_KEYS})")
_EACH = re.compile(rf"{_KEYS}\[\](?:\.{_KEYS}\[\])*")

Keys = tuple[str, ...]
Level = tuple[str | int, ...]
"""From an element to an element below it: keys, and the place in the list. (No place for a list of one that came as
its element.)
"""


@dataclass(frozen=True, slots=True)
class Path:
    """climbs: how many elements up from where the rules read. keys: down from there."""

    climbs: int
    keys: Keys

    def __str__(self) -> str:
        """As a mapping writes it."""
        return ".".join([UP * self.climbs, *self.keys] if self.climbs else self.keys)

    def up_to(self, depth: int) -> Path:
        """The path to what is met after `depth` of its keys."""
        return Path(self.climbs, self.keys[:depth])

    def within(self, levels: Sequence[Level]) -> Level:
        """From the record, for an element that lies `levels` deep in it.

        >>> read_path("^.refPos.lat").within([("rsms", 0), ("participants", 2)])
        ('rsms', 0, 'refPos', 'lat')
        """
        return (*(step for level in levels[: len(levels) - self.climbs] for step in level), *self.keys)


def read_path(text: str) -> Path:
    """The path that `text` writes. Raises ValueError.

    >>> read_path("^^.moy")
    Path(climbs=2, keys=('moy',))
    """
    found = _PATH.fullmatch(text)
    if found is None or text != text.strip():
        reason = "a list is opened by `each`" if "[" in text else "keys are joined by dots, and `^` stands in front"
        raise ValueError(f"no path; {reason}, such as `pos.lon` or `^.refPos.lat`")
    return Path(len(found[1] or ""), tuple(found[2].split(".")))


def read_each(text: str) -> tuple[Keys, ...]:
    """The keys that lead to each list of `each`, outermost first. Raises ValueError.

    >>> read_each("data.rsms[].participants[]")
    (('data', 'rsms'), ('participants',))
    """
    if _EACH.fullmatch(text) is None or text != text.strip():
        raise ValueError("no path to a list; `[]` stands behind each list, the last one too, as in `rsms[].parts[]`")
    return tuple(tuple(step.strip(".").split(".")) for step in text.removesuffix("[]").split("[]"))


def _path(text: str) -> str:
    read_path(text)
    return text


def _each(text: str) -> str:
    read_each(text)
    return text


PathText = Annotated[str, AfterValidator(_path)]
EachText = Annotated[str, AfterValidator(_each)]
