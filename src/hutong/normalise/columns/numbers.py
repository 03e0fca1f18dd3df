"""Rules that make numbers, by columns: number, quantity, rate, angle, stake."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import polars as pl

from hutong.model import mapping
from hutong.model.dataset import FieldType
from hutong.normalise.columns.filling import EXACT, SPACES, Fill, Filled, Leaves, NoColumnForm, is_number
from hutong.normalise.rules.angle import TO_TRAVEL
from hutong.schema.units import factor

_PLAIN_NUMBER = r"^-?[0-9]{1,15}(?:\.[0-9]{1,15})?$"
_WHOLE: dict[FieldType, tuple[int, int]] = {"int": (-(2**31), 2**31 - 1), "long": (-EXACT + 1, EXACT - 1)}


def number_at(path: str, missing: list[mapping.Scalar], leaves: Leaves, *, as_text: bool) -> tuple[pl.Expr, pl.Expr]:
    """The numbers at `path` as doubles, and where that is not sure. Raises NoColumnForm.

    Whole numbers of 2**53 and more are not sure, because the scalar form counts on exactly.
    """
    leaf, kind = leaves.there(path, missing), leaves.kind(path)
    if kind == pl.String and as_text:
        text = leaf.str.strip_chars(SPACES)
        # -0 is a whole number, and so 0; -0.0 is not.
        is_plain = text.str.contains(_PLAIN_NUMBER) & ~text.str.contains(r"^-0+$")
        return text.cast(pl.Float64, strict=False), leaf.is_not_null() & ~is_plain
    if not is_number(kind):
        raise NoColumnForm
    return leaf.cast(pl.Float64), leaf.cast(pl.Float64).abs() >= EXACT


def scaled(value: pl.Expr, by: Fraction, frame: pl.DataFrame) -> tuple[pl.Expr, pl.Expr]:
    """`value`, of `frame`, times `by` as `schema.units.scaling` has it, and where the last bit might differ."""
    top, bottom = by.numerator, by.denominator
    if max(abs(top), bottom) > EXACT:
        return value * float(by), pl.lit(False)
    multiplied = value * float(top)
    made = multiplied if bottom == 1 else divided(multiplied, pl.lit(float(bottom)), frame)
    # In Python a whole number is multiplied without rounding.
    return made, multiplied.abs() >= EXACT


def divided(value: pl.Expr, by: pl.Expr, frame: pl.DataFrame) -> pl.Expr:
    """`value` divided by `by`, both of `frame`.

    Of numpy, since polars multiplies by the reciprocal of a single number, which ends in another last bit. And not from
    within polars: its few threads would wait there for Python's lock, which another thread may hold while it waits for
    them.
    """
    found = frame.select(above=value, below=by)
    with np.errstate(divide="ignore", invalid="ignore"):
        made = found["above"].to_numpy() / found["below"].to_numpy()
    return pl.lit(pl.Series(made, dtype=pl.Float64).fill_nan(None))


def fitted(value: pl.Expr, kind: FieldType) -> tuple[pl.Expr, pl.Expr]:
    """Doubles as the contract's type, and where it might not hold them."""
    if kind == "double":
        return value, ~value.is_finite()
    low, high = _WHOLE[kind]
    fits = (value == value.floor()) & value.is_between(low, high)
    return pl.when(fits).then(value).cast(pl.Int64), ~fits


def number(rule: mapping.Number, leaves: Leaves) -> Fill:
    """See `rules.number`."""
    kind = leaves.context.field.type
    if leaves.kind(rule.from_) == pl.Int64 and kind in ("int", "long"):
        leaf = leaves.there(rule.from_, rule.missing)
        if kind == "long":
            return _always(leaves, leaf, [])
        fits = leaf.is_between(*_WHOLE["int"])
        return _always(leaves, pl.when(fits).then(leaf), [~fits])
    value, unread = number_at(rule.from_, rule.missing, leaves, as_text=rule.as_text)
    made, misfit = fitted(value, kind)
    return _always(leaves, made, [unread, misfit])


def quantity(rule: mapping.Quantity, leaves: Leaves) -> Fill:
    """See `rules.quantity`; a scale of classes has no column form of its own."""
    if rule.list_ is not None:
        raise NoColumnForm
    value, unread = number_at(rule.from_, rule.missing, leaves, as_text=rule.as_text)
    by, kind, column = factor(rule.unit, leaves.context.unit()), leaves.context.field.type, leaves.context.column

    def fill(frame: pl.DataFrame) -> Filled:
        converted, inexact = scaled(value, by, frame)
        made, misfit = fitted(converted, kind)
        return Filled({column: made}, [unread, inexact, misfit])

    return fill


def rate(rule: mapping.Rate, leaves: Leaves) -> Fill:
    """See `rules.rate`."""
    count, unread = number_at(rule.from_, rule.missing, leaves, as_text=rule.as_text)
    period, untimed = number_at(rule.over, rule.missing, leaves, as_text=rule.as_text)
    by, column = factor(rule.unit, leaves.context.unit()), leaves.context.column

    def fill(frame: pl.DataFrame) -> Filled:
        converted, inexact = scaled(count, by, frame)
        made, misfit = fitted(divided(converted, period, frame), "double")
        return Filled({column: made}, [unread, untimed, inexact, period <= 0, misfit])

    return fill


def angle(rule: mapping.Angle, leaves: Leaves) -> Fill:
    """See `rules.angle`."""
    value, unread = number_at(rule.from_, rule.missing, leaves, as_text=rule.as_text)
    by, column = factor(rule.unit, "deg"), leaves.context.column
    travel: Any = TO_TRAVEL[rule.convention]

    def fill(frame: pl.DataFrame) -> Filled:
        degrees, inexact = scaled(value, by, frame)
        found = frame.select(degrees=degrees).to_series()
        # Of numpy, because its remainder is Python's to the last bit.
        with np.errstate(invalid="ignore"):
            turned = np.mod(np.mod(travel(found.to_numpy()), 360.0), 360.0)
        made = pl.Series(turned, dtype=pl.Float64).fill_nan(None)
        return Filled({column: pl.lit(made)}, [unread, inexact, pl.lit(found.abs() > 360)])

    return fill


def stake(rule: mapping.Stake, leaves: Leaves) -> Fill:
    """See `rules.stake`."""
    (km, unread), (m, unsaid) = (number_at(path, rule.missing, leaves, as_text=True) for path in rule.from_)
    by, column = factor("m", leaves.context.field.unit or "m"), leaves.context.column

    def fill(frame: pl.DataFrame) -> Filled:
        converted, inexact = scaled(km * 1000 + m, by, frame)
        made, misfit = fitted(converted, "double")
        return Filled({column: made}, [unread, unsaid, inexact, km.abs() * 1000 >= EXACT, misfit])

    return fill


def _always(leaves: Leaves, made: pl.Expr, unsure: list[pl.Expr]) -> Fill:
    filled = Filled({leaves.context.column: made}, unsure)
    return lambda frame: filled
