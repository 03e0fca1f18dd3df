"""One field of the published rows beside what it should say, in a form in which both can be compared."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import polars as pl

Kind = Literal["number", "time", "code", "text"]
NOTHING_SAID = ("unmapped", "unknown")
ROOM = 1e-6
"""What binary fractions may add to a number: parts of it, and of its unit. Of a time: seconds times ten."""


@dataclass(frozen=True, slots=True)
class Field:
    """A column as it is beside the same as it should be: two columns of numbers, or two of texts or truth values."""

    name: str
    kind: Kind
    got: pl.Series
    want: pl.Series
    step: float
    """The wire's step, in the unit of both."""

    @property
    def is_measured(self) -> bool:
        """Whether there is such a thing as almost right."""
        return self.kind in ("number", "time")

    def off(self) -> pl.Series:
        """The absolute differences; null where either side is. Angles the short way round."""
        off = (self.got - self.want).abs()
        return ((off + 180.0) % 360.0 - 180.0).abs() if self.name.endswith("_deg") else off

    def beyond_wire(self) -> pl.Series:
        """What of the differences the wire's rounding does not explain; 0 where it explains all."""
        off = self.off()
        parts = pl.Series([10.0]).new_from_index(0, len(off)) if self.kind == "time" else self.want.abs()
        is_beyond = off > self.step / 2 + ROOM * parts.clip(lower_bound=1.0)
        return (off - self.step / 2).clip(lower_bound=0.0) * is_beyond

    def is_harmful(self) -> pl.Series:
        """Rows that say something, and something wrong."""
        said = self.got.is_not_null()
        if self.is_measured:
            return said & (self.want.is_null() | (self.beyond_wire() > 0).fill_null(False))
        return said & ~self.got.eq_missing(self.want) & ~self.got.cast(pl.String).is_in(NOTHING_SAID)


def field(rows: pl.DataFrame, name: str, step: float, start: datetime) -> Field:
    """The field `name` of `rows`, which hold `v.<name>` beside it. A column that the table lacks counts as null.

    start: the moment of the recording's first second; times become seconds from it.
    """
    looked = f"looked.{name}"
    rows = rows.filter(pl.col(looked)) if looked in rows.columns else rows
    want = rows[f"v.{name}"]
    if name not in rows.columns:
        got = pl.Series([None], dtype=want.dtype).new_from_index(0, len(want))
        return Field(name, "number" if want.dtype == pl.Float64 else "text", got, want, step)
    got = rows[name]
    if got.dtype == pl.Datetime and want.dtype == pl.Float64:
        return Field(name, "time", got.dt.epoch("us") / 1e6 - start.timestamp(), want, step)
    if want.dtype == pl.Float64 and got.dtype.is_numeric():
        return Field(name, "number", got.cast(pl.Float64), want, step)
    kind: Kind = "code" if f"{name}_raw" in rows.columns else "text"
    if got.dtype != want.dtype:
        got, want = _as_text(got), _as_text(want)
    return Field(name, kind, got, want, step)


def _as_text(column: pl.Series) -> pl.Series:
    if isinstance(column.dtype, pl.List):
        texts = [None if one is None else json.dumps(one.to_list()) for one in column]
        return pl.Series(column.name, texts, dtype=pl.String)
    return column.cast(pl.String)
