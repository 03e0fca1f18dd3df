"""Row rules over whole columns: which rows surely keep them, so that the others alone are asked one by one.

A mask may doubt a row that is right, which costs time; it never trusts one that is wrong. What polars reads otherwise
than Python (NaN is above every number, its regular expressions are Rust's, integers meet floats as floats) is either
written so that both agree or left in doubt. `schema.rules` decides.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from functools import reduce
from operator import and_

import polars as pl

from hutong.model.dataset import RowRule
from hutong.schema.jumps import EARTH_M, JUMP
from hutong.schema.rules import CodeLists, apart_at_most

Mask = Callable[[RowRule, pl.DataFrame, CodeLists], pl.Expr]

_DOUBT, _SURE = pl.lit(False), pl.lit(True)
_EXACT = 2**52
"""Up to here integers and their differences are exact as floats."""
_MARGIN = 1e-6
"""Share of a reach that is left in doubt: sines need not agree to the last bit."""

_LETTER = "[A-Za-z0-9\u00a1-\ud7ff\uf900-\U0010ffff]"
_ATOM = rf"(?:{_LETTER}|[_ :,/@#%=]|\\[.\-+]|\.|\[\^?(?:{_LETTER}(?:-{_LETTER})?|[_.: ])+[-]?\])"
_TOKEN = rf"(?:{_ATOM}(?:[?*+]|\{{\d{{1,3}}(?:,\d{{0,3}})?\}})?|\||\((?!\?)|\)(?![?*+{{]))"
_ALIKE = re.compile(rf"{_TOKEN}+", re.ASCII)
"""Patterns that mean the same to Python and to Rust: plain characters, classes of them, counts and alternatives."""


def doubtful(frame: pl.DataFrame, rules: Sequence[RowRule], codes: CodeLists) -> pl.DataFrame:
    """The rows of `frame` that `rules` have to be asked about, in their order; every other row keeps all of them.

    Where rows are compared, all rows of a thing come along, so that `rules.compile_rows` sees what it has to.
    frame: the contract's columns in its types, and `record`. codes: code list -> its codes.
    """
    if frame.is_empty() or not rules:
        return frame.clear()
    sure = [_MASKS[rule.kind](rule, frame, codes) for rule in rules]
    return frame.filter(~reduce(and_, sure))


def _required(rule: RowRule, frame: pl.DataFrame, codes: CodeLists) -> pl.Expr:
    (name,) = rule.fields
    return pl.col(name).is_not_null() if frame[name].null_count() else _SURE


def _range(rule: RowRule, frame: pl.DataFrame, codes: CodeLists) -> pl.Expr:
    (name,), (low, high) = rule.fields, rule.args
    column, kind = pl.col(name), frame.schema[name]
    if kind.is_integer():
        # A float as a bound would turn the column into floats, which are coarser beyond 2^53.
        low, high = low if low is None else math.ceil(low), high if high is None else math.floor(high)
        if (low is not None and low > _HIGHEST) or (high is not None and high < _LOWEST):
            # No value keeps it; an absent one breaks nothing.
            return column.is_null()
        low, high = _within_64_bits(low), _within_64_bits(high)
        column, is_number = column.cast(pl.Int64), _SURE
    elif kind == pl.Float64:
        is_number = column.is_not_nan()
    else:
        return _DOUBT
    above = _SURE if low is None else column >= low
    below = _SURE if high is None else column <= high
    return (above & below & is_number).fill_null(True)


_LOWEST, _HIGHEST = -(2**63), 2**63 - 1


def _within_64_bits(bound: int | None) -> int | None:
    return None if bound is None else max(_LOWEST, min(bound, _HIGHEST))


def _pattern(rule: RowRule, frame: pl.DataFrame, codes: CodeLists) -> pl.Expr:
    (name,), (pattern,) = rule.fields, rule.args
    if frame.schema[name] != pl.String:
        return _DOUBT
    if _ALIKE.fullmatch(pattern):
        return pl.col(name).str.contains(rf"\A(?:{pattern})\z").fill_null(True)
    matches = re.compile(pattern).fullmatch
    known = [value for value in frame[name].unique() if value is None or matches(value)]
    return pl.col(name).is_in(known, nulls_equal=True)


def _code(rule: RowRule, frame: pl.DataFrame, codes: CodeLists) -> pl.Expr:
    (name,), (listed,) = rule.fields, rule.args
    if frame.schema[name] != pl.String:
        return _DOUBT
    return pl.col(name).is_in(sorted(codes[listed])).fill_null(True)


def _before(rule: RowRule, frame: pl.DataFrame, codes: CodeLists) -> pl.Expr:
    return _compared(rule, frame, pl.Expr.lt)


def _not_above(rule: RowRule, frame: pl.DataFrame, codes: CodeLists) -> pl.Expr:
    return _compared(rule, frame, pl.Expr.le)


def _compared(rule: RowRule, frame: pl.DataFrame, compare: Callable[[pl.Expr, pl.Expr], pl.Expr]) -> pl.Expr:
    first, second = rule.fields
    if not _comparable(frame.schema[first], frame.schema[second]):
        return _DOUBT
    return (compare(pl.col(first), pl.col(second)) & _numbers(rule, frame)).fill_null(True)


def _comparable(one: pl.DataType, other: pl.DataType) -> bool:
    """Whether polars compares both without a loss: alike, or a small integer with any other number."""
    small = (pl.Int32, pl.Int64), (pl.Int32, pl.Float64)
    return one == other or any(one in pair and other in pair for pair in small)


def _numbers(rule: RowRule, frame: pl.DataFrame) -> pl.Expr:
    """Whether none of the rule's fields is NaN; null where one is null."""
    return reduce(and_, (pl.col(one).is_not_nan() for one in rule.fields if frame.schema[one] == pl.Float64), _SURE)


