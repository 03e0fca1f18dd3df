"""How the model writes a feature down: its code, its attributes, and coordinates in the city's own system.

Heights are above the 1985 datum. Systems differ by city, as they do in life: metres of the three-degree zone with the
easting first (as GIS tools export them) or the northing first (as the system's definition has it), and with the
number of the zone in front of the easting or without.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np

from citysim.clock import BEIJING
from citysim.draws import Draws, Floats, keys_of
from citysim.faults import Weaknesses, one_of, whole
from citysim.planes import gauss_kruger
from citysim.views.city import City, Origin, Shown

PLATFORM = "cim"
SURVEYED = "2025-11-30"
"""When the last survey of the whole city was entered."""
FILED = "2026-01-15"
"""When what is not built yet was entered, from the plans."""
STRUCK = "2024-06-30"
"""When what was torn down was marked as such."""

PLAIN_TO_ZONED = 4534 - 4513
"""From the EPSG code of a zone with its number in front of the easting to the code of the same zone without."""

EXISTING, UNDER_CONSTRUCTION, PLANNED, ABANDONED = "existing", "under_construction", "planned", "abandoned"
STATUS = {EXISTING: 1, UNDER_CONSTRUCTION: 2, PLANNED: 3, ABANDONED: 9}
UPDATED = {EXISTING: SURVEYED, UNDER_CONSTRUCTION: FILED, PLANNED: FILED, ABANDONED: STRUCK}


@dataclass(frozen=True, slots=True)
class Entry:
    """What every feature says of itself."""

    entity: str
    """Id in the truth; what is in no truth has a name of the model's own, with a slash in it."""
    name: str
    district: str
    """GB/T 2260."""
    elevation_m: float
    """Above the 1985 datum."""
    lifecycle: str

    @property
    def truth_id(self) -> str | None:
        """Its id in the truth; null for what is not built yet, no longer there, or never was."""
        return None if "/" in self.entity else self.entity


@dataclass(frozen=True, slots=True)
class Measured:
    """Points as the survey found them."""

    lon: Floats
    lat: Floats
    noise_m: tuple[float, float]
    """Metres east and north that the first of them is off."""


def epsg(city: City) -> int:
    """The EPSG code of the system that the city's model is kept in."""
    return city.gk_epsg - PLAIN_TO_ZONED if city.variants[PLATFORM] == "zone_prefixed" else city.gk_epsg


def together(
    city: City, draws: Draws, entity: str, lon: Sequence[float], lat: Sequence[float], sigma_m: float
) -> Measured:
    """The points of one thing, all moved by the same error of `sigma_m` metres to each side."""
    east, north = sigma_m * draws.one_normal("east", entity), sigma_m * draws.one_normal("north", entity)
    moved = city.plane().shifted(np.array(lon), np.array(lat), np.full(len(lon), east), np.full(len(lon), north))
    return Measured(*moved, (east, north))


def one_by_one(
    city: City, draws: Draws, entity: str, lon: Sequence[float], lat: Sequence[float], sigma_m: float
) -> Measured:
    """The points, each with an error of its own."""
    east, north = (sigma_m * draws.normal(axis, entity, np.arange(len(lon))) for axis in ("east", "north"))
    moved = city.plane().shifted(np.array(lon), np.array(lat), east, north)
    return Measured(*moved, (float(east[0]), float(north[0])))


def positions(city: City, lon: Floats, lat: Floats, up_m: Floats | float) -> list[list[float]]:
    """The points on the wire: two coordinates in the order of the city's variant, and the height."""
    easting, northing = gauss_kruger(lon, lat, epsg(city))
    is_north_first = city.variants[PLATFORM] == "northing_easting"
    plane = (northing, easting) if is_north_first else (easting, northing)
    points: list[list[float]] = np.column_stack([*plane, np.broadcast_to(up_m, len(lon))]).round(2).tolist()
    return points


