"""Any rule by columns: its scalar form, run once for each distinct combination of the values that it reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import polars as pl

from hutong.normalise.columns.filling import RECEIVED_AT, Fill, Filled, Leaves
from hutong.normalise.reading import Reader, Unreadable

_REMEMBERED, _LONG = 2048, 2048
"""Answers that are kept of each rule, and the characters of a text that is too long to keep."""
_UNREADABLE = object()


def by_distinct(
    read: Reader,
    paths: Sequence[str],
    fills: Mapping[str, pl.DataType],
    leaves: Leaves,
    *,
    is_several: bool,
    reads_receipt: bool,
) -> Fill:
    """The column form of a rule that has none of its own. fills: columns that it fills -> their types.

    read: its scalar form, which gives a dictionary of columns if it `is_several`. reads_receipt: whether its answer
    depends on the time of receipt too. Raises NoColumnForm.
    """
    paths = list(dict.fromkeys(paths))
    # As a key -0.0 is 0.0, so that its sign stands beside it.
    signs = {f"#minus {path}": 1 / pl.col(path) < 0 for path in paths if leaves.kind(path) == pl.Float64}
    asked = [*paths, *signs, *([RECEIVED_AT] if reads_receipt else [])]
    is_listed = any(leaves.kind(path).is_nested() for path in paths)

    def answer(row: tuple[Any, ...]) -> Any:
        """What `read` makes of the values of `row`, or _UNREADABLE."""
        try:
            return read(_record(paths, row), row[-1])
        except Unreadable:
            return _UNREADABLE

    # The next group says much of the same again: a road's geometry stands in each of its five minutes.
    remembered = lru_cache(_REMEMBERED)(answer)

    def fill(frame: pl.DataFrame, asked_for: Mapping[str, pl.Series]) -> Filled:
        found = frame.with_columns(**signs).select(asked)
        # Lists seldom repeat, and are slow to compare.
        some = found if is_listed else found.unique(maintain_order=True)
        values: dict[str, list[Any]] = {name: [] for name in fills}
        unsure: list[bool] = []
        for row in some.iter_rows():
            made = answer(row) if is_listed or _is_long(row) else remembered(row)
            unsure.append(made is _UNREADABLE)
            made = None if made is _UNREADABLE else made
            for name in fills:
                values[name].append(made[name] if is_several and made is not None else made)
        columns = [pl.Series(name, values[name], kind, strict=True) for name, kind in fills.items()]
        answers = some.with_columns(pl.Series("#unsure", unsure, pl.Boolean))
        answers = answers.with_columns(column.alias(f"#{column.name}") for column in columns)
        if not is_listed:
            answers = found.join(answers, on=asked, how="left", nulls_equal=True, maintain_order="left")
        return Filled({name: pl.lit(answers[f"#{name}"]) for name in fills}, [pl.lit(answers["#unsure"])])

    return Fill(fill)


def _is_long(row: Sequence[Any]) -> bool:
    return any(isinstance(value, str) and len(value) > _LONG for value in row)


def _record(paths: Sequence[str], row: Sequence[Any]) -> dict[str, Any]:
    """A record with `row` at `paths` and nothing else; behind them may stand the time of receipt."""
    record: dict[str, Any] = {}
    for path, value in zip(paths, row, strict=False):
        *parents, last = path.split(".")
        here = record
        for name in parents:
            here = here.setdefault(name, {})
        here[last] = value
    return record
