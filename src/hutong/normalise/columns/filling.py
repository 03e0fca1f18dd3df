"""What the column form of a rule works with: leaves of many records as columns, and the words "fine" and "not sure".

A column form never explains: of a record that it is not sure of, the reference path decides alone. So it may give up
on whatever is rare, and must never give another value than the rule's scalar form.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

import polars as pl

from hutong.model.mapping import Scalar
from hutong.normalise.rules import Context

RECEIVED_AT = "#received_at"
"""The column of the time of receipt; no path of a record begins so."""

EXACT = 2**53
"""Whole numbers below are doubles without rounding."""

SPACES = "".join(filter(str.isspace, map(chr, range(sys.maxunicode + 1))))
"""What Python strips; polars on its own strips a little less."""


class Filled(NamedTuple):
    """values: column of the dataset -> its values. unsure: whether a record is to be read alone; null is no."""

    values: Mapping[str, pl.Expr]
    unsure: Sequence[pl.Expr]


class Fill(NamedTuple):
    """From leaves (a column for each path, and RECEIVED_AT) to the columns that a rule fills.

    asks: what `make` wants worked out of the leaves beforehand. Of all rules at once: a call of polars costs more than
    the little that one rule asks of it. make: from the leaves, and what was worked out of them, to what is filled.
    """

    make: Callable[[pl.DataFrame, Mapping[str, pl.Series]], Filled]
    asks: Mapping[str, pl.Expr] = MappingProxyType({})


def always(values: Mapping[str, pl.Expr], unsure: Sequence[pl.Expr]) -> Fill:
    """A fill that is all expressions."""
    filled = Filled(values, unsure)
    return Fill(lambda leaves, asked: filled)


class NoColumnForm(Exception):
    """The rule has no column form for leaves of these types."""


@dataclass(frozen=True, slots=True)
class Leaves:
    """The types of the paths that a mapping reads, as the source's schema declares them. context: of the rule."""

    kinds: Mapping[str, pl.DataType]
    context: Context

    def kind(self, path: str) -> pl.DataType:
        """The type of what stands at `path`. Raises NoColumnForm when it has none, or several."""
        if path not in self.kinds:
            raise NoColumnForm
        return self.kinds[path]

    def there(self, path: str, missing: Sequence[Scalar]) -> pl.Expr:
        """What stands at `path`, null for a value in `missing`. Raises NoColumnForm."""
        leaf, absent = pl.col(path), holdable(missing, self.kind(path))
        return leaf if absent.is_empty() else pl.when(~leaf.is_in(absent.implode())).then(leaf)


def holdable(values: Sequence[Scalar], kind: pl.DataType) -> pl.Series:
    """Those of `values` that a leaf of `kind` can hold exactly: -1 is -1.0, but neither "-1" nor true. Null is none."""
    found: list[Scalar] = []
    for value in values:
        if isinstance(value, bool | str):
            found += [value] if kind == (pl.Boolean if isinstance(value, bool) else pl.String) else []
        elif value is not None and math.isfinite(value):
            if kind == pl.Int64 and value == int(value) and -(2**63) <= value < 2**63:
                found.append(int(value))
            # A double nearby is another number.
            elif kind == pl.Float64 and int(value) == int(float(value)):
                found.append(float(value))
    return pl.Series(found, dtype=kind)


def is_number(kind: pl.DataType) -> bool:
    """Whether leaves of `kind` are numbers."""
    return kind in (pl.Int64, pl.Float64)


def given(*leaves: pl.Expr) -> pl.Expr:
    """Whether none of `leaves` is null."""
    return pl.all_horizontal(*(leaf.is_not_null() for leaf in leaves))
