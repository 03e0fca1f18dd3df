"""Reading one value of a raw record: where it stands, whether it is missing, and what kind of value it is.

Kinds are strict, because a guess here would be a wrong row: text is no number, true is no number, NaN is no number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Literal

from hutong.model.dataset import FieldType
from hutong.model.mapping import Scalar
from hutong.model.path import UP, Level, read_path

Raw = Mapping[str, Any]
"""A record; or an element of one, which holds what encloses its list under `UP`."""
Look = Callable[[Raw], Any]
Reader = Callable[[Raw, datetime], Any]
"""A compiled rule: the raw record and its time of receipt -> the column's value, or a dictionary of columns' values."""

LONGEST_NUMBER = 64
"""Characters; a longer text is no number that a platform means."""


class Unreadable(Exception):
    """A value that its rule cannot read. It is caught once per record and becomes a finding.

    place: path as a mapping writes it. how: the rule's name. kind: key in the catalogue of findings. levels: the way
    from the record to the element that was read.
    """

    levels: tuple[Level, ...] = ()

    def __init__(
        self, place: str, value: Any, how: str, kind: Literal["unreadable", "unknown_crs"] = "unreadable"
    ) -> None:
        self.place, self.value, self.how, self.kind = place, value, how, kind
        super().__init__(place, how, kind)

    @property
    def path(self) -> Level:
        """The place, from the record."""
        return read_path(self.place).within(self.levels)


def compile_path(path: str, how: str) -> Look:
    """A function from a record to what stands at `path`; None where a part of it is absent or null.

    The function raises Unreadable where something stands that is no object, but would have to be one.
    """
    way = read_path(path)
    *parents, last = way.keys
    if not parents and not way.climbs:
        return lambda raw: raw.get(last)

    def look(raw: Raw) -> Any:
        here: Any = raw
        for _ in range(way.climbs):
            here = here[UP]
        for depth, name in enumerate(parents, start=1):
            here = here.get(name)
            if here is None:
                return None
            if not isinstance(here, dict):
                raise Unreadable(str(way.up_to(depth)), here, how)
        return here.get(last)

    return look


def compile_look(path: str, missing: Sequence[Scalar], how: str) -> Look:
    """As `compile_path`, and None for the values in `missing`."""
    look = compile_path(path, how)
    if not missing:
        return look
    is_missing = compile_match(missing)

    def look_for(raw: Raw) -> Any:
        value = look(raw)
        return None if is_missing(value) else value

    return look_for


def compile_match(values: Sequence[Scalar]) -> Callable[[Any], bool]:
    """Whether a value is one of `values`, by type and value: -1 is -1.0, but neither "-1" nor True; 1 is not True."""
    texts = frozenset(value for value in values if isinstance(value, str))
    truths = frozenset(value for value in values if isinstance(value, bool))
    numbers = frozenset(value for value in values if isinstance(value, int | float) and not isinstance(value, bool))

    def matches(value: Any) -> bool:
        kind = type(value)
        if kind is str:
            return value in texts
        if kind is bool:
            return value in truths
        return (kind is int or kind is float) and value in numbers

    return matches


def number(value: Any, place: str, how: str) -> int | float:
    """`value` if it is a finite number of at most 64 bits. Raises Unreadable."""
    kind = type(value)
    found: int | float = value
    if (kind is int and -(2**63) <= found < 2**63) or (kind is float and math.isfinite(found)):
        return found
    raise Unreadable(place, value, how)


def number_or_text(value: Any, place: str, how: str) -> int | float:
    """As `number`, and also a number written as text, in plain digits. Raises Unreadable."""
    if type(value) is not str:
        return number(value, place, how)
    text = value.strip()
    if len(text) > LONGEST_NUMBER or not _NUMBER.fullmatch(text):
        raise Unreadable(place, value, how)
    try:
        return number(int(text) if _WHOLE.fullmatch(text) else float(text), place, how)
    except Unreadable:
        raise Unreadable(place, value, how) from None


ToNumber = Callable[[Any, str, str], int | float]
"""From a value, its place and the rule's name to a number; raises Unreadable."""


def number_reader(as_text: bool) -> ToNumber:
    """The function that reads a number, or one that may also be written as text."""
    return number_or_text if as_text else number


_WHOLE = re.compile(r"[+-]?\d+", re.ASCII)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


def text(value: Any, place: str, how: str) -> str:
    """`value` if it is text that can be stored. Raises Unreadable."""
    if type(value) is str and (value.isascii() or _is_storable(value)):
        return value
    raise Unreadable(place, value, how)


def text_or_number(value: Any, place: str, how: str) -> str:
    """Text as it is; a number as its shortest JSON text: 5, 5.5, and 5 for 5.0. Raises Unreadable."""
    if type(value) is str:
        return text(value, place, how)
    found = number(value, place, how)
    if type(found) is float and found.is_integer() and abs(found) < 2**53:
        found = int(found)
    # Python's own text of a finite number is JSON's, and much faster to have.
    return repr(found)


def scalar_text(value: Any, place: str, how: str) -> str:
    """As `text_or_number`, and `true` or `false` for a truth value. Raises Unreadable."""
    return str(value).lower() if type(value) is bool else text_or_number(value, place, how)


def _is_storable(value: str) -> bool:
    """Half a surrogate pair, which JSON can spell, is no character and has no UTF-8."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


Fit = Callable[[int | float], int | float]


def compile_fit(kind: FieldType) -> Fit:
    """A function that gives a number as the contract's type; it raises ValueError if the type cannot hold it exactly.

    A whole number may have come as 5.0. Raises TypeError for a contract type that is no number.
    """
    if kind == "double":
        return _double
    if kind not in _BITS:
        raise TypeError(f"a column of type {kind} holds no numbers")
    low, high = _BITS[kind]

    def whole(value: int | float) -> int:
        found = int(value)
        if found != value or not low <= found <= high:
            raise ValueError
        return found

    return whole


_BITS: Mapping[str, tuple[int, int]] = {"int": (-(2**31), 2**31 - 1), "long": (-(2**63), 2**63 - 1)}


def _double(value: int | float) -> float:
    found = float(value)
    if not math.isfinite(found):
        raise ValueError
    return found
