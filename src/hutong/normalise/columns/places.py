"""The rule `point`, by columns."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import polars as pl

from hutong.model import mapping
from hutong.normalise.columns.filling import EXACT, Fill, Filled, Leaves, NoColumnForm, given, holdable
from hutong.normalise.columns.numbers import number_at, scaled
from hutong.normalise.crs import to_wgs84


def point(rule: mapping.Point, leaves: Leaves) -> Fill:
    """See `rules.point`. A system that each record names for itself, and offsets from another point, have no
    column form of their own.
    """
    if not isinstance(rule.crs, str) or rule.base is not None:
        raise NoColumnForm
    crs, convert = rule.crs, to_wgs84(rule.crs, rule.axes)
    (first, unread), (second, unsaid) = _numbers(rule, leaves)
    is_there, scale = given(first, second), Fraction(str(rule.scale))

    def fill(frame: pl.DataFrame) -> Filled:
        (x, inexact), (y, vague) = scaled(first, scale, frame), scaled(second, scale, frame)
        found = frame.select(x=pl.when(is_there).then(x), y=pl.when(is_there).then(y))
        said = (found["x"].is_not_null() & found["y"].is_not_null()).to_numpy()
        # Without copies a column is read-only, which projections do not take.
        lon, lat = convert(found["x"].to_numpy(writable=True), found["y"].to_numpy(writable=True))
        on_earth = np.isfinite(lon) & np.isfinite(lat)
        places = (("lon", lon), ("lat", lat))
        columns = {name: pl.Series(np.where(said & on_earth, values, np.nan)).fill_nan(None) for name, values in places}
        unsure = pl.Series(said & ~on_earth)
        return Filled(
            {
                "lon": pl.lit(columns["lon"]),
                "lat": pl.lit(columns["lat"]),
                "source_crs": pl.when(is_there).then(pl.lit(crs)),
            },
            [unread, unsaid, is_there & inexact, is_there & vague, pl.lit(unsure)],
        )

    return fill


Number = tuple[pl.Expr, pl.Expr]


def _numbers(rule: mapping.Point, leaves: Leaves) -> tuple[Number, Number]:
    """Both coordinates, each with where it is not sure."""
    if len(rule.from_) == 2:
        first, second = (number_at(path, rule.missing, leaves, as_text=rule.as_text) for path in rule.from_)
        return first, second
    (path,) = rule.from_
    kind = leaves.kind(path)
    if rule.split is not None or not isinstance(kind, pl.List) or kind.inner not in (pl.Int64, pl.Float64):
        raise NoColumnForm
    parts, absent = pl.col(path), holdable(rule.missing, pl.Float64())
    unsure = parts.is_not_null() & (parts.list.len() <= max(rule.take))

    def part(at: int) -> Number:
        value = parts.list.get(at, null_on_oob=True).cast(pl.Float64)
        found = value if absent.is_empty() else pl.when(~value.is_in(absent.implode())).then(value)
        return found, unsure | (value.abs() >= EXACT)

    return part(rule.take[0]), part(rule.take[1])
