"""A jump that no vehicle makes: a place between two others of the same thing that fit together without it.

The rows of a thing in one batch, ordered by time, are its track. A row jumps when neither the row before it nor the
row after it lies within reach, but those two lie within reach of each other: as far as the greatest speed carries in
the time between them, and the slack on top. So nobody is refused without two witnesses. Where an identity is given to
another thing, which numbers of road users are, the track breaks without a word, because both parts hold together by
themselves; of the first and the last row nothing can be told. Two wrong places next to each other vouch for each
other. What came in another batch is not looked at, so that a batch says the same whenever it is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from math import asin, cos, inf, isfinite, radians, sin, sqrt
from typing import Any

from hutong.model.dataset import RowRule
from hutong.model.finding import Finding

JUMP = "jump"
EARTH_M = 6_371_008.8
"""Mean radius of the Earth, in metres. Source: IUGG."""

Row = Mapping[str, Any]
Spot = tuple[datetime, int, int, float, float]
"""Time, record, index among the rows, lon, lat: in this order along the track."""


def compile_jump(rule: RowRule, hidden: frozenset[str]) -> Callable[[Sequence[Row]], dict[int, Finding]]:
    """A function from the rows of a batch to the finding of each that jumps, by its index.

    rule: fields are lon, lat (degrees), the time, and the columns that tell things apart; args the greatest speed in
    m/s and the slack in m. Rows that lack one of these columns, or whose place is none on Earth, are in no track.
    """
    (lon, lat, at, *thing), (speed, slack) = rule.fields, rule.args

    def is_within(leg: tuple[float, float]) -> bool:
        reach: float = leg[1] * speed + slack
        return leg[0] <= reach

    def check(rows: Sequence[Row]) -> dict[int, Finding]:
        tracks: defaultdict[tuple[Any, ...], list[Spot]] = defaultdict(list)
        for index, row in enumerate(rows):
            if all(row[name] is not None for name in rule.fields) and is_on_earth(row[lon], row[lat]):
                spot = (row[at], row["record"], index, row[lon], row[lat])
                tracks[tuple(row[name] for name in thing)].append(spot)
        found: dict[int, Finding] = {}
        for track in tracks.values():
            track.sort(key=lambda spot: spot[:3])
            for before, spot, after in zip(track, track[1:], track[2:], strict=False):
                legs = _leg(before, spot), _leg(spot, after)
                if any(map(is_within, legs)) or not is_within(_leg(before, after)):
                    continue
                nearest = min(legs, key=lambda leg: leg[1])
                found[spot[2]] = _finding(rule, rows[spot[2]], hidden, *nearest)
        return found

    return check


def is_on_earth(lon: float, lat: float) -> bool:
    """Whether these are degrees of a place.

    >>> is_on_earth(106.5, 29.5), is_on_earth(29.5, 106.5), is_on_earth(float("nan"), 29.5)
    (True, False, False)
    """
    return -180 <= lon <= 180 and -90 <= lat <= 90


def metres_between(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Along a great circle of a sphere; degrees in. Within 0.6 % of the ellipsoid, far below any slack.

    >>> round(metres_between(106.5, 29.5, 106.5, 29.51))
    1112
    """
    north, south = radians(lat), radians(other_lat)
    half = sin((south - north) / 2) ** 2 + cos(north) * cos(south) * sin(radians(other_lon - lon) / 2) ** 2
    return 2 * EARTH_M * asin(min(1.0, sqrt(half)))


def _leg(one: Spot, other: Spot) -> tuple[float, float]:
    """Metres and seconds from one spot to the next."""
    return metres_between(*one[3:], *other[3:]), (other[0] - one[0]).total_seconds()


def _finding(rule: RowRule, row: Row, hidden: frozenset[str], metres: float, seconds: float) -> Finding:
    lon, lat = rule.fields[:2]
    is_hidden = not hidden.isdisjoint(rule.fields[:3])
    value = "(personal)" if is_hidden else f"{row[lon]:.6f}, {row[lat]:.6f}"
    pace = metres / seconds if seconds else inf
    said = {
        "metres": "(personal)" if is_hidden else f"{metres:.0f}",
        "seconds": f"{seconds:g}",
        "speed": "(personal)" if is_hidden else f"{pace:.0f}" if isfinite(pace) else "∞",
        "maximum": f"{rule.args[0]:g}",
    }
    return Finding("row_rule", rule.id, rule.kind, f"{lon}, {lat}", value, said)
