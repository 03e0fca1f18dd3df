"""Delimited text (RFC 4180 and its relatives): the document is the list of its rows, every value a text.

A row with more or fewer fields than there are columns becomes the record `{"value": [its fields]}`, which no schema
accepts: it is counted and refused by itself, and the others go on.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator
from typing import Any

from hutong.model.bounds import MIB, Limits
from hutong.model.format import Csv
from hutong.pages.formats.reading import LANDED, most_records
from hutong.pages.garbled import Garbled
from hutong.pages.text import decode

csv.field_size_limit(16 * MIB)  # one number for the whole process; 128 KiB of its own are too few for geometries


class CsvReading:
    """See `reading.Reading`. never_keep: columns that a file without a line of names keeps, empty, in their place."""

    def __init__(self, form: Csv, never_keep: Collection[str] = ()) -> None:
        self._form = form
        self._left_out = frozenset(never_keep) if form.columns else frozenset()

    def read(self, body: bytes, content_type: str, limits: Limits) -> Any:
        """The rows."""
        names, rows = table(decode(body, content_type, self._form.encoding).text, self._form, limits)
        wanted = [(place, name) for place, name in enumerate(names) if name not in self._left_out]
        return [
            {name: row[place] for place, name in wanted} if len(row) == len(names) else {"value": row} for row in rows
        ]

    def without(self, body: bytes, content_type: str, names: Collection[str]) -> bytes:
        """Columns are cut; a row of another length, of which nobody knows what it holds, is emptied."""
        source = decode(body, content_type, self._form.encoding)
        columns, rows = table(source.text, self._form, LANDED)
        keeps = [name not in names for name in columns]
        if not any(keeps):
            raise Garbled("every column of the answer is one that is never kept")
        written = io.StringIO(newline="")
        written.write("\r\n" * self._form.skip)
        writer = csv.writer(written, delimiter=self._form.delimiter, lineterminator="\r\n")
        if self._form.columns is None:
            width = sum(keeps)
            writer.writerow([name for name, keep in zip(columns, keeps, strict=True) if keep])
        else:
            width = len(columns)
        for row in rows:
            if len(row) != len(columns):
                writer.writerow([""] * (width + 1))
            elif self._form.columns is None:
                writer.writerow([value for value, keep in zip(row, keeps, strict=True) if keep])
            else:
                writer.writerow([value if keep else "" for value, keep in zip(row, keeps, strict=True)])
        return source.encoded(written.getvalue())


def table(text: str, form: Csv, limits: Limits) -> tuple[list[str], Iterator[list[str]]]:
    """The names of the columns, and the rows one by one; empty lines are none.

    Raises Garbled, with the line, for quotes that do not match and for names that are missing, empty or there twice;
    and for more rows than `limits` allow.
    """
    lines = io.StringIO(text, newline="")
    for _ in range(form.skip):
        lines.readline()
    rows = _rows(csv.reader(lines, delimiter=form.delimiter, strict=True), form.skip, limits)
    if form.columns is not None:
        return form.columns, rows
    names = next(rows, None)
    if names is None:
        raise Garbled("the answer is empty: it has no line of names")
    names[0] = names[0].removeprefix("\ufeff")  # a mark that stands behind lines above the names, or twice
    if "" in names:
        raise Garbled(f"column {names.index('') + 1} has no name in line {form.skip + 1}")
    if len(set(names)) != len(names):
        twice = next(place for place, name in enumerate(names) if name in names[:place])
        raise Garbled(f"column {twice + 1} has the name of another one in line {form.skip + 1}")
    return names, rows


def _rows(reader: Any, skipped: int, limits: Limits) -> Iterator[list[str]]:
    left = most_records(limits)
    try:
        for row in reader:
            if row:
                yield row
                left -= 1
                if left < 0:
                    raise Garbled(f"the answer holds more than {most_records(limits)} rows (`limits.answer_bytes`)")
    except csv.Error as wrong:
        raise Garbled(f"the answer is no CSV, or cut short, at line {skipped + reader.line_num}: {wrong}") from None
