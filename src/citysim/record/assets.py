"""What stands at the roadside: poles and what hangs on them, cabinets, signs, loops in the lanes."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from citysim.measure.traffic import LaneLine
from citysim.record.city import LANES, SPACING_M, City, Point, Site, edge_id, junction_id, metres_between
from citysim.record.sensing import ANTENNA_M, POLE_BEHIND_SIDEWALK_M, Rsu

PREFIX = {
    "pole": "PL", "camera": "CM", "enforcement_camera": "EC", "checkpoint": "KK", "signal_head": "SH",
    "signal_controller": "SC", "cabinet": "CB", "sign": "SG", "mmw_radar": "MR", "detector": "DT",
}  # fmt: skip
WORDS = {
    "pole": "杆", "camera": "监控摄像机", "enforcement_camera": "电子警察", "checkpoint": "卡口", "rsu": "路侧单元",
    "signal_head": "信号灯", "signal_controller": "信号机", "cabinet": "设备箱", "sign": "标志牌",
    "mmw_radar": "毫米波雷达", "detector": "车辆检测器",
}  # fmt: skip
LOOP_M = (28.0, 45.0)
"""Loops lie this far before the stop line, all of one approach alike."""
ENFORCED_M = 22.0
"""Enforcement cameras stand before the stop line, so that lane, light and plate are in one picture."""
SIDEWALK_EDGE_M = 4.4
"""From the middle of the kerb lane to a post at the far edge of the sidewalk; kiosks stand behind it."""
CHECKPOINTS = 14
WARNINGS = ("2", "34", "114")
"""Signs of GB 5768.2-2009 by number: sharp bend, accident black spot, crosswalk."""
SPEED_LIMIT_SIGN = "85"
SAME_CORNER_M = 0.5


@dataclass(frozen=True, slots=True)
class Asset:
    """One thing. What is None does not apply to it."""

    asset: str
    kind: str
    name_zh: str
    junction: str
    point: Point
    height_m: float
    """Above the ground; a loop lies at 0."""
    edge: str | None = None
    lane_no: int | None = None
    stop_line_distance_m: float | None = None
    mount: str | None = None
    sign_kind: str | None = None


class _Yard:
    """Hands out ids and names while assets are put up."""

    def __init__(self, city: City) -> None:
        self._city = city
        self._number: dict[str, int] = {}
        self._here: dict[tuple[str, str], int] = {}
        self.assets: list[Asset] = []

    def put(self, kind: str, site: Site, point: Point, height_m: float, asset: str | None = None) -> Asset:
        """A new asset at the junction of `site`; what else is known of it is set with `change`."""
        self._number[kind] = self._number.get(kind, 0) + 1
        here = (junction_id(site), kind)
        self._here[here] = self._here.get(here, 0) + 1
        one = Asset(
            asset=asset or f"{PREFIX[kind]}{self._number[kind]:04d}",
            kind=kind,
            name_zh=f"{self._city.junction_name(site)}{self._here[here]}号{WORDS[kind]}",
            junction=here[0],
            point=point,
            height_m=height_m,
        )
        self.assets.append(one)
        return one

    def hang(self, kind: str, site: Site, pole: Asset, height_m: float, asset: str | None = None) -> Asset:
        """A new asset on `pole`."""
        self.put(kind, site, pole.point, height_m, asset)
        return self.change(mount=pole.asset)

    def change(self, **known: object) -> Asset:
        """Sets more of what is known of the last asset."""
        self.assets[-1] = replace(self.assets[-1], **known)  # type: ignore[arg-type]
        return self.assets[-1]


def place(city: City, units: Sequence[Rsu], kerb: Mapping[str, LaneLine], lanes: Sequence[LaneLine]) -> list[Asset]:
    """Everything at the roadside, junction by junction, then the checkpoints.

    kerb: per edge, its motor lane at the kerb. lanes: all motor lanes.
    """
    draw = random.Random(f"assets {city.seed}")
    yard = _Yard(city)
    streets = {(link.start, link.end): link for link in city.links}
    streets |= {(link.end, link.start): link for link in city.links}
    for unit in units:
        site = unit.site
        poles = [_rsu_pole(yard, draw, unit)]
        approaches = sorted(start for start, end in streets if end == site)
        if site in city.signalised:
            for start in approaches:
                _signal(yard, city, start, site, poles)
            for start in approaches:
                edge = edge_id(start, site)
                _enforcement(yard, site, kerb[edge])
                _loops(yard, draw, site, [lane for lane in lanes if lane.edge == edge])
        kind = "signal_controller" if site in city.signalised else "cabinet"
        yard.put(kind, site, _beside(draw, unit.point), 1.4)
        for start in draw.sample(approaches, min(2, len(approaches))):
            _sign(yard, draw, site, kerb[edge_id(start, site)])
    wide = sorted(ends for ends, link in streets.items() if LANES[link.road_class] == 3)
    for start, end in draw.sample(wide, min(CHECKPOINTS, len(wide))):
        _checkpoint(yard, end, kerb[edge_id(start, end)])
    return yard.assets


def _rsu_pole(yard: _Yard, draw: random.Random, unit: Rsu) -> Asset:
    """The RSU's pole with all that senses there; some cameras stand at junctions without sensing too."""
    pole = yard.put("pole", unit.site, unit.point, ANTENNA_M + 0.5)
    yard.hang("rsu", unit.site, pole, ANTENNA_M, unit.rsu)
    if unit.has_sensing or draw.random() < 0.7:
        yard.hang("camera", unit.site, pole, 5.8)
    if unit.has_sensing:
        yard.hang("mmw_radar", unit.site, pole, 5.6)
    return pole


