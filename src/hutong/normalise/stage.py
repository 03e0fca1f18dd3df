"""Normalise: the pages of one batch -> rows of every dataset of its mapping, and the records that cannot be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hutong.model.batch import Sequence
from hutong.model.rows import Normalised
from hutong.normalise.plan import Plan
from hutong.normalise.reference import normalise_records
from hutong.pages import look, records_of
from hutong.store.landing import LandedPage

Lags = Callable[[Iterable[Any]], Mapping[Any, timedelta]]
"""From values of the cursor to those among them that came late, and how late."""


def normalise(pages: Iterable[LandedPage], sequence: Sequence, batch: int, plan: Plan, lags: Lags) -> Normalised:
    """The rows of the records in `pages`, those of one `batch` of `sequence`. A record with a finding gives no row.

    Raises StoreError for a page that cannot be read as its stream declares it now.
    """
    records = list(records_of(pages, plan.stream))
    made = normalise_records(records, sequence, batch, plan)
    window = plan.stream.window_by
    if window is not None:
        cursors = [look(record.content, window.cursor_path) for record in records]
        late = lags(value for value in cursors if isinstance(value, str | int | float))
        if late:
            of = (late.get(value) if isinstance(value, str | int | float) else None for value in cursors)
            made = replace(made, late={n: lag for n, lag in enumerate(of) if lag is not None})
    return made
