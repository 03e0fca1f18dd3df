"""The records of a landed batch, numbered as everything downstream knows them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from hutong.errors import StoreError
from hutong.model.batch import Record
from hutong.model.connector import Stream
from hutong.pages.garbled import Garbled
from hutong.pages.select import records
from hutong.store.landing import LandedPage


def records_of(pages: Iterable[LandedPage], stream: Stream, first: int = 0) -> Iterator[Record]:
    """Every record of `pages` in order; `number` counts through the batch, from `first`. Raises as `contents_of`."""
    number = first
    for page in pages:
        for position, content in enumerate(contents_of(page, stream)):
            yield Record(number, page.number, position, content, page.fetched_at)
            number += 1


def contents_of(page: LandedPage, stream: Stream) -> list[dict[str, Any]]:
    """What every record of `page` says. Raises StoreError when it cannot be read as `stream` declares it now."""
    try:
        return records(page.body, page.content_type, stream)
    except Garbled as wrong:
        raise StoreError(
            f"a landed page of '{stream.title.en}', fetched at {page.fetched_at:%Y-%m-%d %H:%M:%S} UTC, cannot be"
            f" read: {wrong}",
            "it could when it came: declare `format` and `data_selector` as they were, or run `hutong verify`",
        ) from None
