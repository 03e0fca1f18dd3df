"""The plan of an invented hill city: streets on a bent grid, a river, names, districts, heights.

Streets are the whole-number lines of a smooth map from grid (u, v) to local metres, so they bend without ever crossing
where they should not. Columns run south to north, rows west to east.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass

ROAD_CLASSES = ("urban_expressway", "arterial", "sub_arterial", "branch")
LANES = {"urban_expressway": 3, "arterial": 3, "sub_arterial": 2, "branch": 1}
SPEED_MPS = {"urban_expressway": 19.44, "arterial": 16.67, "sub_arterial": 13.89, "branch": 8.33}
PRIORITY = {"urban_expressway": 4, "arterial": 3, "sub_arterial": 2, "branch": 1}
LANE_WIDTH_M, SIDEWALK_M = 3.2, 3.0

SPACING_M = 232.0
RIVER_WIDTH_M = 90.0
"""Added to the spacing of the two rows with the river between them."""

COLUMN_NAMES = (
    "松石路", "红锦大道", "新南路", "龙山大道", "金童路", "北城天街", "建新路", "洋河路",
    "黄杨路", "兴竹路", "云杉路", "紫荆路", "青枫路", "柏林路", "银桦路", "海棠路",
)  # fmt: skip
ROW_NAMES = (
    "解放大道", "人和大道", "学田街", "民安大道", "望江路", "滨江快速路", "余松路", "长河街",
    "星光大道", "泰山大道", "金开大道", "翠渝路", "石桥街", "映山街", "中和路", "文苑街",
)  # fmt: skip
"""Invented combinations of ordinary street names; the city is no map of a real one."""

Point = tuple[float, float]
Site = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Link:
    """A street between two neighbouring junctions, both directions."""

    start: Site
    end: Site
    name_zh: str
    road_class: str


@dataclass(frozen=True, slots=True)
class Bend:
    """The smooth map from grid lines to local metres."""

    columns: int
    rows: int
    river_row: int
    """The river flows between this row and the next."""
    waves: tuple[tuple[float, float, float, float], ...]
    """Per axis two waves: amplitude (m), turns per cell in u and in v, phase."""

    def point(self, u: float, v: float) -> Point:
        """Local metres of grid position (u, v)."""
        shift = [0.0, 0.0]
        for number, (amplitude, in_u, in_v, phase) in enumerate(self.waves):
            shift[number % 2] += amplitude * math.sin(2 * math.pi * (in_u * u + in_v * v) + phase)
        across = min(max(v - self.river_row, 0.0), 1.0)
        x = (u - (self.columns - 1) / 2) * SPACING_M + shift[0]
        y = (v - (self.rows - 1) / 2) * SPACING_M + (across - 0.5) * RIVER_WIDTH_M + shift[1]
        return x, y

    def line(self, start: Site, end: Site, pieces: int = 4) -> list[Point]:
        """The street line from one site to another, `pieces` + 1 points."""
        steps = [step / pieces for step in range(pieces + 1)]
        return [self.point(start[0] + (end[0] - start[0]) * s, start[1] + (end[1] - start[1]) * s) for s in steps]


@dataclass(frozen=True, slots=True)
class City:
    """A plan: what there is before any simulator has seen it."""

    seed: int
    bend: Bend
    sites: tuple[Site, ...]
    links: tuple[Link, ...]
    column_names: tuple[str, ...]
    row_names: tuple[str, ...]
    column_classes: tuple[str, ...]
    row_classes: tuple[str, ...]
    signalised: frozenset[Site]

    def junction_name(self, site: Site) -> str:
        """Such as 解放大道与松石路路口."""
        return f"{self.row_names[site[1]]}与{self.column_names[site[0]]}路口"

    def point(self, site: Site) -> Point:
        """Local metres of a junction's middle."""
        return self.bend.point(*site)

    def elevation(self, point: Point) -> float:
        """Metres above the 1985 datum: a river valley between two hills, 150 to 350 m."""
        bank = self.bend.point((self.bend.columns - 1) / 2, self.bend.river_row + 0.5)[1]
        valley = 1 - math.exp(-(((point[1] - bank) / 900.0) ** 2))
        ridges = 25 * math.sin(point[0] / 410.0 + self.seed) + 18 * math.sin(point[1] / 330.0 + 2 * self.seed)
        return round(185 + 110 * valley + ridges * (0.35 + 0.65 * valley), 1)

    def district(self, point: Point) -> str:
        """GB/T 2260 code: Yubei and Jiangbei north of the river, Yuzhong and Nan'an south of it."""
        row = self.bend.river_row
        bank = self.bend.point((self.bend.columns - 1) / 2, row + 0.5)[1]
        if point[1] > bank:
            return "500112" if point[1] > bank + 2.5 * SPACING_M else "500105"
        return "500103" if point[0] < 0 else "500108"

    def half_width(self, road_class: str) -> float:
        """Metres from a street's centre line to the outer edge of its sidewalk."""
        return LANES[road_class] * LANE_WIDTH_M + SIDEWALK_M


def metres_between(a: Point, b: Point) -> float:
    """The straight distance."""
    return math.hypot(a[0] - b[0], a[1] - b[1])


def junction_id(site: Site) -> str:
    """Such as "J0507": fifth column, seventh row, counted from 0 in the south-west."""
    return f"J{site[0]:02d}{site[1]:02d}"


def edge_id(start: Site, end: Site) -> str:
    """Such as "E0507_0607", the way from one junction to the next."""
    return f"E{start[0]:02d}{start[1]:02d}_{end[0]:02d}{end[1]:02d}"


