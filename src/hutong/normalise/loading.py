"""Records as plain data -> columns of their leaves: the way of formats and schemas that the gate cannot take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa

from hutong.normalise.columns.filling import EXACT

Content = dict[str, Any]

_TYPES: Mapping[Any, frozenset[type]] = {
    pl.Int64: frozenset({int, type(None)}),
    pl.Float64: frozenset({int, float, type(None)}),
    pl.String: frozenset({str, type(None)}),
    pl.Boolean: frozenset({bool, type(None)}),
}


def leaves_of(contents: Sequence[Content], kinds: Mapping[str, pl.DataType]) -> tuple[pl.DataFrame, list[int]]:
    """A column for each path of `kinds`, and the places of those among `contents` that columns cannot hold.

    Whatever stands in rows of these says nothing. A schema lets pass 5.0 for an integer, whole numbers of any length,
    halves of surrogate pairs: they are read alone.
    """
    odd: set[int] = set()
    columns: list[pl.Series] = []
    opened: dict[str, list[Any]] = {"": list(contents)}
    for path, kind in kinds.items():
        values = _values(path, opened, odd)
        column = _column(path, values, kind)
        if column is None:
            unfit = {place for place, value in enumerate(values) if _column(path, [value], kind) is None}
            values = [None if place in unfit else value for place, value in enumerate(values)]
            column = _column(path, values, kind)
            odd |= unfit
        assert column is not None
        columns.append(column)
    return pl.DataFrame(columns), sorted(odd)


def _values(path: str, opened: dict[str, list[Any]], odd: set[int]) -> list[Any]:
    """What stands at `path` in each record; None where nothing does. opened: objects that were looked into before.

    Into `odd` go the places of records in which something else stands where the path wants an object.
    """
    parents, _, name = path.rpartition(".")
    if parents not in opened:
        opened[parents] = _values(parents, opened, odd)
    try:
        # Where each record has it, which is twice as fast.
        return list(map(itemgetter(name), opened[parents]))
    except (KeyError, TypeError):
        odd.update(place for place, one in enumerate(opened[parents]) if one is not None and type(one) is not dict)
        return [one.get(name) if type(one) is dict else None for one in opened[parents]]


def _column(path: str, values: list[Any], kind: pl.DataType) -> pl.Series | None:
    """`values` as a column; None if it would not hold each of them exactly."""
    if isinstance(kind, pl.List):
        return column_of_lists(path, values, kind)
    types = set(map(type, values))
    try:
        column = pl.Series(path, values, kind, strict=True) if types <= _TYPES[type(kind)] else None
    except (TypeError, OverflowError, UnicodeEncodeError):
        return None
    if kind == pl.Float64 and int in types and any(type(value) is int and abs(value) >= EXACT for value in values):
        # It may lie between two doubles, and has another text than the nearest of them.
        return None
    return column


def column_of_lists(path: str, values: list[Any], kind: pl.List) -> pl.Series | None:
    """Lists, or lists of lists, as a column: their elements as one, and where each list ends."""
    types = set(map(type, values))
    if not types <= {list, type(None)}:
        return None
    given = [value or () for value in values]
    elements = list(chain.from_iterable(given))
    column = _column("", elements, _element(kind))
    if column is None or (kind.inner == pl.Int64 and any(one is not None and abs(one) >= EXACT for one in elements)):
        return None
    ends = np.cumsum([0, *map(len, given)], dtype=np.int64)
    absent = np.array([value is None for value in values]) if type(None) in types else None
    found = pa.LargeListArray.from_arrays(
        pa.array(ends), column.to_arrow(), mask=None if absent is None else pa.array(absent)
    )
    return pl.Series(path, found).cast(kind)


def _element(kind: pl.List) -> pl.DataType:
    inner = kind.inner
    return inner if isinstance(inner, pl.DataType) else inner()
