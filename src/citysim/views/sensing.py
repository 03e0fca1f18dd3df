"""Who a roadside unit sees: everyone within its reach whom no building hides."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from citysim.draws import key_of
from citysim.views.city import City, once_per_city, rows_of

REACH_M = 150.0
LARGEST_LAG_MS = 300
"""A participant is sampled up to this long before the envelope that carries it."""

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Motion:
    """The tracks as arrays sorted by participant and second, so that a row's neighbours in time lie beside it."""

    t_s: Ints
    participant: Ints
    x_m: Floats
    y_m: Floats
    east_mps: Floats
    north_mps: Floats
    speed_mps: Floats
    heading_deg: Floats
    has_next: Bools
    """True where the next row is the same participant one second later."""

    def at(self, rows: Ints, offset_s: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """x, y (metres), speed (m/s) and heading (degrees) `offset_s` seconds (-1 to 1) after each row.

        Between two samples a cubic Hermite curve through both positions and velocities; this curve is the truth.
        Outside a track's life, straight on with the velocity of its end.
        """
        is_before = offset_s < 0
        first = np.where(is_before, rows - 1, rows)
        is_inside = (first >= 0) & self.has_next[first]
        start = np.where(is_inside, first, rows)
        end = np.where(is_inside, np.minimum(first + 1, len(self.t_s) - 1), rows)
        u = np.where(is_inside, np.where(is_before, 1.0 + offset_s, offset_s), offset_s)
        h00, h10 = (1 + 2 * u) * (1 - u) ** 2, u * (1 - u) ** 2
        h01, h11 = u**2 * (3 - 2 * u), u**2 * (u - 1)
        positions = []
        for place, velocity in ((self.x_m, self.east_mps), (self.y_m, self.north_mps)):
            curve = h00 * place[start] + h10 * velocity[start] + h01 * place[end] + h11 * velocity[end]
            positions.append(np.where(is_inside, curve, place[rows] + velocity[rows] * offset_s))
        share = np.where(is_inside, u, 0.0)
        speed = self.speed_mps[start] * (1 - share) + self.speed_mps[end] * share
        turn = (self.heading_deg[end] - self.heading_deg[start] + 180.0) % 360.0 - 180.0
        return positions[0], positions[1], speed, (self.heading_deg[start] + turn * share) % 360.0


@dataclass(frozen=True, slots=True)
class Post:
    """One RSU with sensing."""

    rsu: str
    key: int
    """The RSU's key in draws."""
    x_m: float
    y_m: float
    lon: float
    lat: float
    elevation_m: float
    """Of the antenna, 1985 datum."""
    walls: Floats
    """(n, 4) x, y of both ends of the building walls within reach."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Every stay of a participant within an RSU's reach, second by second, sorted by second, RSU and participant."""

    t_s: Ints
    post: Ints
    """Index into `posts`."""
    row: Ints
    """Row in Motion."""
    temporary_id: Ints
    """1 to 65535: fresh each time a participant enters this RSU's reach."""


@once_per_city
def motion(city: City) -> Motion:
    """The recording's tracks, ready to be asked between seconds."""
    tracks = city.truth.tracks

    def column(name: str, dtype: type) -> npt.NDArray[Any]:
        return np.asarray(tracks.column(name).to_numpy()).astype(dtype)

    t_s, participant = column("t_s", np.int64), column("participant", np.int64)
    order = np.lexsort((t_s, participant))
    t_s, participant = t_s[order], participant[order]
    speed, heading = column("speed_mps", np.float64)[order], column("heading_deg", np.float64)[order]
    has_next = np.zeros(len(t_s), dtype=bool)
    has_next[:-1] = (participant[1:] == participant[:-1]) & (t_s[1:] == t_s[:-1] + 1)
    radians = np.radians(heading)
    return Motion(
        t_s=t_s,
        participant=participant,
        x_m=column("x_m", np.float64)[order],
        y_m=column("y_m", np.float64)[order],
        east_mps=speed * np.sin(radians),
        north_mps=speed * np.cos(radians),
        speed_mps=speed,
        heading_deg=heading,
        has_next=has_next,
    )


@once_per_city
def posts(city: City) -> tuple[Post, ...]:
    """The RSUs with sensing, in the truth's order."""
    table = city.truth.rsus
    lons, lats = (np.asarray(table.column(name).to_numpy(), dtype=np.float64) for name in ("lon", "lat"))
    xs, ys = city.plane().to_metres(lons, lats)
    walls = _walls(city)
    found = []
    columns = rows_of(table, "rsu", "lon", "lat", "elevation_m", "has_sensing")
    for place, (rsu, lon, lat, elevation, has_sensing) in enumerate(columns):
        if has_sensing or city.is_all_sensing:
            x, y = float(xs[place]), float(ys[place])
            near = walls[_wall_distance(walls, x, y) <= REACH_M]
            found.append(Post(rsu, key_of(rsu), x, y, lon, lat, elevation, near))
    return tuple(found)


@once_per_city
def coverage(city: City) -> Coverage:
    """Everyone within reach of every sensing RSU at whole seconds, hidden or not."""
    moving = motion(city)
    pieces: list[tuple[Ints, Ints, Ints, Ints]] = []
    for index, post in enumerate(posts(city)):
        near = np.flatnonzero((np.abs(moving.x_m - post.x_m) <= REACH_M) & (np.abs(moving.y_m - post.y_m) <= REACH_M))
        east, north = moving.x_m[near] - post.x_m, moving.y_m[near] - post.y_m
        rows = near[east * east + north * north <= REACH_M**2]
        if not len(rows):
            continue
        is_entry = np.ones(len(rows), dtype=bool)
        is_entry[1:] = (rows[1:] != rows[:-1] + 1) | ~moving.has_next[rows[:-1]]
        entry_of_row = np.cumsum(is_entry) - 1
        # Numbers are given in the order of arrival, from a start of its own for each RSU.
        arrival = np.argsort(np.lexsort((moving.participant[rows][is_entry], moving.t_s[rows][is_entry])))
        start = int(city.draws("cloud_control", "rsm").bits("first temporary id", post.key)[0] % np.uint64(65535))
        temporary = (start + arrival[entry_of_row]) % 65535 + 1
        pieces.append((moving.t_s[rows], np.full(len(rows), index), rows, temporary))
    t_s, post_index, row, temporary_id = (
        (np.concatenate(column) for column in zip(*pieces, strict=True)) if pieces else (np.zeros(0, np.int64),) * 4
    )
    order = np.lexsort((row, post_index, t_s))
    return Coverage(t_s[order], post_index[order], row[order], temporary_id[order])


def is_in_sight(post: Post, x_m: Floats, y_m: Floats) -> Bools:
    """True for each point that no wall separates from the RSU, in plan."""
    hidden = np.zeros(len(x_m), dtype=bool)
    px, py = x_m - post.x_m, y_m - post.y_m
    for ax, ay, bx, by in post.walls - np.array([post.x_m, post.y_m, post.x_m, post.y_m]):
        # Point and RSU on different sides of the wall, and the wall's ends on different sides of the line of sight.
        wall_x, wall_y = bx - ax, by - ay
        side_of_rsu = ax * wall_y - ay * wall_x
        side_of_point = side_of_rsu - (px * wall_y - py * wall_x)
        crosses_line = (px * ay - py * ax) * (px * by - py * bx) < 0
        hidden |= crosses_line & (side_of_point * side_of_rsu < 0)
    return ~hidden


@once_per_city
def _walls(city: City) -> Floats:
    """(n, 4): x, y of both ends of every wall of every building."""
    pieces = []
    for xs, ys in rows_of(city.truth.buildings, "x_m", "y_m"):
        x, y = np.asarray(xs, dtype=np.float64), np.asarray(ys, dtype=np.float64)
        pieces.append(np.column_stack([x, y, np.roll(x, -1), np.roll(y, -1)]))
    walls = np.concatenate(pieces) if pieces else np.zeros((0, 4))
    # Rings are closed, so the last point joins the first by a wall of no length.
    kept: Floats = walls[(walls[:, 0] != walls[:, 2]) | (walls[:, 1] != walls[:, 3])]
    return kept


def _wall_distance(walls: Floats, x_m: float, y_m: float) -> Floats:
    """Metres from the point to each wall."""
    start, along = walls[:, :2], walls[:, 2:] - walls[:, :2]
    to_point = np.array([x_m, y_m]) - start
    share = np.clip((to_point * along).sum(axis=1) / (along * along).sum(axis=1), 0.0, 1.0)
    nearest: Floats = np.hypot(*(to_point - along * share[:, None]).T)
    return nearest
