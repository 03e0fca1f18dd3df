"""CityJSON 1.1 and 2.0, whole or as a sequence of lines (CityJSONSeq): buildings and other things of a city in 3D.

The document is its first object, where `CityObjects` is a list: each object with its `id`, and with coordinates in
place of the numbers of vertices. `carry: {crs: ^.metadata.referenceSystem}` gives every record the coordinate system.

Source: https://www.cityjson.org/specs/2.0.1/, sections 1 (transform), 3 (geometry, templates) and 8 (CityJSONSeq).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from hutong.model.bounds import Limits
from hutong.model.format import Encoding
from hutong.pages.formats.json import cut, parse, written
from hutong.pages.formats.ndjson import lines
from hutong.pages.formats.reading import LANDED
from hutong.pages.garbled import Garbled
from hutong.pages.text import decode

VERSIONS = ("1.1", "2.0")
POINT_BYTES = 64
"""What a point of three numbers takes in memory, about. Templates can ask for far more points than a file holds."""

Point = list[float]


class CityJsonReading:
    """See `reading.Reading`."""

    def __init__(self, encoding: Encoding | None) -> None:
        self._encoding = encoding

    def read(self, body: bytes, content_type: str, limits: Limits) -> Any:
        """The first object, with the city objects of all."""
        first, *features = parts(decode(body, content_type, self._encoding).text, limits)
        if first.get("type") != "CityJSON" or str(first.get("version")) not in VERSIONS:
            raise Garbled("the answer is JSON, but no CityJSON 1.1 or 2.0")
        solid = _Solid(first, limits)
        whole = [first, *features]
        found = [record for part in whole for record in solid.objects(part)]
        left_out = ("CityObjects", "vertices", "geometry-templates")
        return {**{name: value for name, value in first.items() if name not in left_out}, "CityObjects": found}

    def without(self, body: bytes, content_type: str, names: Collection[str]) -> bytes:
        """Keys are cut from city objects and from what describes the file, not from vertices and templates."""
        source = decode(body, content_type, self._encoding)
        kept = (written(_cut(part, names)) for part in parts(source.text, LANDED, names))
        return source.encoded("".join(f"{line}\n" for line in kept))


def parts(text: str, limits: Limits, never: Collection[str] = ()) -> list[dict[str, Any]]:
    """The one object of a CityJSON file, or the first line and the features of a sequence. Raises Garbled."""
    head, _, rest = text.strip().partition("\n")
    is_sequence = rest.strip() != "" and head.rstrip().endswith("}")
    found = list(lines(text, limits, never)) if is_sequence else [parse(text, limits, never)]
    for number, part in enumerate(found):
        kind = "CityJSONFeature" if number else "CityJSON"
        if not isinstance(part, dict) or part.get("type") != kind:
            raise Garbled(f"object {number + 1} of the answer is JSON, but no {kind}")
    return found


def _cut(part: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    fixed = ("type", "version", "transform", "vertices", "geometry-templates")
    kept = {
        name: value if name in fixed else cut(value, names)
        for name, value in part.items()
        if name in fixed or name not in names
    }
    if isinstance(part.get("CityObjects"), dict):
        # Its names are ids, not fields.
        kept["CityObjects"] = {identity: cut(one, names) for identity, one in part["CityObjects"].items()}
    return kept


class _Solid:
    """Turns numbers of vertices into coordinates, and stops when these become too many."""

    def __init__(self, first: Mapping[str, Any], limits: Limits) -> None:
        self._limits, self._left = limits, limits.answer_bytes // POINT_BYTES
        transform = first.get("transform")
        if not isinstance(transform, dict):
            raise Garbled("the CityJSON has no transform")
        self._scale, self._translate = (_triple(transform.get(name), name) for name in ("scale", "translate"))
        templates = first.get("geometry-templates") or {}
        self._templates: list[Any] = templates.get("templates") or []
        self._template_points = [
            [float(n) for n in _triple(one, "template")] for one in templates.get("vertices-templates") or []
        ]

    def objects(self, part: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
        """The city objects of `part`, in their order."""
        objects, vertices = part.get("CityObjects"), part.get("vertices")
        if not isinstance(objects, dict) or not isinstance(vertices, list):
            raise Garbled("the CityJSON has no CityObjects or no vertices")
        points = [self._point(vertex) for vertex in vertices]
        for identity, one in objects.items():
            if not isinstance(one, dict):
                yield {"id": identity, "value": one}
                continue
            found = {"id": identity, **one}
            if isinstance(one.get("geometry"), list):
                found["geometry"] = [self._geometry(shape, points) for shape in one["geometry"]]
            if isinstance(one.get("address"), list):
                found["address"] = [self._address(address, points) for address in one["address"]]
            yield found

    def _point(self, vertex: Any) -> Point:
        # In decimals, as the numbers are written: 0.001 times a whole number is no float's business.
        numbers = _triple(vertex, "vertex")
        return [float(n * s + t) for n, s, t in zip(numbers, self._scale, self._translate, strict=True)]

    def _address(self, address: Any, points: Sequence[Point]) -> Any:
        if not isinstance(address, dict) or not isinstance(address.get("location"), dict):
            return address
        return {**address, "location": self._geometry(address["location"], points)}

    def _geometry(self, shape: Any, points: Sequence[Point]) -> Any:
        if not isinstance(shape, dict) or "boundaries" not in shape:
            return shape
        if shape.get("type") == "GeometryInstance":
            return self._instance(shape, points)
        return {**shape, "boundaries": self._placed(shape["boundaries"], points)}

    def _placed(self, boundaries: Any, points: Sequence[Point]) -> Any:
        if isinstance(boundaries, list):
            return [self._placed(one, points) for one in boundaries]
        if type(boundaries) is not int or not 0 <= boundaries < len(points):
            raise Garbled(f"a geometry of the CityJSON names a vertex that is none of the {len(points)} it has")
        self._left -= 1
        if self._left < 0:
            raise Garbled(f"its geometries take more than {self._limits.answer_bytes} bytes when they are written out")
        return points[boundaries]

    def _instance(self, shape: dict[str, Any], points: Sequence[Point]) -> Any:
        """A template (section 3.4), turned and moved to its reference point."""
        number, matrix = shape.get("template"), shape.get("transformationMatrix")
        if type(number) is not int or not 0 <= number < len(self._templates):
            raise Garbled("a geometry of the CityJSON names a template that it does not have")
        if not isinstance(matrix, list) or len(matrix) != 16 or not all(map(_is_number, matrix)):
            raise Garbled("a template of the CityJSON is placed without a matrix of 16 numbers")
        (at, *_) = self._placed(shape["boundaries"], points) or [[0.0, 0.0, 0.0]]
        rows = [[float(n) for n in matrix[row : row + 4]] for row in (0, 4, 8)]
        self._left -= len(self._template_points)
        moved = [
            [a * x + b * y + c * z + d + base for (a, b, c, d), base in zip(rows, at, strict=True)]
            for x, y, z in self._template_points
        ]
        template = self._templates[number]
        if not isinstance(template, dict):
            raise Garbled("a template of the CityJSON is no geometry")
        return {**template, "boundaries": self._placed(template.get("boundaries"), moved)}


def _triple(found: Any, name: str) -> list[Decimal]:
    if not isinstance(found, list) or len(found) != 3 or not all(map(_is_number, found)):
        raise Garbled(f"the CityJSON has a {name} that is not three numbers")
    return [Decimal(str(number)) for number in found]


def _is_number(found: Any) -> bool:
    return isinstance(found, int | float | Decimal) and not isinstance(found, bool)
