"""The raw record that a row was made from, and the page in which it came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from hutong.model.batch import Record, Sequence
from hutong.pages import records_of
from hutong.pipeline import store_key
from hutong.registry import Source
from hutong.secrets import Secrets
from hutong.store.landing import LandedPage, read_batch
from hutong.store.paths import Store


@dataclass(frozen=True, slots=True)
class Found:
    """A raw record as landing holds it, and its page."""

    record: Record
    page: LandedPage


def sequence_of(row: Mapping[str, Any], source: Source) -> Sequence:
    """The sequence that the batch of a published row of `source` counts in."""
    return Sequence(source.connector.platform, row["source_stream"], row["city"], row.get("run") or "")


def raw_of(row: Mapping[str, Any], source: Source, store: Store, secrets: Secrets) -> Found | None:
    """The record that `row` was made from; None when landing no longer holds its batch.

    Raises SecretMissing when it lies encrypted and the store's key is not to be had, StoreError when its page cannot
    be read as declared now.
    """
    number, before = row["record"], 0
    for page in read_batch(store, sequence_of(row, source), row["batch"], store_key(source, secrets)):
        if number < before + page.records:
            # Only this page is read: a batch may hold thousands of them.
            record = next(islice(records_of([page], source.stream), number - before, None), None)
            return None if record is None else Found(replace(record, number=number), page)
        before += page.records
    return None