def plan(seed: int, columns: int, rows: int) -> City:
    """The city of `seed`: a grid of `columns` x `rows` with about 2 % of the sites and 8 % of the links left out.

    columns, rows: at least 6, at most the number of names (16).
    Raises ValueError outside these.
    """
    if not (6 <= columns <= len(COLUMN_NAMES) and 6 <= rows <= len(ROW_NAMES)):
        raise ValueError(f"size {columns}x{rows}: each side must be 6 to {len(COLUMN_NAMES)}, for example 12x11")
    draw = random.Random(f"city {seed}")
    river_row = rows // 2 - 1
    column_classes = _classes(draw, columns)
    row_classes = _classes(draw, rows)
    column_names = tuple(draw.sample(COLUMN_NAMES, columns))
    row_names = [name for name in draw.sample(ROW_NAMES, len(ROW_NAMES)) if name != "滨江快速路"][:rows]
    # The street along the north bank is the fast one.
    row_classes[river_row + 1], row_names[river_row + 1] = "urban_expressway", "滨江快速路"
    waves = tuple(
        (draw.uniform(22, 42), draw.uniform(0.05, 0.13), draw.uniform(0.05, 0.13), draw.uniform(0, 2 * math.pi))
        for _ in range(4)
    )
    bend = Bend(columns, rows, river_row, waves)

    def street(start: Site, end: Site) -> Link:
        if start[0] == end[0]:
            return Link(start, end, column_names[start[0]], column_classes[start[0]])
        return Link(start, end, row_names[start[1]], row_classes[start[1]])

    sites = {(u, v) for u in range(columns) for v in range(rows)}
    links = [street(a, b) for a in sorted(sites) for b in ((a[0] + 1, a[1]), (a[0], a[1] + 1)) if b in sites]
    minor = [u for u, name in enumerate(column_classes) if name == "branch"]
    bridges = {u for u, name in enumerate(column_classes) if name != "branch"} | set(draw.sample(minor, 1))
    links = [link for link in links if not _crosses_river(link, river_row) or link.start[0] in bridges]
    links = _without_some_sites(draw, links, sites, count=max(1, columns * rows // 44))
    links = _without_some_branches(draw, links, share=0.09)
    kept = sorted({site for link in links for site in (link.start, link.end)})
    return City(
        seed=seed,
        bend=bend,
        sites=tuple(kept),
        links=tuple(links),
        column_names=column_names,
        row_names=tuple(row_names),
        column_classes=tuple(column_classes),
        row_classes=tuple(row_classes),
        signalised=_signalised(kept, links, column_classes, row_classes),
    )


def _classes(draw: random.Random, count: int) -> list[str]:
    """A class per street: every second one is a through street, every fourth of all an arterial."""
    first = draw.randrange(2)
    through = list(range(first, count, 2))
    classes = ["branch"] * count
    for number, street in enumerate(through):
        classes[street] = "arterial" if number % 2 == (count // 4) % 2 else "sub_arterial"
    return classes


def _crosses_river(link: Link, river_row: int) -> bool:
    return link.start[1] == river_row and link.end[1] == river_row + 1


def _without_some_sites(draw: random.Random, links: list[Link], sites: set[Site], count: int) -> list[Link]:
    """Take out `count` junctions where only branches meet, with the streets that lead there."""
    by_site = {site: [link for link in links if site in (link.start, link.end)] for site in sites}
    quiet = sorted(site for site, at in by_site.items() if at and all(link.road_class == "branch" for link in at))
    for site in draw.sample(quiet, len(quiet)):
        rest = [link for link in links if site not in (link.start, link.end)]
        if _is_sound(rest, len({s for link in links for s in (link.start, link.end)}) - 1):
            links, count = rest, count - 1
        if count == 0:
            break
    return links


def _without_some_branches(draw: random.Random, links: list[Link], share: float) -> list[Link]:
    """Leave out a share of all links, branches only, so that every junction keeps two ways out."""
    remaining = round(share * len(links))
    site_count = len({s for link in links for s in (link.start, link.end)})
    branches = [link for link in links if link.road_class == "branch"]
    for link in draw.sample(branches, len(branches)):
        if remaining == 0:
            break
        rest = [other for other in links if other is not link]
        if _is_sound(rest, site_count):
            links, remaining = rest, remaining - 1
    return links


def _is_sound(links: list[Link], site_count: int) -> bool:
    """Whether all junctions hang together and each has at least two streets."""
    near: dict[Site, list[Site]] = {}
    for link in links:
        near.setdefault(link.start, []).append(link.end)
        near.setdefault(link.end, []).append(link.start)
    if len(near) != site_count or any(len(others) < 2 for others in near.values()):
        return False
    seen, open_sites = {next(iter(near))}, [next(iter(near))]
    while open_sites:
        for other in near[open_sites.pop()]:
            if other not in seen:
                seen.add(other)
                open_sites.append(other)
    return len(seen) == site_count


def _signalised(
    sites: list[Site], links: list[Link], column_classes: list[str], row_classes: list[str]
) -> frozenset[Site]:
    """Signals where two through streets meet."""
    degree = {site: sum(site in (link.start, link.end) for link in links) for site in sites}
    return frozenset(
        site
        for site in sites
        if degree[site] >= 3 and column_classes[site[0]] != "branch" and row_classes[site[1]] != "branch"
    )


def blocks(city: City) -> Iterator[Site]:
    """South-west corners of the grid cells that may be built on: all but the river's."""
    for u in range(city.bend.columns - 1):
        for v in range(city.bend.rows - 1):
            if v != city.bend.river_row:
                yield u, v
