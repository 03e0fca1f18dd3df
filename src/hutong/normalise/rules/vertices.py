"""The vertices of lines and areas, as platforms write them: arrays of arrays, or one text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hutong.normalise.reading import Unreadable, number, number_or_text

Vertices = list[tuple[float, float]]
ToVertices = Callable[[Any, str, str], Vertices]
"""From a value, its place and the rule's name to vertices in the source's order of axes; raises Unreadable."""


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
