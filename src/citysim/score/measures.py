"""How far published values are from what they should be."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import polars as pl
import shapely

from citysim.score.expected import Line
from citysim.score.fields import Field
from citysim.views.city import City

Floats = npt.NDArray[np.float64]
OWN_ERROR_M = 0.05
"""What a gateway may add to a position beside the rounding of the wire."""
SAME_PLACE_M = 100.0
"""Where no noise was told there is only the coarse question of whether it is the same place."""
EXAMPLES = 3


@dataclass(frozen=True, slots=True)
class Number:
    """A field of numbers: a quantity in its own unit, a time in seconds, an angle in degrees the short way round."""

    count: int
    """Values that both sides have."""
    mean_error: float
    """Mean absolute error."""
    p95_error: float
    largest_error: float
    beyond_wire: float
    """The largest error that the wire's rounding does not explain; 0 when all is well."""
    null_instead: int
    """Values that are null but should not be."""
    value_instead: int
    """Values that should be null."""


@dataclass(frozen=True, slots=True)
class Same:
    """A field of codes, texts or truth values."""

    count: int
    right: int
    examples: tuple[str, ...]
    """Some of the wrong ones: "expected -> met"."""

    @property
    def accuracy(self) -> float:
        """Share of the values that are as they should be; 1 when there are none."""
        return self.right / self.count if self.count else 1.0


@dataclass(frozen=True, slots=True)
class Place:
    """Positions, in metres."""

    count: int
    p50_error_m: float
    """From the truth, noise and all."""
    p95_error_m: float
    own_p50_error_m: float
    """From the truth moved by the noise that the platform drew: what the gateway and the wire's rounding added."""
    own_p95_error_m: float
    own_largest_error_m: float
    allowed_m: float
    """What `own_largest_error_m` may be: of a row somewhere else nothing is told by those in their places."""
    missing: int
    """Rows without a position."""


def number(field: Field) -> Number:
    """How far a field of numbers or times is off."""
    off = field.off().drop_nulls().to_numpy()
    return Number(
        count=len(off),
        mean_error=float(off.mean()) if len(off) else 0.0,
        p95_error=_quantile(off, 0.95),
        largest_error=float(off.max(initial=0.0)),
        beyond_wire=float(field.beyond_wire().drop_nulls().to_numpy().max(initial=0.0)),
        null_instead=int((field.got.is_null() & field.want.is_not_null()).sum()),
        value_instead=int((field.got.is_not_null() & field.want.is_null()).sum()),
    )


def same(field: Field) -> Same:
    """How often a field of codes, texts or truth values is right; null is like null."""
    is_right = field.got.eq_missing(field.want)
    both = pl.DataFrame({"want": field.want, "got": field.got})
    wrong = both.filter(~is_right).unique(maintain_order=True).head(EXAMPLES)
    examples = tuple(f"{want} -> {got}" for want, got in wrong.iter_rows())
    return Same(len(is_right), int(is_right.sum()), examples)


def place(rows: pl.DataFrame, lines: Mapping[int, Line], city: City, step_m: float) -> Place | None:
    """Compare positions; None where neither side has one.

    rows: the published columns lon, lat, perhaps geometry (WKB), and want_lon, want_lat, east_m, north_m, number.
    Of a line or an area its first vertex is held against the truth, and every vertex where `lines` has them.
    """
    if "lon" not in rows.columns:
        return None
    got, want, noise = _positions(rows), _degrees(rows, "want_lon", "want_lat"), _degrees(rows, "east_m", "north_m")
    is_got, is_wanted = (~np.isnan(one).any(axis=1) for one in (got, want))
    is_there = is_got & is_wanted
    if not is_got.any() and not is_wanted.any():
        return None
    off = _metres(city, got[is_there]) - _metres(city, want[is_there])
    own = np.hypot(*(off - noise[is_there]).T)
    raw = np.hypot(*off.T)
    own = np.where(np.isnan(own) & (raw > SAME_PLACE_M), raw, own)
    own = np.concatenate([own[~np.isnan(own)], _vertices_off(rows, lines, city)])
    return Place(
        count=int(is_there.sum()),
        p50_error_m=_quantile(raw, 0.5),
        p95_error_m=_quantile(raw, 0.95),
        own_p50_error_m=_quantile(own, 0.5),
        own_p95_error_m=_quantile(own, 0.95),
        own_largest_error_m=float(own.max(initial=0.0)),
        allowed_m=allowed_m(step_m),
        missing=int((~is_got & is_wanted).sum()),
    )


def is_misplaced(rows: pl.DataFrame, city: City, step_m: float) -> pl.Series:
    """Rows that are somewhere, and not where the platform showed them. rows: as for `place`."""
    if "lon" not in rows.columns:
        return pl.Series([False]).new_from_index(0, rows.height)
    got, want, noise = _positions(rows), _degrees(rows, "want_lon", "want_lat"), _degrees(rows, "east_m", "north_m")
    off = _metres(city, got) - _metres(city, want) - np.nan_to_num(noise)
    room = np.where(np.isnan(noise[:, 0]), SAME_PLACE_M, allowed_m(step_m))
    return pl.Series(np.hypot(*off.T) > room)


def allowed_m(step_m: float) -> float:
    """How far a gateway may put a position from where a wire with this step showed it."""
    return float(np.hypot(step_m / 2, step_m / 2)) + OWN_ERROR_M


def _degrees(rows: pl.DataFrame, east: str, north: str) -> Floats:
    found: Floats = rows.select(east, north).to_numpy().astype(float)
    return found


def _positions(rows: pl.DataFrame) -> Floats:
    """(n, 2): the point of each row, or the first vertex of its geometry; NaN where there is none."""
    points = _degrees(rows, "lon", "lat")
    if "geometry" in rows.columns:
        shapes = shapely.from_wkb(rows["geometry"].to_list())
        corners, owner = shapely.get_coordinates(shapes, return_index=True)
        owners, first = np.unique(owner, return_index=True)
        points[owners] = corners[first]
    return points


def _vertices_off(rows: pl.DataFrame, lines: Mapping[int, Line], city: City) -> Floats:
    """Metres between each vertex and where it should be; a line with other vertices than it should have is lost."""
    off: list[Floats] = [np.zeros(0)]
    if not lines or "geometry" not in rows.columns:
        return off[0]
    for number_, wkb in rows.select("number", "geometry").iter_rows():
        if number_ in lines and wkb is not None:
            got, want = shapely.get_coordinates(shapely.from_wkb(wkb)), np.array(lines[number_], dtype=float)
            if len(got) == len(want) + 1 and (got[0] == got[-1]).all():
                got = got[:-1]
            if len(got) != len(want):
                off.append(np.array([np.inf]))
            else:
                off.append(np.hypot(*(_metres(city, got) - _metres(city, want)).T))
    return np.concatenate(off)


def _metres(city: City, degrees: Floats) -> Floats:
    return np.column_stack(city.plane().to_metres(degrees[:, 0], degrees[:, 1]))


def _quantile(values: Floats, share: float) -> float:
    return float(np.quantile(values, share, method="higher")) if len(values) else 0.0
