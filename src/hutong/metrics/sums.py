"""Sums over a table that only grows, file by file: a file never changes, so it is added up once.

For as long as a process lives. Compaction makes new files of old ones, which are then added up again.
"""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import pyarrow.dataset as pads

from hutong.store.failures import told
from hutong.store.paths import Place
from hutong.store.tables import dataset_of, existing


class Sums:
    """What `add_up` makes of each file of a table, put together.

    add_up: a file's rows with `columns` and a condition -> any frame; all of them have one schema.
    """

    def __init__(
        self, columns: tuple[str, ...], add_up: Callable[[pl.DataFrame], pl.DataFrame], where: pads.Expression
    ) -> None:
        self._columns, self._add_up, self._where = columns, add_up, where
        self._known: dict[str, dict[str, pl.DataFrame]] = {}

    def of(self, place: Place) -> pl.DataFrame | None:
        """One frame for all files of the table at `place`; None if there is no table. Raises StoreError."""
        table = existing(place)
        if table is None:
            return None
        known = self._known.get(place.uri, {})
        with told(place):
            rows = dataset_of(table, place)
            found = {
                one.path: known[one.path] if one.path in known else self._of_file(one, rows)
                for one in rows.get_fragments()
            }
        self._known[place.uri] = found
        return pl.concat(found.values()) if found else None

    def _of_file(self, fragment: pads.Fragment, rows: pads.Dataset) -> pl.DataFrame:
        read = fragment.to_table(schema=rows.schema, columns=list(self._columns), filter=self._where)
        frame = pl.from_arrow(read)
        assert isinstance(frame, pl.DataFrame)
        return self._add_up(frame)
