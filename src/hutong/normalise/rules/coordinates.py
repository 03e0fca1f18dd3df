"""The two numbers of a point: from two paths, from parts of one value, or as an offset from a base."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from hutong.model import mapping
from hutong.normalise.reading import Raw, Unreadable, compile_look, compile_match, compile_path, number_reader
from hutong.normalise.rules.context import MisfitRule

HOW = "point"

Pair = tuple[Any, Any]
Look = Callable[[Raw], Pair]


@dataclass(frozen=True, slots=True)
class Found:
    """Two numbers as the source counts them; place, value: where the first of them stands, and what stands there."""

    x: int | float
    y: int | float
    place: str
    value: Any


Coordinates = Callable[[Raw], Found | None]
"""From a record to its two numbers, None where one of them is missing; raises Unreadable."""
_MOST_PARTS = 1000
"""Of a text or an array; nobody sends a place behind so many others."""


def compile_coordinates(rule: mapping.Point) -> Coordinates:
    """How `rule` finds its two numbers. Raises MisfitRule when it states what does not go together."""
    count = len(rule.from_)
    if count > 2:
        raise MisfitRule(f"a point has one path or two, not {count}")
    if (rule.base is None) != (not rule.offsets):
        raise MisfitRule("`base` and `offsets` are stated together or not at all")
    if count == 1:
        if rule.base is not None:
            raise MisfitRule("`base` and `offsets` stand beside a place of two paths")
        return _numbers(rule, _parts(rule), rule.from_ * 2)
    if rule.split is not None or rule.take != (0, 1):
        raise MisfitRule("a point from two paths takes no `split` and no `take`; remove them")
    if rule.from_[0] == rule.from_[1]:
        raise MisfitRule("both numbers of the place are the same one; name two paths")
    return _of_pair(rule, rule.from_) if rule.base is None else _choice(rule, rule.base)


def _of_pair(rule: mapping.Point, paths: Sequence[str]) -> Coordinates:
    return _numbers(rule, _pair(paths), paths)


def _numbers(rule: mapping.Point, look: Look, paths: Sequence[str]) -> Coordinates:
    (first_path, second_path), to_number, is_missing = paths, number_reader(rule.as_text), compile_match(rule.missing)

    def numbers(raw: Raw) -> Found | None:
        first, second = look(raw)
        if first is None or second is None or is_missing(first) or is_missing(second):
            return None
        x, y = to_number(first, first_path, HOW), to_number(second, second_path, HOW)
        return Found(x, y, first_path, first)

    return numbers


def _choice(rule: mapping.Point, base: mapping.Pair) -> Coordinates:
    """A place given absolutely or by one of several offsets, but never by two of them."""
    pairs = [tuple(rule.from_), *rule.offsets]
    looks, numbers = [_pair(pair) for pair in pairs], [_of_pair(rule, pair) for pair in pairs]
    at_base = _of_pair(rule, base)

    def chosen(raw: Raw) -> Found | None:
        given = [form for form, look in enumerate(looks) if look(raw) != (None, None)]
        if not given:
            return None
        form, *others = given
        if others:
            raise Unreadable(pairs[others[0]][0], looks[others[0]](raw)[0], HOW)
        found = numbers[form](raw)
        if found is None or form == 0:
            return found
        reference = at_base(raw)
        # Added as the source counts, before the scale, so that whole numbers stay whole.
        return None if reference is None else replace(found, x=reference.x + found.x, y=reference.y + found.y)

    return chosen


def _pair(paths: Sequence[str]) -> Look:
    first, second = (compile_path(path, HOW) for path in paths)
    return lambda raw: (first(raw), second(raw))


def _parts(rule: mapping.Point) -> Look:
    """Two parts of an array, or of a text with a separator."""
    (path,), separator, take = rule.from_, rule.split, rule.take
    if not 0 <= min(take) < max(take) < _MOST_PARTS or separator == "":
        raise MisfitRule("`take` names two different parts, counted from 0, and `split` a separator; correct them")
    if separator is not None and not rule.as_text:
        raise MisfitRule("what `split` parts is text; add `as_text: true`")
    look = compile_look(path, rule.missing, HOW)

    def parts(raw: Raw) -> Pair:
        value = look(raw)
        if value is None:
            return None, None
        found: Any = value
        if separator is not None:
            found = value.split(separator) if type(value) is str else None
        if not isinstance(found, list) or len(found) <= max(take):
            raise Unreadable(path, value, HOW)
        return found[take[0]], found[take[1]]

    return parts
