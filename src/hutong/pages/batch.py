"""The records of a landed batch, numbered as everything downstream knows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hutong.model.batch import Record
from hutong.model.connector import Stream
from hutong.pages.select import records
from hutong.store.landing import LandedPage


def records_of(pages: Iterable[LandedPage], stream: Stream) -> Iterator[Record]:
    """Every record of `pages` in order; `number` counts through the batch from 0."""
    number = 0
    for page in pages:
        for position, content in enumerate(records(page.body, page.content_type, stream)):
            yield Record(number, page.number, position, content, page.fetched_at)
            number += 1
