"""The Arrow schema of a dataset, and so of its Delta table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from hutong.model.dataset import Dataset, FieldType

TYPES: Mapping[FieldType, pa.DataType] = {
    "string": pa.string(),
    "int": pa.int32(),
    "long": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
    "binary": pa.binary(),
}

_POLARS: Mapping[FieldType, pl.DataType] = {
    "string": pl.String(),
    "int": pl.Int32(),
    "long": pl.Int64(),
    "double": pl.Float64(),
    "boolean": pl.Boolean(),
    "timestamp": pl.Datetime("us", "UTC"),
    "date": pl.Date(),
    "binary": pl.Binary(),
}


def frame_schema(dataset: Dataset) -> dict[str, pl.DataType]:
    """The columns of `dataset` in the contract's order, as polars has them."""
    return {field.name: _POLARS[field.type] for field in dataset.fields}


def arrow_schema(dataset: Dataset) -> pa.Schema:
    """Columns in the contract's order; a required column is not nullable; the Chinese name travels as the column's
    comment.
    """
    return pa.schema(
        pa.field(
            field.name,
            TYPES[field.type],
            nullable=not field.required,
            metadata={"comment": field.words.zh, **({"unit": field.unit} if field.unit else {})},
        )
        for field in dataset.fields
    )


def to_table(rows: Sequence[Mapping[str, Any]], dataset: Dataset) -> pa.Table:
    """`rows` as a table of the contract's schema. Raises pyarrow.ArrowInvalid when a value does not have its column's
    type.
    """
    schema = arrow_schema(dataset)
    columns = [pa.array([row[field.name] for row in rows], type=field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)


def to_frame(rows: Sequence[Mapping[str, Any]], dataset: Dataset) -> pl.DataFrame:
    """`rows` as a frame of the contract's columns. Raises TypeError when a value does not have its type."""
    return pl.DataFrame(
        {
            name: pl.Series(name, [row[name] for row in rows], kind, strict=True)
            for name, kind in frame_schema(dataset).items()
        }
    )
