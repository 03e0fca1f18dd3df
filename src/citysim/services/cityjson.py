"""City objects as a CityJSON text sequence: a first line with the transform, then one feature to a line.

Corners travel as whole numbers: thousandths of a metre from a point near the city's origin.
Source: CityJSON 2.0, sections 2 and 3; CityJSONSeq, section 8.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from citysim.planes import gauss_kruger
from citysim.views.city import City, Shown

MEDIA_TYPE = "application/city+json-seq"
SCALE_M = 0.001


def sequence(city: City, epsg: int, shown: Sequence[Shown]) -> bytes:
    """The city objects of `shown`, whose records give corners as [easting, northing, height] in EPSG:<epsg>."""
    lon, lat = city.truth.origin
    easting, northing = gauss_kruger(np.array([lon]), np.array([lat]), epsg)
    origin = (round(float(easting[0])), round(float(northing[0])), 0)
    first = {
        "type": "CityJSON",
        "version": "2.0",
        "transform": {"scale": [SCALE_M] * 3, "translate": list(origin)},
        "metadata": {"referenceSystem": f"https://www.opengis.net/def/crs/EPSG/0/{epsg}"},
        # Not in the standard, which lets anybody add what begins with a plus.
        "+numberMatched": len(shown),
        "CityObjects": {},
        "vertices": [],
    }
    lines = [first, *(_feature(one, origin) for one in shown)]
    return "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines).encode()


def _feature(one: Shown, origin: tuple[int, int, int]) -> dict[str, Any]:
    vertices: dict[tuple[int, ...], int] = {}

    def numbered(boundaries: Any) -> Any:
        """Corners replaced by their numbers among the vertices."""
        if isinstance(boundaries[0], list):
            return [numbered(part) for part in boundaries]
        counts = tuple(round((metres - start) / SCALE_M) for metres, start in zip(boundaries, origin, strict=True))
        return vertices.setdefault(counts, len(vertices))

    record = one.record
    # A geometry that was broken on purpose goes out as it is.
    if isinstance(record.get("geometry"), list):
        solids = [{**solid, "boundaries": numbered(solid["boundaries"])} for solid in record["geometry"]]
        record = {**record, "geometry": solids}
    return {
        "type": "CityJSONFeature",
        "id": one.record_id,
        "CityObjects": {one.record_id: record},
        "vertices": [list(vertex) for vertex in vertices],
    }