def _together(rule: RowRule, frame: pl.DataFrame, codes: CodeLists) -> pl.Expr:
    given = [pl.col(name).is_null() for name in rule.fields]
    return reduce(and_, (one == given[0] for one in given[1:]), _SURE)


def _within(rule: RowRule, frame: pl.DataFrame, codes: CodeLists) -> pl.Expr:
    (first, second), (below, above) = rule.fields, rule.args
    kinds = [frame.schema[name] for name in rule.fields]
    one, other = pl.col(first), pl.col(second)
    if all(kind == pl.Datetime("us", "UTC") for kind in kinds):
        apart = one.cast(pl.Int64) - other.cast(pl.Int64)
        below, above = _microseconds(below), _microseconds(above)
        is_exact = _SURE
    elif all(kind.is_integer() or kind == pl.Float64 for kind in kinds):
        apart = one.cast(pl.Float64) - other.cast(pl.Float64)
        small = [pl.col(name).is_between(-_EXACT, _EXACT) for name in rule.fields if frame.schema[name] == pl.Int64]
        is_exact = reduce(and_, small, _numbers(rule, frame)) & apart.is_not_nan()
    else:
        return _DOUBT
    is_near = (_SURE if below is None else apart >= -below) & (_SURE if above is None else apart <= above)
    return (is_near & is_exact).fill_null(True)


def _microseconds(seconds: float | None) -> int | None:
    # As Python multiplies a timedelta, so that both round alike.
    return None if seconds is None else (apart_at_most(seconds) * timedelta(seconds=1)) // timedelta(microseconds=1)


def _required_if(rule: RowRule, frame: pl.DataFrame, codes: CodeLists) -> pl.Expr:
    name, other = rule.fields
    if not rule.args:
        return pl.col(name).is_not_null() | pl.col(other).is_null()
    if frame.schema[other] != pl.String:
        return _DOUBT
    return pl.col(name).is_not_null() | ~pl.col(other).is_in(list(rule.args)).fill_null(False)


def _jump(rule: RowRule, frame: pl.DataFrame, codes: CodeLists) -> pl.Expr:
    (lon, lat, at, *thing), (speed, slack) = rule.fields, rule.args
    if any(frame.schema[name] != pl.Float64 for name in (lon, lat)):
        return _DOUBT
    wanted = list(dict.fromkeys([lon, lat, at, *thing, "record"]))
    tracks = (
        frame.lazy()
        .select(*wanted, row=pl.int_range(pl.len(), dtype=pl.UInt32))
        .filter(
            *(pl.col(name).is_not_null() for name in rule.fields),
            pl.col(lon).is_between(-180, 180),
            pl.col(lat).is_between(-90, 90),
        )
        .sort(*thing, at, "record", maintain_order=True)
        .with_columns(
            is_leg=reduce(and_, (pl.col(name) == pl.col(name).shift(-1) for name in thing), _SURE).fill_null(False),
            east=pl.col(lon).radians(),
            north=pl.col(lat).radians(),
        )
    )
    half = (((pl.col("north").shift(-1) - pl.col("north")) / 2).sin() ** 2) + (
        pl.col("north").cos()
        * pl.col("north").shift(-1).cos()
        * (((pl.col("east").shift(-1) - pl.col("east")) / 2).sin() ** 2)
    )
    metres = 2 * EARTH_M * half.sqrt().clip(0, 1).arcsin()
    seconds = (pl.col(at).shift(-1).cast(pl.Int64) - pl.col(at).cast(pl.Int64)) / 1_000_000
    reach = seconds * speed + slack
    is_doubtful = pl.col("is_leg") & ~(metres * (1 + _MARGIN) + _MARGIN <= reach).fill_null(False)
    # A leg out of reach is no jump yet, but cheap to ask about; its whole track goes along.
    doubted = tracks.filter(is_doubtful).select(thing).unique()
    rows = tracks.join(doubted, on=thing, how="semi").select("row").collect()["row"]
    if rows.is_empty():
        return _SURE
    return ~pl.int_range(pl.len(), dtype=pl.UInt32).is_in(rows.implode())


_MASKS: Mapping[str, Mask] = {
    "required": _required,
    "range": _range,
    "pattern": _pattern,
    "code": _code,
    "before": _before,
    "not_above": _not_above,
    "together": _together,
    "within": _within,
    "required_if": _required_if,
    JUMP: _jump,
}
