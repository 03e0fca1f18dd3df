"""The rules `point` and `line`, by columns."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl
import shapely

from hutong.model import mapping
from hutong.normalise.columns.filling import EXACT, Fill, Filled, Leaves, NoColumnForm, given, holdable
from hutong.normalise.columns.numbers import Asked, Doubles, Truths, is_given, number_at, scaled, where
from hutong.normalise.crs import to_wgs84

Places = npt.NDArray[np.int64]


def point(rule: mapping.Point, leaves: Leaves) -> Fill:
    """See `rules.point`."""
    systems = Systems(rule, leaves)
    (first, unread), (second, unsaid) = (
        _numbers(rule, leaves) if rule.base is None else _chosen(rule, rule.base, leaves)
    )
    is_there, scale = given(first, second), Fraction(str(rule.scale))

    def make(frame: pl.DataFrame, asked: Asked) -> Filled:
        is_said = is_given(asked["x"]) & is_given(asked["y"])
        (x, inexact), (y, vague) = (scaled(asked[name].to_numpy(), scale) for name in ("x", "y"))
        if not is_said.all():
            x, y = (np.where(is_said, values, np.nan) for values in (x, y))
        lon, lat = systems.to_wgs84(asked, x, y)
        on_earth = is_said & np.isfinite(lon) & np.isfinite(lat)
        places = (("lon", lon), ("lat", lat))
        made = {name: pl.lit(pl.Series(np.where(on_earth, values, np.nan))).fill_nan(None) for name, values in places}
        made["source_crs"] = pl.when(is_there).then(systems.names)
        return Filled(made, [unread, unsaid, *where(is_said & (inexact | vague), is_said & ~on_earth)])

    return Fill(make, {"x": first, "y": second, **systems.asks})


def line(rule: mapping.Line, leaves: Leaves) -> Fill:
    """See `rules.line`; only of arrays of numbers."""
    if rule.form != "array" or leaves.kind(rule.from_) != pl.List(pl.List(pl.Float64)):
        raise NoColumnForm
    systems = Systems(rule, leaves)

    def make(frame: pl.DataFrame, asked: Asked) -> Filled:
        found = frame[rule.from_]
        is_there = is_given(found)
        vertices = Vertices(found)
        lon, lat = systems.to_wgs84(asked, vertices.x, vertices.y, vertices.owner)
        on_earth = np.isfinite(lon) & np.isfinite(lat)
        is_good = is_there & (vertices.counts >= 2) & ~vertices.any_of(~on_earth)
        middle = (vertices.starts + vertices.counts // 2)[is_good]
        kept = is_good[vertices.owner]
        drawn = shapely.linestrings(
            lon[kept], lat[kept], indices=np.repeat(np.arange(len(middle)), vertices.counts[is_good])
        )
        columns = {"lon": lon[middle], "lat": lat[middle], "geometry": shapely.to_wkb(drawn).tolist()}
        places = np.flatnonzero(is_good)
        made = {name: _scattered(values, places, len(found)) for name, values in columns.items()}
        made["source_crs"] = pl.when(pl.lit(pl.Series(is_good))).then(systems.names)
        return Filled(made, where(is_there & ~is_good))

    return Fill(make, systems.asks)


class Systems:
    """The systems of places: the one that the mapping states, or those that records name.

    names: of the system of each record, null where it is none that the mapping knows. asks: see `Fill`.
    """

    def __init__(self, rule: mapping.Point | mapping.Line, leaves: Leaves) -> None:
        """Raises NoColumnForm."""
        self._word = None if isinstance(rule.crs, str) else rule.crs.from_
        if self._word is not None and leaves.kind(self._word) != pl.String:
            raise NoColumnForm
        table = {"": rule.crs} if isinstance(rule.crs, str) else rule.crs.table
        self._known = {word: to_wgs84(name, rule.axes) for word, name in table.items()}
        self.asks: dict[str, pl.Expr] = {}
        self.names: pl.Expr = pl.lit(table.get(""))
        if self._word is not None:
            word = pl.col(self._word)
            self.asks["crs"] = word
            self.names = word.replace_strict(list(table), list(table.values()), default=None, return_dtype=pl.String)

    def to_wgs84(self, asked: Asked, x: Doubles, y: Doubles, owner: Places | None = None) -> tuple[Doubles, Doubles]:
        """Longitude and latitude; NaN where the system is not known. owner: the record of each place, if it is not its
        own.
        """
        if self._word is None:
            return self._known[""](x, y)
        lon, lat = np.full(len(x), np.nan), np.full(len(x), np.nan)
        words = asked["crs"]
        for word in words.unique().drop_nulls():
            if word in self._known:
                chosen = (words == word).fill_null(False).to_numpy()
                of = chosen if owner is None else chosen[owner]
                lon[of], lat[of] = self._known[word](x[of], y[of])
        return lon, lat


class Vertices:
    """The vertices of a column of lines, one behind the other. counts, starts: of each line. owner: the line of each.

    x, y: the first two numbers of each vertex; NaN where it does not have two or three.
    """

    def __init__(self, lines: pl.Series) -> None:
        outer = lines.to_arrow()
        inner = outer.values
        bounds, parts = outer.offsets.to_numpy(), inner.offsets.to_numpy()
        self.starts, self.counts = bounds[:-1] - bounds[0], np.diff(bounds)
        self.owner = np.repeat(np.arange(len(lines)), self.counts)
        used = slice(int(bounds[0]), int(bounds[-1]))
        first, size = parts[:-1][used], np.diff(parts)[used]
        values = np.append(inner.values.to_numpy(zero_copy_only=False), np.nan)
        fits = (size == 2) | (size == 3)
        # The last of the values is none, for whoever has none of their own.
        self.x = values[np.where(fits, first, -1)]
        self.y = values[np.where(fits, first + 1, -1)]

    def any_of(self, vertices: Truths) -> Truths:
        """The lines that have any of `vertices`."""
        return np.bincount(self.owner[vertices], minlength=len(self.counts)) > 0


def _scattered(values: Any, places: Places, length: int) -> pl.Expr:
    """`values` at `places` of a column, null everywhere else."""
    at = np.full(length, -1)
    at[places] = np.arange(len(places))
    return pl.lit(pl.Series(values).gather(pl.Series(at).replace(-1, None)))


Number = tuple[pl.Expr, pl.Expr]


def _chosen(rule: mapping.Point, base: mapping.Pair, leaves: Leaves) -> tuple[Number, Number]:
    """Both coordinates of a place that is given absolutely or by one of several offsets, each with where it is not
    sure; so it is where two of them are given.
    """
    pairs = [(rule.from_[0], rule.from_[1]), *rule.offsets]
    given_by = [pl.any_horizontal(*(pl.col(path).is_not_null() for path in pair)) for pair in pairs]
    is_several = pl.sum_horizontal(*(is_given.cast(pl.Int64) for is_given in given_by)) > 1
    of_pairs = [[number_at(path, rule.missing, leaves, as_text=rule.as_text) for path in pair] for pair in pairs]
    of_base = [number_at(path, rule.missing, leaves, as_text=rule.as_text) for path in base]
    # Half a place is none.
    whole = [given(first, second) for (first, _), (second, _) in of_pairs]

    def part(at: int) -> Number:
        reference, unsure_base = of_base[at]
        forms = [of[at][0] if form == 0 else of[at][0] + reference for form, of in enumerate(of_pairs)]
        chosen = pl.coalesce(pl.when(is_whole).then(form) for is_whole, form in zip(whole, forms, strict=True))
        unsure = pl.any_horizontal(*(of[at][1] for of in of_pairs), unsure_base, is_several)
        return chosen, unsure.fill_null(False) | (chosen.abs() >= EXACT)

    return part(0), part(1)


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
