"""Rules that make numbers, by columns: number, quantity, rate, angle, stake."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from hutong.model import mapping
from hutong.model.dataset import FieldType
from hutong.normalise.columns.filling import EXACT, SPACES, Fill, Filled, Leaves, NoColumnForm, always, is_number
from hutong.normalise.rules.angle import TO_TRAVEL
from hutong.schema.units import factor

Asked = Mapping[str, pl.Series]

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


Doubles = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]


def scaled(values: Doubles, by: Fraction) -> tuple[Doubles, Truths]:
    """`values` times `by` as `schema.units.scaling` has it, and where the last bit might differ.

    Of numpy, since polars divides by a single number by multiplying with its reciprocal, which ends in another last
    bit. And not from within polars: its few threads would wait there for Python's lock, which another thread may hold
    while it waits for them.
    """
    top, bottom = by.numerator, by.denominator
    if max(abs(top), bottom) > EXACT:
        return values * float(by), np.zeros(len(values), np.bool_)
    with np.errstate(over="ignore"):
        multiplied = values * float(top)
    # In Python a whole number is multiplied without rounding.
    return multiplied if bottom == 1 else multiplied / float(bottom), np.abs(multiplied) >= EXACT


def fitted(values: Doubles, kind: FieldType, is_there: Truths) -> tuple[pl.Expr, Truths]:
    """Doubles as the contract's type, null where `is_there` is not, and where it might not hold them."""
    if kind == "double":
        fits = np.isfinite(values)
        return pl.lit(pl.Series(values)).fill_nan(None), is_there & ~fits
    low, high = _WHOLE[kind]
    fits = (values == np.floor(values)) & (values >= low) & (values <= high)
    made = pl.lit(pl.Series(np.where(fits, values, np.nan))).fill_nan(None).cast(pl.Int64)
    return made, is_there & ~fits


def where(*masks: Truths) -> list[pl.Expr]:
    """Those of `masks` that are true anywhere."""
    return [pl.lit(pl.Series(mask)) for mask in masks if mask.any()]


def is_given(column: pl.Series) -> Truths:
    """Where `column` has a value."""
    found = np.ones(len(column), np.bool_)
    return found if not column.null_count() else column.is_not_null().to_numpy()


def number(rule: mapping.Number, leaves: Leaves) -> Fill:
    """See `rules.number`."""
    kind, column = leaves.context.field.type, leaves.context.column
    if leaves.kind(rule.from_) == pl.Int64 and kind in ("int", "long"):
        leaf = leaves.there(rule.from_, rule.missing)
        if kind == "long":
            return always({column: leaf}, [])
        fits = leaf.is_between(*_WHOLE["int"])
        return always({column: pl.when(fits).then(leaf)}, [~fits])
    value, unread = number_at(rule.from_, rule.missing, leaves, as_text=rule.as_text)

    def make(frame: pl.DataFrame, asked: Asked) -> Filled:
        found = asked["value"]
        made, misfit = fitted(found.to_numpy(), kind, is_given(found))
        return Filled({column: made}, [unread, *where(misfit)])

    return Fill(make, {"value": value})


def quantity(rule: mapping.Quantity, leaves: Leaves) -> Fill:
    """See `rules.quantity`; a scale of classes has no column form of its own."""
    if rule.list_ is not None:
        raise NoColumnForm
    value, unread = number_at(rule.from_, rule.missing, leaves, as_text=rule.as_text)
    by, kind, column = factor(rule.unit, leaves.context.unit()), leaves.context.field.type, leaves.context.column

    def make(frame: pl.DataFrame, asked: Asked) -> Filled:
        found = asked["value"]
        converted, inexact = scaled(found.to_numpy(), by)
        made, misfit = fitted(converted, kind, is_given(found))
        return Filled({column: made}, [unread, *where(inexact, misfit)])

    return Fill(make, {"value": value})


def rate(rule: mapping.Rate, leaves: Leaves) -> Fill:
    """See `rules.rate`."""
    count, unread = number_at(rule.from_, rule.missing, leaves, as_text=rule.as_text)
    period, untimed = number_at(rule.over, rule.missing, leaves, as_text=rule.as_text)
    by, column = factor(rule.unit, leaves.context.unit()), leaves.context.column

    def make(frame: pl.DataFrame, asked: Asked) -> Filled:
        counted, over = asked["count"], asked["period"]
        converted, inexact = scaled(counted.to_numpy(), by)
        with np.errstate(divide="ignore", invalid="ignore"):
            found = converted / over.to_numpy()
        made, misfit = fitted(found, "double", is_given(counted) & is_given(over))
        return Filled({column: made}, [unread, untimed, period <= 0, *where(inexact, misfit)])

    return Fill(make, {"count": count, "period": period})


def angle(rule: mapping.Angle, leaves: Leaves) -> Fill:
    """See `rules.angle`."""
    value, unread = number_at(rule.from_, rule.missing, leaves, as_text=rule.as_text)
    by, column = factor(rule.unit, "deg"), leaves.context.column
    travel: Any = TO_TRAVEL[rule.convention]

    def make(frame: pl.DataFrame, asked: Asked) -> Filled:
        degrees, inexact = scaled(asked["value"].to_numpy(), by)
        # numpy's remainder is Python's to the last bit.
        with np.errstate(invalid="ignore"):
            turned = np.mod(np.mod(travel(degrees), 360.0), 360.0)
        made = pl.lit(pl.Series(turned)).fill_nan(None)
        return Filled({column: made}, [unread, *where(inexact, np.abs(degrees) > 360)])

    return Fill(make, {"value": value})


def stake(rule: mapping.Stake, leaves: Leaves) -> Fill:
    """See `rules.stake`."""
    (km, unread), (m, unsaid) = (number_at(path, rule.missing, leaves, as_text=True) for path in rule.from_)
    by, column = factor("m", leaves.context.field.unit or "m"), leaves.context.column

    def make(frame: pl.DataFrame, asked: Asked) -> Filled:
        found = asked["metres"]
        converted, inexact = scaled(found.to_numpy(), by)
        made, misfit = fitted(converted, "double", is_given(found))
        return Filled({column: made}, [unread, unsaid, km.abs() * 1000 >= EXACT, *where(inexact, misfit)])

    return Fill(make, {"metres": km * 1000 + m})