def entity_codes(city: City, stream: str, kind: str, entries: Iterable[Entry]) -> dict[str, str]:
    """Per entity, its code of 16 digits: district, class, serial. Serials do not follow the order of the truth."""
    districts = {one.entity: one.district for one in entries}
    ranks = np.argsort(np.argsort(city.draws(PLATFORM, stream).bits("serial", keys_of(districts))))
    return {
        entity: f"{district}{kind}{rank + 1:06d}"
        for (entity, district), rank in zip(districts.items(), ranks.tolist(), strict=True)
    }


def properties(code: str, entry: Entry) -> dict[str, Any]:
    """The attributes that every collection has."""
    return {
        "entityCode": code,
        "name": entry.name,
        "cimLevel": "CIM3",
        "adminCode": entry.district,
        "elevation85": round(entry.elevation_m, 1),
        "updateDate": UPDATED[entry.lifecycle],
        "status": STATUS[entry.lifecycle],
    }


def values(entry: Entry) -> dict[str, Any]:
    """What a published row should say of the attributes that every collection has."""
    return {
        "name": entry.name,
        "admin_code": entry.district,
        "height_m": entry.elevation_m,
        "height_datum": "normal_1985",
        "lifecycle": entry.lifecycle,
        "observed_at": datetime.fromisoformat(UPDATED[entry.lifecycle]).replace(tzinfo=BEIJING),
    }


def feature(code: str, shape: str, coordinates: Sequence[Any], attributes: Mapping[str, Any], origin: Origin) -> Shown:
    """A GeoJSON feature."""
    record = {
        "type": "Feature",
        "id": code,
        "geometry": {"type": shape, "coordinates": coordinates},
        "properties": attributes,
    }
    return Shown(code, -math.inf, 0.0, record, origin)


def degrees(measured: Measured) -> list[tuple[float, float]]:
    """The measured points as (longitude, latitude)."""
    return list(zip(measured.lon.tolist(), measured.lat.tolist(), strict=True))


FIELDS = (
    "id", "geometry", "geometry.type", "geometry.coordinates", "properties", "properties.entityCode",
    "properties.name", "properties.adminCode", "properties.elevation85", "properties.updateDate", "properties.status",
)  # fmt: skip
SENTINELS: dict[str, tuple[Any, ...]] = {
    "properties.elevation85": (-9999, 9999),
    "properties.adminCode": ("000000", "-"),
    "properties.updateDate": ("1900-01-01", "-"),
    "properties.name": ("null", "-", "???"),
}
CODES = {"properties.status": whole((10, 99), (4, 8)), "properties.cimLevel": one_of("CIM0", "CIM8", "LOD3", "3")}
IMPOSSIBLE = {
    "properties.elevation85": whole((20000, 99999), (-99999, -12000)),
    "properties.updateDate": one_of("2025-13-45", "2025-02-30", "9999-99-99"),
}
"""What can be broken in every collection."""


def far_point(random: Any, old: Any) -> list[float]:
    """The point thrown off the plane."""
    return [random.choice((-1, 1)) * random.uniform(1e8, 1e9), random.uniform(1e8, 1e9), *old[2:]]


def far_line(random: Any, old: Any) -> list[list[float]]:
    """The line with one vertex thrown off the plane."""
    place = random.randrange(len(old))
    return [*old[:place], far_point(random, old[place]), *old[place + 1 :]]


def far_ring(random: Any, old: Any) -> list[list[list[float]]]:
    """The area with one corner of its outline thrown off the plane."""
    return [far_line(random, old[0]), *old[1:]]


def weaknesses(
    stream: str,
    thrown: Any,
    *,
    fields: Sequence[str] = (),
    sentinels: Mapping[str, tuple[Any, ...]] | None = None,
    impossible: Mapping[str, Any] | None = None,
    codes: Mapping[str, Any] | None = None,
) -> Weaknesses:
    """Where the features of a collection can be broken: as everywhere, and where it has attributes of its own."""
    return Weaknesses(
        stream=stream,
        fields=(*FIELDS, *fields),
        sentinels={**SENTINELS, **(sentinels or {})},
        impossible={**IMPOSSIBLE, "geometry.coordinates": thrown, **(impossible or {})},
        codes={**CODES, **(codes or {})},
    )