def _signal(yard: _Yard, city: City, start: Site, site: Site, poles: list[Asset]) -> None:
    """The signal head of one approach, on a pole at the far right-hand corner; poles that stand there are shared."""
    ahead = (site[0] - start[0], site[1] - start[1])
    right = (ahead[1], -ahead[0])
    corner = _corner(city, site, ahead[0] + right[0], ahead[1] + right[1])
    pole = next((one for one in poles if metres_between(one.point, corner) < SAME_CORNER_M), None)
    if pole is None:
        pole = yard.put("pole", site, corner, 6.8)
        poles.append(pole)
    yard.hang("signal_head", site, pole, 6.2)
    yard.change(edge=edge_id(start, site))


def _enforcement(yard: _Yard, site: Site, kerb: LaneLine) -> None:
    pole = yard.put("pole", site, kerb.point(kerb.length_m - ENFORCED_M, SIDEWALK_EDGE_M), 6.8)
    yard.change(edge=kerb.edge, stop_line_distance_m=ENFORCED_M)
    yard.hang("enforcement_camera", site, pole, 6.3)
    yard.change(edge=kerb.edge, stop_line_distance_m=ENFORCED_M)


def _loops(yard: _Yard, draw: random.Random, site: Site, lanes: Sequence[LaneLine]) -> None:
    distance_m = round(draw.uniform(*LOOP_M), 1)
    for lane in lanes:
        yard.put("detector", site, lane.point(lane.length_m - distance_m), 0.0)
        yard.change(edge=lane.edge, lane_no=lane.lane_no, stop_line_distance_m=distance_m)


def _sign(yard: _Yard, draw: random.Random, site: Site, kerb: LaneLine) -> None:
    """A sign on a post of its own, which nobody keeps a record of."""
    yard.put("sign", site, kerb.point(kerb.length_m - draw.uniform(45, 80), SIDEWALK_EDGE_M), 2.8)
    kind = SPEED_LIMIT_SIGN if draw.random() < 0.5 else draw.choice(WARNINGS)
    yard.change(edge=kerb.edge, sign_kind=kind)


def _checkpoint(yard: _Yard, site: Site, kerb: LaneLine) -> None:
    """A gantry in the middle of a wide street, far from both junctions."""
    distance_m = round(kerb.length_m / 2, 1)
    pole = yard.put("pole", site, kerb.point(kerb.length_m - distance_m, SIDEWALK_EDGE_M), 7.0)
    yard.change(edge=kerb.edge, stop_line_distance_m=distance_m)
    yard.hang("checkpoint", site, pole, 6.5)
    yard.change(edge=kerb.edge, stop_line_distance_m=distance_m)


def _corner(city: City, site: Site, east: int, north: int) -> Point:
    aside = (city.half_width(city.column_classes[site[0]]) + POLE_BEHIND_SIDEWALK_M) / SPACING_M
    along = (city.half_width(city.row_classes[site[1]]) + POLE_BEHIND_SIDEWALK_M) / SPACING_M
    return city.bend.point(site[0] + east * aside, site[1] + north * along)


def _beside(draw: random.Random, point: Point) -> Point:
    return point[0] + draw.choice((-1.4, 1.4)), point[1] + draw.choice((-1.4, 1.4))
