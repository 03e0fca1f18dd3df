"""Lanes with their line, counted from the centre line."""

from citysim.faults import one_of, whole
from citysim.views.cim.plans import Road, shifted_right
from citysim.views.cim.roads import known_roads, road_codes
from citysim.views.cim.survey import (
    EXISTING,
    PLATFORM,
    Entry,
    degrees,
    entity_codes,
    far_line,
    feature,
    positions,
    properties,
    together,
    values,
    weaknesses,
)
from citysim.views.city import City, Origin, View, once_per_city, rows_of, with_faults

SIGMA_M = 0.3
WIDTH_ON_PAPER_M = 3.5
MOTOR, SIDEWALK = "机动车道", "人行道"
KINDS = {MOTOR: "motor", SIDEWALK: "sidewalk"}

LANE = weaknesses(
    "lane",
    far_line,
    fields=("properties.roadCode", "properties.laneNo", "properties.laneType", "properties.laneWidth"),
    sentinels={"properties.laneWidth": (-1, 0)},
    impossible={"properties.laneNo": whole((100, 999), (-99, -2)), "properties.laneWidth": whole((40, 400), (-99, -2))},
    codes={"properties.laneType": one_of("潮汐车道", "公交车道A", "X", "7")},
)

Lane = tuple[Entry, Road, int, str, float, list[float], list[float]]
"""Entry, the road it is part of, number, kind, width in metres, longitudes and latitudes in driving direction."""


@once_per_city
def known_lanes(city: City) -> tuple[Lane, ...]:
    """The lanes of all roads that the model knows."""
    roads = {road.entity: road for road in known_roads(city)}
    lanes: list[Lane] = []
    columns = rows_of(city.truth.lanes, "lane", "edge", "lane_no", "is_motor", "width_m", "lon", "lat")
    for lane, edge, number, is_motor, width_m, lon, lat in columns:
        if road := roads.get(edge):
            entry = Entry(lane, road.name, road.district, road.elevation_m, EXISTING)
            lanes.append((entry, road, number, MOTOR if is_motor else SIDEWALK, width_m, lon, lat))
    for road in roads.values():
        for number in range(1, road.lane_count + 1) if road.truth_id is None else ():
            entry = Entry(f"{road.entity}/{number}", road.name, road.district, road.elevation_m, road.lifecycle)
            line = shifted_right(city, road.lon, road.lat, (number - 0.5) * WIDTH_ON_PAPER_M)
            lanes.append((entry, road, number, MOTOR, WIDTH_ON_PAPER_M, *line))
    return tuple(lanes)


@once_per_city
def lane(city: City) -> View:
    """One LineString per lane."""
    draws, roads = city.draws(PLATFORM, "lane"), road_codes(city)
    lanes = known_lanes(city)
    codes = entity_codes(city, "lane", "0207", [one[0] for one in lanes])
    records = []
    for entry, road, number, kind, width_m, lon, lat in lanes:
        code = codes[entry.entity]
        measured = together(city, draws, entry.entity, lon, lat, SIGMA_M)
        attributes = {
            **properties(code, entry),
            "roadCode": roads[road.entity],
            "laneNo": number,
            "laneType": kind,
            "laneWidth": round(width_m, 2),
        }
        shared = values(entry)
        told = {
            "source_id": code,
            "observed_at": shared["observed_at"],
            "lifecycle": shared["lifecycle"],
            "road_segment_id": roads[road.entity],
            "lane_no": number,
            "numbered_from": "centre",
            "lane_kind": KINDS[kind],
            "width_m": width_m,
            "geometry": degrees(measured),
        }
        origin = Origin(entry.truth_id, lon[0], lat[0], noise_m=measured.noise_m, values=told)
        coordinates = positions(city, measured.lon, measured.lat, entry.elevation_m)
        records.append(feature(code, "LineString", coordinates, attributes, origin))
    return with_faults(city, LANE, sorted(records, key=lambda one: one.record_id))
