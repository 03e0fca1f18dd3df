"""Which keys a pull shows, whatever became of its records: what is listed with an impossible height is still listed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import pyarrow as pa

from hutong.model.batch import Record
from hutong.model.dataset import Dataset
from hutong.model.rows import Refresh
from hutong.normalise.plan import Plan, RowPlan, Trouble
from hutong.registry import Source
from hutong.schema.arrow import TYPES


def keys_shown(records: Iterable[Record], at: datetime, plan: Plan, source: Source) -> Refresh:
    """The keys of `records`, those of one whole pull whose last page came at `at`.

    Only the rules of key columns are run, on the raw records: no schema, no row rule and no other column stands in the
    way.
    """
    listings = [
        _Listing(part, source.datasets[part.dataset])
        for part in plan.rows
        if source.datasets[part.dataset].has_tombstones
    ]
    for record in records:
        for listing in listings:
            listing.add(record)
    return Refresh(
        at=at,
        keys={one.dataset.id: one.table() for one in listings},
        unreadable={one.dataset.id: one.unreadable for one in listings if one.unreadable},
    )


class _Listing:
    """The keys of one dataset, as far as they have been read."""

    def __init__(self, part: RowPlan, dataset: Dataset) -> None:
        key = dataset.own_key
        self.dataset, self.unreadable = dataset, 0
        self._plan = RowPlan(
            dataset,
            part.elements,
            dict.fromkeys(key),
            tuple(one for one in part.one_column if one[0] in key),
            tuple(one for one in part.several_columns if one[0] in key),
            has_date=False,
        )
        self._keys: dict[tuple[object, ...], None] = {}

    def add(self, record: Record) -> None:
        troubles: list[Trouble] = []
        rows = self._plan.rows(record.content, self._plan.empty, record.received_at, troubles)
        keys = [tuple(row[name] for name in self.dataset.own_key) for row in rows]
        if troubles or any(None in key for key in keys):
            self.unreadable += 1
        else:
            self._keys.update(dict.fromkeys(keys))

    def table(self) -> pa.Table:
        columns = zip(*self._keys, strict=True) if self._keys else ((),) * len(self.dataset.own_key)
        return pa.table(
            {
                name: pa.array(column, TYPES[self.dataset.field(name).type])
                for name, column in zip(self.dataset.own_key, columns, strict=True)
            }
        )
