"""Car parks as the areas that they cover."""

from citysim.views.cim.plans import planned_roads, rectangle_beside
from citysim.views.cim.survey import (
    EXISTING,
    PLATFORM,
    Entry,
    degrees,
    entity_codes,
    far_ring,
    feature,
    positions,
    properties,
    together,
    values,
    weaknesses,
)
from citysim.views.city import City, Origin, View, once_per_city, rows_of, with_faults

SIGMA_M = 0.5
ON_PAPER_M = (60.0, 40.0)
"""Length along the road and depth of the car parks beside roads on paper."""
ASIDE_M = -45.0
"""From the road's line to their middle: on its left, since buildings stand on its right."""

PARKING_LOT = weaknesses("parking_lot", far_ring)

Lot = tuple[Entry, list[float], list[float]]


@once_per_city
def known_lots(city: City) -> tuple[Lot, ...]:
    """The truth's car parks and one beside each road on paper, each with its closed ring."""
    heights = dict(rows_of(city.truth.edges, "edge", "elevation_m"))
    columns = rows_of(city.truth.parkings, "parking", "name_zh", "district_code", "edge", "ring_lon", "ring_lat")
    built = [
        (Entry(parking, name, district, heights[edge], EXISTING), lon, lat)
        for parking, name, district, edge, lon, lat in columns
    ]
    on_paper = [
        (
            Entry(f"{road.entity}/parking", f"{road.name}停车场", road.district, road.elevation_m, road.lifecycle),
            *rectangle_beside(city, road, ASIDE_M, *ON_PAPER_M),
        )
        for road in planned_roads(city)
    ]
    return (*built, *on_paper[::2])


@once_per_city
def parking_lot(city: City) -> View:
    """One Polygon per car park."""
    draws, lots = city.draws(PLATFORM, "parking_lot"), known_lots(city)
    codes = entity_codes(city, "parking_lot", "0402", [entry for entry, _, _ in lots])
    records = []
    for entry, lon, lat in lots:
        code = codes[entry.entity]
        measured = together(city, draws, entry.entity, lon, lat, SIGMA_M)
        shared = values(entry)
        told = {name: shared[name] for name in ("name", "admin_code", "lifecycle", "observed_at")}
        told |= {"source_id": code, "geometry": degrees(measured)}
        origin = Origin(entry.truth_id, lon[0], lat[0], noise_m=measured.noise_m, values=told)
        ring = positions(city, measured.lon, measured.lat, entry.elevation_m)
        records.append(feature(code, "Polygon", [ring], properties(code, entry), origin))
    return with_faults(city, PARKING_LOT, sorted(records, key=lambda one: one.record_id))
