"""Whether the parts of a mapping find their elements, and take every record between them: `each`, `when`, `rest`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from hutong.model import mapping as rules
from hutong.registry.reach import Misled, levels_of, misreadings, reached, said
from hutong.registry.read import Place
from hutong.registry.reads import types_of
from hutong.schema.shape import Shape, json_type


def choice_problems(rows: rules.Rows, mapping: rules.Mapping) -> Iterator[tuple[Place, str]]:
    """What is wrong with `when` and `rest` by themselves."""
    if rows.when is not None and (rows.when.in_ is None) == (rows.when.not_in is None):
        yield ("when",), "when: it goes by one list of values; state `in` or `not_in`"
    if rows.rest and rows.when is not None:
        yield ("rest",), "`rest` takes what no `when` takes; remove one of the two"
    elif rows.rest and not any(part.when is not None and part.each == rows.each for part in mapping.rows):
        yield ("rest",), "`rest` takes what no `when` takes, but no part with this `each` has a `when`; remove the line"


def nowhere(mapping: rules.Mapping) -> Iterator[tuple[int, str]]:
    """Parts whose `when` leaves records nowhere, though no other part takes them: place among the parts, and why."""
    by_each: defaultdict[str | None, list[tuple[int, rules.Rows]]] = defaultdict(list)
    for index, rows in enumerate(mapping.rows):
        by_each[rows.each].append((index, rows))
    for parts in by_each.values():
        whens = [rows.when for _, rows in parts if rows.when is not None]
        if len(whens) == len(parts) and not any(_is_covered(path, whens) for path in {when.from_ for when in whens}):
            index, last = parts[-1]
            what = "records" if last.each is None else f"elements of {last.each}"
            yield index, f"{what} that no `when` takes would go nowhere; let one part take them with `rest: true`"


def _is_covered(path: str, whens: Iterable[rules.When]) -> bool:
    """Whether every value at `path` is taken by one of `whens`."""
    of_path = [when for when in whens if when.from_ == path]
    taken = {_key(value) for when in of_path for value in when.in_ or ()}
    left = [{_key(value) for value in when.not_in} for when in of_path if when.not_in is not None]
    return bool(left) and set.intersection(*left) <= taken


def _key(value: rules.Scalar) -> tuple[str, rules.Scalar]:
    return json_type(value), value


def each_problems(rows: rules.Rows, shape: Shape) -> Iterator[tuple[Place, str]]:
    """What is wrong with the path of `each`."""
    if rows.each is None:
        return
    try:
        found = reached(shape, tuple(step for level in levels_of(rows) for step in level))
        if "object" not in found.types:
            yield ("each",), f"the elements of {rows.each} are {said(found.types)}; rows are made of objects"
    except Misled as wrong:
        yield ("each",), f"each: {wrong}"


def when_problems(rows: rules.Rows, shape: Shape) -> Iterator[str]:
    """What is wrong with the path of `when`."""
    stated = [] if rows.when is None else [*(rows.when.in_ or ()), *(rows.when.not_in or ())]
    if rows.when is not None and stated:
        for wrong in misreadings(rows.when.from_, types_of(stated), levels_of(rows), shape):
            yield f"when: {wrong}"
