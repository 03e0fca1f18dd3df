"""Mappings by columns: leaves of many records -> rows of a dataset, and the records of which that is not sure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from hutong.model.connector import JsonSchema
from hutong.model.dataset import Dataset
from hutong.model.mapping import Area, Elapsed, Line, Point, Rows, Rule, Time, When, paths_of
from hutong.model.mapping import Mapping as Declared
from hutong.normalise.clock import CHINA
from hutong.normalise.columns import numbers, places, texts, times
from hutong.normalise.columns.distinct import by_distinct
from hutong.normalise.columns.filling import RECEIVED_AT, Fill, Leaves, NoColumnForm, holdable
from hutong.normalise.pseudonym import Pseudonymiser
from hutong.normalise.rules import FILLS_SEVERAL, Context, compile_rule
from hutong.registry import Source
from hutong.schema.arrow import frame_schema
from hutong.schema.shape import Shape, shape_of

__all__ = ["RECEIVED_AT", "RECORD", "TAKES", "UNSURE", "Part", "compile_part", "kinds_of"]

RECORD = "#record"
"""The column of the number of the record."""
UNSURE = "#unsure"
TAKES = "#takes"

_FORMS: Mapping[str, Callable[[Any, Leaves], Fill]] = {
    "text": texts.text,
    "number": numbers.number,
    "quantity": numbers.quantity,
    "rate": numbers.rate,
    "time": times.time,
    "angle": numbers.angle,
    "point": places.point,
    "line": places.line,
    "code": texts.code,
    "id": texts.identity,
    "flag": texts.flag,
    "const": texts.const,
    "stake": numbers.stake,
}
"""Rules with a column form of their own."""
_KINDS: Mapping[frozenset[str], pl.DataType] = {
    frozenset({"integer"}): pl.Int64(),
    frozenset({"integer", "number"}): pl.Float64(),
    frozenset({"string"}): pl.String(),
    frozenset({"boolean"}): pl.Boolean(),
}


def kinds_of(schema: JsonSchema, paths: Sequence[str]) -> dict[str, pl.DataType]:
    """The types of those of `paths` that hold values of one type only, as `schema` declares them."""
    shape = shape_of(schema)
    found = {path: _kind_at(shape, path.split(".")) for path in paths}
    return {path: kind for path, kind in found.items() if kind is not None}


def _kind_at(shape: Shape, names: list[str]) -> pl.DataType | None:
    for name in names:
        if not shape.types <= {"object", "null"} or shape.fields is None or name not in shape.fields:
            return None
        shape = shape.fields[name]
    return _kind(shape)


def _kind(shape: Shape) -> pl.DataType | None:
    types = shape.types - {"null"}
    if types == {"array"}:
        elements = {_kind(each) for each in (*shape.first, *([shape.others] if shape.others is not None else []))}
        inner = elements.pop() if len(elements) == 1 else None
        return None if inner is None else pl.List(inner)
    return _KINDS.get(types)


@dataclass(frozen=True, slots=True)
class Part:
    """How leaves become rows of one dataset."""

    dataset: Dataset
    fills: Sequence[Fill]
    takes: pl.Expr
    """Whether a record goes to the dataset."""

    def rows(self, leaves: pl.DataFrame, constants: Mapping[str, Any]) -> pl.DataFrame:
        """One row for each of `leaves` (a column for each path, RECEIVED_AT, RECORD), whether it TAKES part in the
        dataset at all, and whether it is UNSURE.

        constants: column -> the value that all rows share.
        """
        values: dict[str, pl.Expr] = {name: pl.lit(value) for name, value in constants.items()}
        values |= {"received_at": pl.col(RECEIVED_AT), "record": pl.col(RECORD)}
        unsure: list[pl.Expr] = []
        asked = [f"{at} {name}" for at, fill in enumerate(self.fills) for name in fill.asks]
        exprs = (expr for fill in self.fills for expr in fill.asks.values())
        worked = leaves.select(expr.alias(name) for name, expr in zip(asked, exprs, strict=True))
        for at, fill in enumerate(self.fills):
            filled = fill.make(leaves, {name: worked[f"{at} {name}"] for name in fill.asks})
            values |= filled.values
            unsure += filled.unsure
        schema = frame_schema(self.dataset)
        columns = {name: values.get(name, pl.lit(None)).cast(kind) for name, kind in schema.items()}
        if "date" in schema and "observed_at" in schema:
            columns["date"] = columns["observed_at"].dt.convert_time_zone(str(CHINA)).dt.date()
        doubt = pl.any_horizontal(*unsure).fill_null(False) if unsure else pl.lit(False)
        return leaves.select(**columns, **{TAKES: self.takes, UNSURE: self.takes & doubt})


def compile_part(
    rows: Rows, source: Source, kinds: Mapping[str, pl.DataType], key: Pseudonymiser | None
) -> Part | None:
    """`rows` of a mapping by columns; None where they read what has no single type, or elements of lists.

    Raises as `rules.compile_rule`.
    """
    if rows.each is not None:
        return None
    dataset = source.datasets[rows.dataset]
    try:
        fills = [_fill(column, rule, dataset, source, kinds, key) for column, rule in rows.fields.items()]
        return Part(dataset, fills, _takes(rows, source.mapping, kinds))
    except NoColumnForm:
        return None


def _takes(rows: Rows, mapping: Declared, kinds: Mapping[str, pl.DataType]) -> pl.Expr:
    """Whether records go to the dataset of `rows`; see `elements`."""
    if rows.when is not None:
        return _when(rows.when, kinds)
    if not rows.rest:
        return pl.lit(True)
    others = [_when(part.when, kinds) for part in mapping.rows if part.when is not None and part.each == rows.each]
    return ~pl.any_horizontal(*others)


def _when(when: When, kinds: Mapping[str, pl.DataType]) -> pl.Expr:
    kind = kinds.get(when.from_)
    if kind is None or kind.is_nested():
        raise NoColumnForm
    stated = (when.in_ if when.in_ is not None else when.not_in) or []
    leaf = pl.col(when.from_)
    listed = leaf.is_in(holdable(stated, kind).implode())
    matches = pl.when(leaf.is_null()).then(pl.lit(None in stated)).otherwise(listed)
    return matches if when.in_ is not None else ~matches


def _fill(
    column: str,
    rule: Rule,
    dataset: Dataset,
    source: Source,
    kinds: Mapping[str, pl.DataType],
    key: Pseudonymiser | None,
) -> Fill:
    context = Context(dataset, column, source.crosswalks, key)
    leaves = Leaves(kinds, context)
    read = compile_rule(rule, context)
    try:
        return _FORMS[rule.rule](rule, leaves) if rule.rule in _FORMS else _by_distinct(rule, read, leaves)
    except NoColumnForm:
        return _by_distinct(rule, read, leaves)


def _by_distinct(rule: Rule, read: Any, leaves: Leaves) -> Fill:
    schema = frame_schema(leaves.context.dataset)
    fills = {name: schema[name] for name in filled_by(leaves.context.column, rule)}
    return by_distinct(
        read,
        paths_of(rule),
        fills,
        leaves,
        is_several=rule.rule in FILLS_SEVERAL,
        reads_receipt=isinstance(rule, Time | Elapsed),
    )


def filled_by(column: str, rule: Rule) -> tuple[str, ...]:
    """The columns that `rule` fills where it stands at `column`."""
    if isinstance(rule, Point):
        return "lon", "lat", "source_crs"
    if isinstance(rule, Line | Area):
        return "lon", "lat", "source_crs", "geometry"
    return (column, f"{column}_raw") if rule.rule == "code" else (column,)
