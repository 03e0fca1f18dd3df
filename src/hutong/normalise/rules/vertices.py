"""The vertices of lines and areas, as platforms write them: arrays of arrays, arrays of objects, or one text."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from hutong.model import mapping
from hutong.model.path import UP
from hutong.normalise.reading import Raw, Unreadable, number, number_or_text
from hutong.normalise.rules.context import MisfitRule
from hutong.normalise.rules.coordinates import compile_coordinates
from hutong.schema.units import scaling

Vertices = list[tuple[float, float]]
ToVertices = Callable[[Any, str, str], Vertices]
"""From a value, its place and the rule's name to vertices in the source's order of axes; raises Unreadable."""


def compile_vertices(rule: mapping.Line, how: str) -> Callable[[Raw, Any], Vertices]:
    """A function from a record, and what stands at the rule's path, to vertices in the source's order of axes.

    It raises Unreadable. Raises MisfitRule where the rule states what does not go together.
    """
    if rule.form == "objects":
        return _from_objects(rule, how)
    if rule.vertex is not None or rule.base is not None or rule.offsets or rule.scale != 1 or rule.as_text:
        raise MisfitRule(f"`vertex`, `base`, `offsets`, `scale` and `as_text` go with form: objects, not {rule.form}")
    path, to_vertices = rule.from_, from_array if rule.form == "array" else from_text
    return lambda raw, value: to_vertices(value, path, how)


def _from_objects(rule: mapping.Line, how: str) -> Callable[[Raw, Any], Vertices]:
    """Each vertex is read as the rule `point` reads a place; its base stands in what encloses the list."""
    if rule.vertex is None:
        raise MisfitRule("form: objects needs `vertex`, such as [lon, lat]")
    base = None if rule.base is None else (_enclosing(rule.base[0]), _enclosing(rule.base[1]))
    stated = {"base": base, **{word: getattr(rule, word) for word in ("offsets", "crs", "axes", "as_text", "missing")}}
    point = mapping.Point.model_validate({"rule": "point", "from": list(rule.vertex), **stated})
    coordinates, scale, path = compile_coordinates(point), scaling(Fraction(str(rule.scale))), rule.from_

    def vertices(raw: Raw, value: Any) -> Vertices:
        if not isinstance(value, list):
            raise Unreadable(path, value, how)
        return [vertex(raw, value, one) for one in value]

    def vertex(raw: Raw, value: Any, one: Any) -> tuple[float, float]:
        try:
            found = coordinates({**one, UP: raw}) if isinstance(one, dict) else None
            if found is not None:
                return float(scale(found.x)), float(scale(found.y))
        except (Unreadable, OverflowError):
            pass
        # Of the whole line, because it is one value to whoever reads the finding.
        raise Unreadable(path, value, how)

    return vertices


def _enclosing(path: str) -> str:
    """`path`, of a record, as an element of one of its lists has to climb there."""
    return f"^{path}" if path.startswith("^") else f"^.{path}"


def from_array(value: Any, place: str, how: str) -> Vertices:
    """`[[x, y], ...]`, each with a height or without."""
    if not isinstance(value, list):
        raise Unreadable(place, value, how)
    return [_vertex(vertex, number, place, value, how) for vertex in value]


def from_text(value: Any, place: str, how: str) -> Vertices:
    """`x,y;x,y`, each with a height or without."""
    if type(value) is not str:
        raise Unreadable(place, value, how)
    return [_vertex(vertex.split(","), number_or_text, place, value, how) for vertex in value.split(";")]


def _vertex(
    vertex: Any, to_number: Callable[[Any, str, str], int | float], place: str, value: Any, how: str
) -> tuple[float, float]:
    if not isinstance(vertex, list) or len(vertex) not in (2, 3):
        raise Unreadable(place, value, how)
    try:
        return float(to_number(vertex[0], place, how)), float(to_number(vertex[1], place, how))
    except Unreadable:
        raise Unreadable(place, value, how) from None
