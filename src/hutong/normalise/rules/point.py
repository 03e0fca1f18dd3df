"""The rule `point`: a place, as lon, lat and source_crs."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from typing import Any

from hutong.model import mapping
from hutong.normalise.reading import (
    Raw,
    Reader,
    Unreadable,
    compile_look,
    compile_match,
    compile_path,
    number,
    number_or_text,
)
from hutong.normalise.rules.context import Context, MisfitRule
from hutong.normalise.rules.place import compile_system, on_earth
from hutong.schema.units import scaling

HOW = "point"
NOWHERE = {"lon": None, "lat": None, "source_crs": None}

Pair = tuple[Any, Any]


def compile_point(rule: mapping.Point, context: Context) -> Reader:
    """Reads two coordinates; where one of them is missing the whole place is null. Raises UnknownCrs, MisfitRule."""
    for column in NOWHERE:
        context.field_called(column)
    look = _two_paths(rule) if len(rule.from_) == 2 else _one_path(rule)
    first_path, second_path = rule.from_[0], rule.from_[-1]
    is_missing, to_number = compile_match(rule.missing), number_or_text if rule.as_text else number
    scale = scaling(Fraction(str(rule.scale)))
    system = compile_system(rule.crs, rule.axes, HOW)

    def read(raw: Raw, received_at: datetime) -> dict[str, Any]:
        first, second = look(raw)
        if first is None or second is None or is_missing(first) or is_missing(second):
            return NOWHERE
        x, y = to_number(first, first_path, HOW), to_number(second, second_path, HOW)
        crs, convert = system(raw)
        try:
            lon, lat = on_earth(convert, scale(x), scale(y), first_path, first, HOW)
        except OverflowError:
            raise Unreadable(first_path, first, HOW) from None
        return {"lon": lon, "lat": lat, "source_crs": crs}

    return read


def _two_paths(rule: mapping.Point) -> Callable[[Raw], Pair]:
    if rule.split is not None:
        raise MisfitRule("a point from two paths takes no `split`")
    first, second = (compile_path(path, HOW) for path in rule.from_)
    return lambda raw: (first(raw), second(raw))


def _one_path(rule: mapping.Point) -> Callable[[Raw], Pair]:
    if len(rule.from_) != 1:
        raise MisfitRule(f"a point has one path or two, not {len(rule.from_)}")
    (path,), separator, take = rule.from_, rule.split, rule.take
    if min(take) < 0 or take[0] == take[1] or separator == "":
        raise MisfitRule("`take` names two different parts, counted from 0, and `split` a separator")
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
