"""A source, compiled for many records at once: its gate, if it can have one, and its mapping by columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from hutong.model.mapping import paths_of
from hutong.normalise.columns import Part, compile_part, kinds_of
from hutong.normalise.gate import Gate, compile_gate
from hutong.normalise.pseudonym import Pseudonymiser
from hutong.registry import Source


@dataclass(frozen=True, slots=True)
class Bulk:
    """leaves: paths that are read -> types of their columns. parts: one for each dataset of the mapping.

    gate: None where records are read as plain data first. cursor: the path by which records are told to be late.
    """

    leaves: Mapping[str, pl.DataType]
    parts: tuple[Part, ...]
    gate: Gate | None
    cursor: str | None


def compile_bulk(source: Source, key: Pseudonymiser | None) -> Bulk | None:
    """The mapping of `source` by columns; None where some part of it has no such form, and records are read one by one.

    Raises as `rules.compile_rule`.
    """
    rules = [rule for rows in source.mapping.rows for rule in rows.fields.values()]
    window = source.stream.window_by
    cursor = window.cursor_path if window is not None else None
    whens = [rows.when.from_ for rows in source.mapping.rows if rows.when is not None]
    read = [path for rule in rules for path in paths_of(rule)]
    paths = list(dict.fromkeys([*read, *whens, *([cursor] if cursor else [])]))
    if any(path.startswith("#") for path in paths):
        # So the columns are called that are of no record.
        return None
    leaves = kinds_of(source.schema, paths)
    parts = tuple(compile_part(rows, source, leaves, key) for rows in source.mapping.rows)
    whole = tuple(part for part in parts if part is not None)
    if len(whole) < len(parts) or (cursor is not None and cursor not in leaves):
        return None
    return Bulk(leaves, whole, compile_gate(source.schema, source.stream, leaves), cursor)
