"""Records of several pages that go through together: in columns at a time, and never all of a batch as objects."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import numpy as np
import numpy.typing as npt
import polars as pl

from hutong.model.connector import Stream
from hutong.normalise.columns import RECEIVED_AT, RECORD
from hutong.normalise.drift import Content
from hutong.pages import contents_of
from hutong.store.landing import LandedPage

GROUP = 10_000
"""Records that are in columns at a time: enough for columns to pay, little beside the pages of a batch."""
_INSTANT = pl.Datetime("us", "UTC")


class Together:
    """Records of several pages. first: the number of the first of them."""

    def __init__(self, first: int) -> None:
        self.first = first
        self.pages: list[LandedPage] = []
        self._sizes: list[int] = []
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def note(self, page: LandedPage, count: int) -> None:
        """Note that `count` records of `page` are behind those that are there."""
        self.pages.append(page)
        self._sizes.append(count)
        self._count += count

    def own(self, places: npt.NDArray[np.int64]) -> tuple[pl.Series, pl.Series]:
        """The columns RECORD and RECEIVED_AT of the records at `places`."""
        # Of numpy: polars would ask its threads, which are at work for others.
        times = pl.Series([page.fetched_at for page in self.pages], dtype=_INSTANT).to_physical().to_numpy()
        received_at = np.repeat(times, self._sizes)[places]
        return pl.Series(RECORD, places + self.first), pl.Series(RECEIVED_AT, received_at).cast(_INSTANT)

    def received_at(self, place: int) -> datetime:
        """When the page came that holds the record at `place`."""
        return self.pages[int(np.searchsorted(np.cumsum(self._sizes), place, side="right"))].fetched_at


class Plain(Together):
    """Records that were read as plain data."""

    def __init__(self, first: int) -> None:
        super().__init__(first)
        self.contents: list[Content] = []

    def add(self, contents: list[Content], page: LandedPage) -> None:
        """Put the records of `page` behind those that are there."""
        self.note(page, len(contents))
        self.contents += contents


def plain_groups(pages: Iterable[LandedPage], stream: Stream) -> Iterator[Plain]:
    """All records of `pages` as plain data, about a GROUP at a time, each numbered from 0. Raises as `contents_of`."""
    group = Plain(0)
    for page in pages:
        group.add(contents_of(page, stream), page)
        if len(group) >= GROUP:
            yield group
            group = Plain(0)
    yield group
