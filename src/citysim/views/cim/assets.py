"""What stands beside the road, one by one, with the pole that carries it: some of it missing, some of it long gone."""

from dataclasses import dataclass, replace

import numpy as np

from citysim.faults import one_of, whole
from citysim.views.cim.junctions import junction_codes
from citysim.views.cim.plans import beside, planned_roads
from citysim.views.cim.roads import road_codes
from citysim.views.cim.survey import (
    ABANDONED,
    EXISTING,
    PLATFORM,
    Entry,
    entity_codes,
    far_point,
    feature,
    positions,
    properties,
    together,
    values,
    weaknesses,
)
from citysim.views.city import City, Origin, View, once_per_city, rows_of, with_faults

SIGMA_M = 0.5
MISSING_SHARE = 0.06
GHOST_SHARE = 0.02
"""Things listed as standing that are not there."""
ASTRAY_M = 25.0
"""About how far a ghost stands from a thing of its kind."""

KINDS = {
    "pole": "立杆",
    "camera": "监控摄像机",
    "enforcement_camera": "电子警察",
    "checkpoint": "卡口",
    "rsu": "路侧单元",
    "signal_head": "信号灯",
    "signal_controller": "信号机",
    "cabinet": "设备箱",
    "sign": "交通标志",
    "mmw_radar": "毫米波雷达",
    "detector": "车辆检测器",
}

ROADSIDE_ASSET = weaknesses(
    "roadside_asset",
    far_point,
    fields=("properties.assetType", "properties.assetNo"),
    sentinels={"properties.assetNo": ("-", "")},
    impossible={
        "properties.laneNo": whole((100, 999), (-99, -2)),
        "properties.stopDistance": whole((2001, 99999), (-99, -2)),
    },
    codes={"properties.assetType": one_of("路灯", "垃圾箱", "X9", "17")},
)


@dataclass(frozen=True, slots=True)
class Asset(Entry):
    """A thing beside the road as the model knows it."""

    kind: str
    crossing: str | None
    """Entity of the crossing."""
    edge: str | None
    lane_no: int | None
    stop_line_distance_m: float | None
    mount: str | None
    """Entity of the pole that carries it."""
    sign_kind: str | None
    lon: float
    lat: float


@once_per_city
def known_assets(city: City) -> tuple[Asset, ...]:
    """The truth's assets without those that the survey missed, ghosts, and what belongs to roads on paper."""
    draws = city.draws(PLATFORM, "roadside_asset")
    ground = {
        junction: (district, elevation)
        for junction, district, elevation in rows_of(city.truth.junctions, "junction", "district_code", "elevation_m")
    }
    standing, ghosts = [], []
    columns = rows_of(
        city.truth.assets, "asset", "name_zh", "kind", "junction", "edge", "lane_no", "stop_line_distance_m", "mount",
        "sign_kind", "height_m", "lon", "lat",
    )  # fmt: skip
    for asset, name, kind, junction, edge, lane_no, distance_m, mount, sign_kind, height_m, lon, lat in columns:
        district, elevation = ground[junction]
        # What hangs on a pole is measured where it hangs, and what stands by itself where it stands.
        height = elevation if mount is None else elevation + height_m
        one = Asset(
            asset,
            name,
            district,
            height,
            EXISTING,
            kind,
            junction,
            edge,
            lane_no,
            distance_m,
            mount,
            sign_kind,
            lon,
            lat,
        )
        if draws.one("missed", asset) >= MISSING_SHARE:
            standing.append(one)
        if draws.one("ghost", asset) < GHOST_SHARE:
            east, north = (ASTRAY_M * draws.normal(f"ghost {axis}", asset) for axis in ("east", "north"))
            (astray_lon,), (astray_lat,) = city.plane().shifted(np.array([lon]), np.array([lat]), east, north)
            ghosts.append(
                replace(one, entity=f"ghost/{asset}", lon=float(astray_lon), lat=float(astray_lat), mount=None)
            )
    return (*standing, *ghosts, *_on_paper(city))


@once_per_city
def roadside_asset(city: City) -> View:
    """One Point per thing."""
    draws, assets = city.draws(PLATFORM, "roadside_asset"), known_assets(city)
    crossings, roads = junction_codes(city), road_codes(city)
    codes = entity_codes(city, "roadside_asset", "0308", assets)
    records = []
    for one in assets:
        code = codes[one.entity]
        measured = together(city, draws, one.entity, [one.lon], [one.lat], SIGMA_M)
        # A pole that the survey missed has no code that could be written here.
        mount, crossing, road = codes.get(one.mount or ""), crossings.get(one.crossing or ""), roads.get(one.edge or "")
        number = f"LC-{int(draws.bits('number', one.entity)[0]) % 10**8:08d}"
        attributes = {
            **properties(code, one),
            "assetType": KINDS[one.kind],
            "assetNo": number,
            "mountCode": mount,
            "crossCode": crossing,
            "roadCode": road,
            "laneNo": one.lane_no,
            "stopDistance": one.stop_line_distance_m,
            "signType": one.sign_kind,
        }
        told = {
            **values(one),
            "source_id": code,
            "facility_kind": one.kind,
            "serial_no": number,
            "mount_id": mount,
            "junction_id": crossing,
            "road_segment_id": road,
            "lane_no": one.lane_no,
            "stop_line_distance_m": one.stop_line_distance_m,
            "sign_kind": one.sign_kind,
        }
        origin = Origin(one.truth_id, one.lon, one.lat, noise_m=measured.noise_m, values=told)
        (coordinates,) = positions(city, measured.lon, measured.lat, one.elevation_m)
        records.append(feature(code, "Point", coordinates, attributes, origin))
    return with_faults(city, ROADSIDE_ASSET, sorted(records, key=lambda one: one.record_id))


def _on_paper(city: City) -> list[Asset]:
    """A pole with a unit at the far end of each new road; a pole with a sign along each that was given up."""
    found = []
    for road in planned_roads(city):
        is_new = road.lifecycle != ABANDONED
        lon, lat = beside(city, road, road.length_m if is_new else road.length_m / 2, 8.0)
        crossing = f"{road.entity}/end" if is_new else None
        pole = Asset(
            f"{road.entity}/pole", f"{road.name}1号杆", road.district, road.elevation_m, road.lifecycle,
            "pole", crossing, road.entity, None, None, None, None, lon, lat,
        )  # fmt: skip
        carried = replace(
            pole,
            entity=f"{road.entity}/carried",
            name=f"{road.name}1号{'路侧单元' if is_new else '标志牌'}",
            kind="rsu" if is_new else "sign",
            elevation_m=road.elevation_m + 6.0,
            mount=pole.entity,
            sign_kind=None if is_new else "85",
        )
        found += [pole, carried]
    return found
