"""Crossings as points: those of the city, and those to which the planned roads lead."""

from citysim.views.cim.plans import planned_roads
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

SIGMA_M = 0.3
INTERSECTION = weaknesses("intersection", far_point)


@once_per_city
def known_junctions(city: City) -> tuple[tuple[Entry, float, float], ...]:
    """Every crossing that the model knows, with longitude and latitude."""
    columns = rows_of(city.truth.junctions, "junction", "name_zh", "district_code", "elevation_m", "lon", "lat")
    built = [
        (Entry(junction, name, district, elevation, EXISTING), lon, lat)
        for junction, name, district, elevation, lon, lat in columns
    ]
    on_paper = [
        (
            Entry(f"{one.entity}/end", f"{one.name}路口", one.district, one.elevation_m, one.lifecycle),
            one.lon[-1],
            one.lat[-1],
        )
        for one in planned_roads(city)
        if one.lifecycle != ABANDONED
    ]
    return (*built, *on_paper)


@once_per_city
def junction_codes(city: City) -> dict[str, str]:
    """Per entity of `known_junctions`, its code."""
    return entity_codes(city, "intersection", "0206", [entry for entry, _, _ in known_junctions(city)])


@once_per_city
def intersection(city: City) -> View:
    """One Point per crossing."""
    draws, codes = city.draws(PLATFORM, "intersection"), junction_codes(city)
    records = []
    for entry, lon, lat in known_junctions(city):
        code = codes[entry.entity]
        measured = together(city, draws, entry.entity, [lon], [lat], SIGMA_M)
        up_m = entry.elevation_m + SIGMA_M * draws.one_normal("up", entry.entity)
        origin = Origin(entry.truth_id, lon, lat, noise_m=measured.noise_m, values={**values(entry), "source_id": code})
        (coordinates,) = positions(city, measured.lon, measured.lat, up_m)
        records.append(feature(code, "Point", coordinates, properties(code, entry), origin))
    return with_faults(city, INTERSECTION, sorted(records, key=lambda one: one.record_id))
