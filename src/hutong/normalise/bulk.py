"""A source, compiled for many records at once: its gate, if it can have one, and its mapping by columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from hutong.model.mapping import Rows, paths_of
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


@dataclass(frozen=True, slots=True)
class Keys:
    """The columns of a dataset's own key and no others. leaves: as in `Bulk`."""

    leaves: Mapping[str, pl.DataType]
    part: Part


def compile_bulk(source: Source, key: Pseudonymiser | None) -> Bulk | None:
    """The mapping of `source` by columns; None where some part of it has no such form, and records are read one by one.

    Raises as `rules.compile_rule`.
    """
    window = source.stream.window_by
    cursor = window.cursor_path if window is not None else None
    leaves = _leaves(source, source.mapping.rows, cursor)
    if leaves is None:
        return None
    parts = tuple(compile_part(rows, source, leaves, key) for rows in source.mapping.rows)
    whole = tuple(part for part in parts if part is not None)
    if len(whole) < len(parts) or (cursor is not None and cursor not in leaves):
        return None
    return Bulk(leaves, whole, compile_gate(source.schema, source.stream, leaves), cursor)


def compile_keys(rows: Rows, source: Source, key: Pseudonymiser | None) -> Keys | None:
    """The own key of the dataset of `rows`, by columns; None where it has no such form. Raises as `compile_bulk`."""
    own_key = source.datasets[rows.dataset].own_key
    fields = {column: rule for column, rule in rows.fields.items() if column in own_key}
    keyed = rows.model_copy(update={"fields": fields})
    leaves = _leaves(source, [keyed])
    part = None if leaves is None else compile_part(keyed, source, leaves, key)
    return None if leaves is None or part is None else Keys(leaves, part)


def _leaves(source: Source, parts: Sequence[Rows], cursor: str | None = None) -> dict[str, pl.DataType] | None:
    """Paths that `parts` of the mapping of `source` read -> types of their columns; None where they cannot be any."""
    whens = [rows.when.from_ for rows in source.mapping.rows if rows.when is not None]
    read = [path for rows in parts for rule in rows.fields.values() for path in paths_of(rule)]
    paths = list(dict.fromkeys([*read, *whens, *([cursor] if cursor else [])]))
    # So the columns are called that are of no record.
    return None if any(path.startswith("#") for path in paths) else kinds_of(source.schema, paths)
