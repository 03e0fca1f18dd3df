"""Coordinates alone: python -m benchmarks.meaning.coordinates ROWS

GCJ-02 back to WGS 84 by columns, to below 1e-9 degrees (tests/hutong/normalise/test_shift.py holds it to that).
"""

from __future__ import annotations

import sys

import numpy as np
from benchmarks.meaning.clock import tell
from benchmarks.meaning.places import places

from hutong.normalise.crs import to_wgs84


def main(rows: int) -> None:
    lon, lat = places(rows)
    convert = to_wgs84("GCJ-02", "lon_lat")
    convert(lon[:1000], lat[:1000])

    def work() -> tuple[int, dict[str, object]]:
        found = convert(lon, lat)
        return len(found[0]), {}

    tell(work)
    moved = np.hypot(*(np.array(convert(lon, lat)) - (lon, lat)))
    if not ((moved > 1e-3) & (moved < 0.02)).all():
        raise SystemExit("places were not moved as GCJ-02 moves them")


if __name__ == "__main__":
    main(int(sys.argv[1]))
