"""A Parquet file: the document is the list of its rows.

What JSON lacks becomes text: decimals as they are written, times as ISO 8601, bytes as base64, numbers that are none as
NaN, Infinity, -Infinity. A map becomes a list of `{key, value}`.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Collection, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from hutong.model.bounds import Limits
from hutong.pages.formats.reading import LANDED
from hutong.pages.garbled import Garbled

CELL_BYTES = 16
"""What a value takes in memory at the least. A file of some bytes can hold a billion equal ones."""

Plain = Callable[[Any], Any]


class ParquetReading:
    """See `reading.Reading`."""

    def read(self, body: bytes, content_type: str, limits: Limits) -> Any:
        """The rows."""
        with _opened(body, limits) as file:
            schema = file.schema_arrow
            _check_depth(schema, limits)
            plain = {field.name: _plain(_decoded(field.type)) for field in schema}
            found: list[dict[str, Any]] = []
            try:
                for batch in _batches(file, limits):
                    found += [
                        {name: None if value is None else plain[name](value) for name, value in row.items()}
                        for row in batch.to_pylist()
                    ]
                if len(found) != file.metadata.num_rows:
                    raise Garbled("the Parquet file holds another number of rows than it says")
            except (pa.ArrowException, ValueError, OverflowError, OSError) as wrong:
                raise _broken(wrong) from None
        return found

    def without(self, body: bytes, content_type: str, names: Collection[str]) -> bytes:
        """Columns are cut, and fields of structures; a structure of which nothing is left goes too."""
        with _opened(body, LANDED) as file:
            paths = [file.schema.column(number).path for number in range(len(file.schema))]
            kept = [path for path in paths if not set(path.split(".")) & set(names)]
            if not kept:
                raise Garbled("every column of the answer is one that is never kept")
            try:
                table = file.read(columns=kept).replace_schema_metadata(None)
            except (pa.ArrowException, ValueError, OSError) as wrong:
                raise _broken(wrong) from None
        if set(_names(table.schema)) & set(names):
            raise Garbled("a column that is never kept could not be told from the others by its name")
        sink = pa.BufferOutputStream()
        pq.write_table(table, sink)
        written: bytes = sink.getvalue().to_pybytes()
        return written


def _opened(body: bytes, limits: Limits) -> pq.ParquetFile:
    try:
        file = pq.ParquetFile(pa.BufferReader(body), page_checksum_verification=True)
    except (pa.ArrowException, ValueError, OSError) as wrong:
        raise _broken(wrong) from None
    metadata = file.metadata
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    if sum(group.num_rows for group in groups) != metadata.num_rows:
        raise Garbled("the Parquet file says two different numbers of rows")
    unpacked = sum(group.total_byte_size for group in groups)
    cells = metadata.num_rows * metadata.num_columns
    if max(unpacked, cells * CELL_BYTES) > limits.answer_bytes:
        raise Garbled(f"the Parquet file holds more than {limits.answer_bytes} bytes")
    names = file.schema_arrow.names
    if len(set(names)) != len(names):
        raise Garbled("the Parquet file has two columns of one name")
    return file


def _batches(file: pq.ParquetFile, limits: Limits) -> Iterator[pa.RecordBatch]:
    """The rows in parts that fit, counted as they come.

    One long word of a dictionary may stand in every row: no word is longer than the largest group of rows, so a part of
    so many rows takes little more than the bytes that are allowed.
    """
    groups = (file.metadata.row_group(number).total_byte_size for number in range(file.metadata.num_row_groups))
    fitting = limits.answer_bytes // max(1, *groups)
    left = limits.answer_bytes
    for part in file.iter_batches(batch_size=min(max(fitting, 8), 1024)):
        columns = [
            column.dictionary_decode() if pa.types.is_dictionary(column.type) else column for column in part.columns
        ]
        batch = pa.RecordBatch.from_arrays(columns, part.schema.names)
        left -= batch.nbytes
        if left < 0:
            raise Garbled(f"the Parquet file holds more than {limits.answer_bytes} bytes")
        yield batch


def _broken(wrong: Exception) -> Garbled:
    if isinstance(wrong, Garbled):
        return wrong
    return Garbled(f"the answer is no Parquet file, or one that is broken or cut short ({type(wrong).__name__})")


def _check_depth(schema: pa.Schema, limits: Limits) -> None:
    if 2 + max((_depth(field.type) for field in schema), default=0) > limits.depth:
        raise Garbled(f"the answer is nested deeper than {limits.depth} levels")


def _depth(kind: pa.DataType) -> int:
    return 1 + max((_depth(kind.field(n).type) for n in range(kind.num_fields)), default=-1)


def _names(fields: Any) -> Iterator[str]:
    for field in fields:
        yield field.name
        yield from _names([field.type.field(number) for number in range(field.type.num_fields)])


def _decoded(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _plain(kind: pa.DataType) -> Plain:
    """How a value of `kind`, which is not None, becomes plain."""
    types = pa.types
    if types.is_struct(kind):
        inner = {kind.field(number).name: _plain(kind.field(number).type) for number in range(kind.num_fields)}
        return lambda value: {name: None if part is None else inner[name](part) for name, part in value.items()}
    if types.is_map(kind):
        of_key, of_value = _plain(kind.key_type), _plain(kind.item_type)
        return lambda value: [
            {"key": of_key(key), "value": None if part is None else of_value(part)} for key, part in value
        ]
    if types.is_list(kind) or types.is_large_list(kind) or types.is_fixed_size_list(kind):
        of_part = _plain(kind.value_type)
        return lambda value: [None if part is None else of_part(part) for part in value]
    if types.is_floating(kind):
        return _finite
    if types.is_decimal(kind):
        return lambda value: format(value, "f")
    if types.is_timestamp(kind) or types.is_date(kind) or types.is_time(kind):
        return lambda value: value.isoformat()
    if types.is_binary(kind) or types.is_large_binary(kind) or types.is_fixed_size_binary(kind):
        return lambda value: base64.b64encode(value).decode()
    if (
        types.is_boolean(kind)
        or types.is_integer(kind)
        or types.is_string(kind)
        or types.is_large_string(kind)
        or types.is_null(kind)
    ):
        return lambda value: value
    raise Garbled(f"the Parquet file has a column of type {kind}, which is not read here")


def _finite(value: float) -> float | str:
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
