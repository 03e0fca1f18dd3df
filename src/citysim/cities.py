"""The cities that can be served: the members of the twenty pilots, with what is known of each."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from citysim.views.city import PLATFORMS

DEFAULT = "500000"
"""The city of the recording that ships; all others are derived from it."""

_TABLE = Path(__file__).with_name("cities.csv")


class UnknownCity(ValueError):
    """A code that is no pilot city's."""

    def __init__(self, code: str) -> None:
        super().__init__(f"no city '{code}' here; there are {', '.join(members())}")


@dataclass(frozen=True, slots=True)
class Member:
    """One city, county-level city or county of a pilot.

    Codes and names are those of GB/T 2260 (2019-04); the centre is good to some kilometres; districts are up to four of
    the central ones, in the order of their codes. Which dialect its platforms speak is invented, as all traffic is.
    """

    code: str
    name_zh: str
    name_en: str
    pilot: str
    """Shared by the members of a consortium."""
    pilot_zh: str
    lon: float
    lat: float
    """Centre, WGS-84 degrees."""
    gk_epsg: int
    """CGCS2000, three-degree zone, eastings without the zone's number."""
    plate_prefix: str
    districts: tuple[str, ...]
    variants: Mapping[str, str]
    """Platform -> dialect; see `City.variants`."""


@cache
def members() -> Mapping[str, Member]:
    """Every member by its code, in the order in which the pilots were announced."""
    with _TABLE.open(encoding="utf-8", newline="") as lines:
        return {row["code"]: _member(row) for row in csv.DictReader(lines)}


def member(code: str) -> Member:
    """The member of `code`. Raises UnknownCity."""
    if code not in members():
        raise UnknownCity(code)
    return members()[code]


def _member(row: Mapping[str, str]) -> Member:
    return Member(
        code=row["code"],
        name_zh=row["name_zh"],
        name_en=row["name_en"],
        pilot=row["pilot"],
        pilot_zh=row["pilot_zh"],
        lon=float(row["lon"]),
        lat=float(row["lat"]),
        gk_epsg=int(row["gk_epsg"]),
        plate_prefix=row["plate_prefix"],
        districts=tuple(row["districts"].split()),
        variants={platform: row[platform] for platform in PLATFORMS},
    )
