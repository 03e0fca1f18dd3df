"""The box that each city lies in: `schemas/city_boxes.csv`. Gates hold the places of a batch against it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from hutong.registry.read import Problems, rows_of

BOX_COLUMNS = ("city", "west", "south", "east", "north", "source", "edition")

Span = tuple[float, float]
Box = Mapping[str, Span]
"""`longitude` and `latitude`: from where to where, in degrees on WGS 84."""


def read_boxes(root: Path, problems: Problems) -> dict[str, Box]:
    """The box of each city, by its division code; none where the file is not there."""
    path = root / "schemas" / "city_boxes.csv"
    found: dict[str, Box] = {}
    if not path.is_file():
        return found
    for line, row in enumerate(rows_of(path, BOX_COLUMNS, problems), start=2):
        try:
            west, south, east, north = (_degrees(row[side]) for side in BOX_COLUMNS[1:5])
        except ValueError:
            problems.add(path, line, "west, south, east and north are degrees, such as 106.5")
            continue
        if not (-180 <= west < east <= 180 and -90 <= south < north <= 90):
            problems.add(path, line, "west lies before east and south before north")
        if row["city"] in found:
            problems.add(path, line, f"the city '{row['city']}' stands twice")
        found[row["city"]] = {"longitude": (west, east), "latitude": (south, north)}
    return found


def _degrees(text: str) -> float:
    # Whole degrees stay whole numbers, since the bounds of a gate are shown as they are written.
    return int(text) if text.lstrip("-").isdigit() else float(text)
