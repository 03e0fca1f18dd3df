"""Which keys a pull shows, whatever became of its records: what is listed with an impossible height is still listed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import numpy as np
import polars as pl

from hutong.model.rows import Listed, Refresh
from hutong.normalise.bulk import Keys
from hutong.normalise.columns import TAKES, UNSURE
from hutong.normalise.grouped import Plain, plain_groups
from hutong.normalise.loading import leaves_of
from hutong.normalise.plan import Plan, RowPlan, Trouble
from hutong.pages import without_collector
from hutong.schema.arrow import frame_schema
from hutong.schema.versions import added
from hutong.store.landing import LandedPage


def keys_shown(pages: Iterable[LandedPage], plan: Plan) -> Listed:
    """The keys of the records in `pages`. Raises StoreError for a page that cannot be read as its stream declares it
    now.
    """
    listing = Listing(plan)
    with without_collector():
        for group in plain_groups(pages, plan.stream):
            listing.add(group)
    return listing.listed()


def refreshed(at: datetime, parts: Sequence[Listed]) -> Refresh:
    """What a pull shows whose last page came at `at`. parts: what each of its batches lists."""
    return Refresh(
        at=at,
        keys={name: pl.concat([part.keys[name] for part in parts]).unique() for name in parts[0].keys},
        unreadable=added(*(part.unreadable for part in parts)),
    )


class Listing:
    """The keys of records, as far as they have been read.

    Only the rules of key columns are run, on the raw records: no schema, no row rule and no other column stands in the
    way.
    """

    def __init__(self, plan: Plan) -> None:
        self._of = [_Listing(part, plan.keys[part.dataset]) for part in plan.rows if part.dataset in plan.keys]

    def add(self, group: Plain) -> None:
        """Read the keys of the records in `group`."""
        for one in self._of:
            one.add(group)

    def listed(self) -> Listed:
        """What was found."""
        return Listed(
            keys={one.dataset: one.keys() for one in self._of},
            unreadable={one.dataset: one.unreadable for one in self._of if one.unreadable},
        )


class _Listing:
    """The keys of one dataset, as far as they have been read. by_columns: reads most of them, where there is such."""

    def __init__(self, part: RowPlan, by_columns: Keys | None) -> None:
        key = part.contract.own_key
        self.dataset, self.unreadable = part.dataset, 0
        self._by_columns = by_columns
        self._plan = RowPlan(
            part.contract,
            part.elements,
            dict.fromkeys(key),
            tuple(one for one in part.one_column if one[0] in key),
            tuple(one for one in part.several_columns if one[0] in key),
            has_date=False,
        )
        schema = frame_schema(part.contract)
        self._none = pl.DataFrame(schema={name: schema[name] for name in key})
        self._found = [self._none]

    def add(self, group: Plain) -> None:
        """Read the keys of the records in `group`."""
        found, alone = self._in_columns(group)
        one_by_one = dict.fromkeys(key for place in alone for key in self._read(group, place))
        columns = zip(*one_by_one, strict=True) if one_by_one else ((),) * self._none.width
        rest = [
            pl.Series(name, column, kind, strict=True)
            for (name, kind), column in zip(self._none.schema.items(), columns, strict=True)
        ]
        self._found += [found, pl.DataFrame(rest)]

    def keys(self) -> pl.DataFrame:
        """Each key once."""
        return pl.concat(self._found).unique(maintain_order=True)

    def _in_columns(self, group: Plain) -> tuple[pl.DataFrame, Sequence[int]]:
        """The keys that columns are sure of, and the places of the records that are to be read alone."""
        if self._by_columns is None:
            return self._none, range(len(group))
        leaves, odd = leaves_of(group.contents, self._by_columns.leaves)
        frame = pl.DataFrame([*leaves.get_columns(), *group.own(np.arange(len(group)))])
        made = self._by_columns.part.rows(frame, {})
        is_whole = pl.all_horizontal(pl.col(*self._none.columns).is_not_null()) & ~pl.col(UNSURE)
        takes, is_sure = (made.select(is_it).to_series().to_numpy().copy() for is_it in (pl.col(TAKES), is_whole))
        # What stands in their rows says nothing.
        takes[odd], is_sure[odd] = True, False
        return made.filter(takes & is_sure).select(self._none.columns), np.flatnonzero(takes & ~is_sure).tolist()

    def _read(self, group: Plain, place: int) -> list[tuple[object, ...]]:
        """The keys of one record; none where one of them cannot be read, which is counted."""
        troubles: list[Trouble] = []
        rows = self._plan.rows(group.contents[place], self._plan.empty, group.received_at(place), troubles)
        keys = [tuple(row[name] for name in self._none.columns) for row in rows]
        if troubles or any(None in key for key in keys):
            self.unreadable += 1
            return []
        return keys
