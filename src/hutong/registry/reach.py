"""Where a path of a mapping leads, by what the schema of the raw record declares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from hutong.errors import nearest
from hutong.model.mapping import Rows
from hutong.model.path import Level, read_each, read_path
from hutong.registry.reads import Types
from hutong.schema.shape import Shape

_WORDS = {"string": "text", "array": "a list", "object": "an object", "boolean": "true or false"}


class Misled(Exception):
    """A path that cannot lead anywhere; its text says why."""


def levels_of(rows: Rows) -> list[Level]:
    """The way from a record to an element of `rows`, 0 for each place in a list."""
    return [] if rows.each is None else [(*keys, 0) for keys in read_each(rows.each)]


def reached(shape: Shape, way: Level) -> Shape:
    """What is declared at `way` from a record. Raises Misled where nothing can stand there."""
    here = shape
    for depth, step in enumerate(way):
        where = _spelled(way[:depth]) or "the record"
        if isinstance(step, int):
            if not here.types & {"array", "object"}:
                raise Misled(f"{where} is {said(here.types)}, not a list; leave `each` out, or name a list")
            here = here.inside
        elif "object" not in here.types:
            raise Misled(f"{where} is {said(here.types)} and has no '{step}'")
        elif here.fields is not None and step in here.fields:
            here = here.fields[step]
        elif here.is_open:
            return Shape()
        else:
            path = _spelled((*way[:depth], step))
            raise Misled(f"the record has no '{path}'; {nearest(step, here.fields or ())}")
    return here


def _spelled(way: Sequence[str | int]) -> str:
    return ".".join(str(step) for step in way if isinstance(step, str)) if way else ""


def said(types: Types) -> str:
    """`types` in words, numbers as one, without null."""
    words = {_WORDS.get(kind, "a number") for kind in types if kind != "null"}
    return " or ".join(sorted(words)) or "null"


def misreadings(text: str, types: Types, levels: Sequence[Level], shape: Shape) -> Iterator[str]:
    """Why what stands at the path `text` can never be of `types`; an empty set asks only whether it can be there.

    levels: the way from the record to where the rules read.
    """
    path = read_path(text)
    if path.climbs > len(levels):
        reason = f"`each` opens only {len(levels)}" if levels else "there is no `each`"
        yield f"'{text}' climbs above the record, since {reason}; remove `^`"
        return
    try:
        found = reached(shape, path.within(levels))
    except Misled as wrong:
        yield str(wrong)
        return
    if types and not found.types & types:
        hint = "; state `as_text: true`" if types <= {"integer", "number"} and "string" in found.types else ""
        yield f"'{text}' is {said(found.types)}, but the rule reads {said(types)}{hint or '; choose another rule'}"
