"""What each rule reads: the JSON types that it can make something of, at each of its paths."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from hutong.model import mapping as rules
from hutong.schema.shape import json_type

Types = frozenset[str]
NUMBER, TEXT, ARRAY = frozenset({"integer", "number"}), frozenset({"string"}), frozenset({"array"})
PART, SCALAR = NUMBER | TEXT, NUMBER | TEXT | {"boolean"}


def types_read(rule: rules.Rule) -> Iterator[tuple[str, Types]]:
    """Every path that `rule` reads, with the types that may stand there. Null may always."""
    if isinstance(rule, rules.Const):
        return
    yield from _READS[rule.rule](rule)
    if isinstance(rule, rules.Point | rules.Line | rules.Area) and isinstance(rule.crs, rules.Crs):
        yield rule.crs.from_, TEXT


def types_of(values: list[rules.Scalar]) -> Types:
    """The types of `values`, null aside; a whole number may also be met as a number."""
    found = frozenset(json_type(value) for value in values if value is not None)
    return found | NUMBER if found & NUMBER else found


def _one(types: Types) -> Callable[[Any], Iterator[tuple[str, Types]]]:
    def read(rule: Any) -> Iterator[tuple[str, Types]]:
        for path in [rule.from_] if isinstance(rule.from_, str) else rule.from_:
            yield path, types

    return read


def _number(rule: Any) -> Types:
    return PART if rule.as_text else NUMBER


def _numbers(rule: rules.Number | rules.Angle | rules.Bit) -> Iterator[tuple[str, Types]]:
    yield rule.from_, _number(rule)


def _quantity(rule: rules.Quantity) -> Iterator[tuple[str, Types]]:
    yield rule.from_, _number(rule) if rule.list_ is None else PART


def _rate(rule: rules.Rate) -> Iterator[tuple[str, Types]]:
    yield rule.from_, _number(rule)
    yield rule.over, _number(rule)


def _instant(rule: rules.InstantRule) -> Iterator[tuple[str, Types]]:
    first, *others = [rule.from_] if isinstance(rule.from_, str) else rule.from_
    yield first, TEXT if rule.form in ("iso", "local", "interval_end") else _number(rule)
    at = rule.at if isinstance(rule, rules.Elapsed) else None
    for path in [*others, *(path for path in (rule.near, at) if path is not None)]:
        yield path, _number(rule)


def _point(rule: rules.Point) -> Iterator[tuple[str, Types]]:
    if len(rule.from_) == 1:
        yield rule.from_[0], ARRAY if rule.split is None else TEXT
        return
    for pair in (rule.from_, rule.base or (), *rule.offsets):
        for path in pair:
            yield path, _number(rule)


def _shape(rule: rules.Line | rules.Area) -> Iterator[tuple[str, Types]]:
    yield rule.from_, TEXT if rule.form == "text" else ARRAY
    if isinstance(rule, rules.Line):
        for path in rule.base or ():
            yield path, PART if rule.as_text else NUMBER


def _bit(rule: rules.Bit) -> Iterator[tuple[str, Types]]:
    yield rule.from_, TEXT if rule.form == "string" else _number(rule)


def _flag(rule: rules.Flag) -> Iterator[tuple[str, Types]]:
    yield rule.from_, types_of([*rule.true, *rule.false])


_READS: Mapping[str, Callable[[Any], Iterator[tuple[str, Types]]]] = {
    "text": _one(TEXT),
    "number": _numbers,
    "quantity": _quantity,
    "rate": _rate,
    "time": _instant,
    "elapsed": _instant,
    "angle": _numbers,
    "point": _point,
    "line": _shape,
    "area": _shape,
    "code": _one(SCALAR),
    "id": _one(PART),
    "flag": _flag,
    "bit": _bit,
    "stake": _one(PART),
    "duration": _one(TEXT),
    "pseudonym": _one(PART),
}
