"""Two lakes held against each other that the same platforms filled, one of them in a cluster that was broken meanwhile.

Equal are all rows of all base datasets, but for the moments at which a lake got them and the columns that say which
batch brought them, and everything that was refused. A listing that was pulled once more, since nobody heard that it had
landed, makes one more batch in which everything is unchanged; so batches are not compared, but added up by `verify`.
"""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from hutong.lake import rows_of
from hutong.registry import Registry
from hutong.secrets import Secrets
from hutong.store.paths import Store
from hutong.verify import verify
from tests.chaos.picture import Difference, Part, comparable, difference
from tests.chaos.together import BY_WHOM

REFUSAL = ("platform", "stream", "city", "rule", "place", "value", "raw")
"""What tells one refused record from another, whichever batch it came with."""


def taken(registry: Registry, store: Store) -> Mapping[str, Part]:
    """The base datasets as they stand, and the refused records."""
    parts: dict[str, Part] = {}
    for dataset in registry.base_datasets:
        rows = comparable(_rows(dataset.id, registry, store))
        parts[dataset.id] = Part(rows.drop(BY_WHOM, strict=False), dataset.key)
    refused = _rows("quarantine", registry, store).select(REFUSAL).unique()
    parts["quarantine"] = Part(refused, REFUSAL)
    return parts


def judged(wanted: Mapping[str, Part], registry: Registry, store: Store, secrets: Secrets) -> Difference:
    """The lake held against `wanted`, and what `hutong verify` finds wrong with its account."""
    found = difference(wanted, taken(registry, store))
    found.said += verify(registry, store, secrets).problems
    return found


def rows(picture: Mapping[str, Part]) -> int:
    """All rows of a picture."""
    return sum(part.rows.height for part in picture.values())


def batches(registry: Registry, store: Store) -> int:
    """How many batches were published, empty ones too."""
    return _rows("ledger", registry, store).select("sequence", "batch").n_unique()


def _rows(dataset: str, registry: Registry, store: Store) -> pl.DataFrame:
    found = pl.from_arrow(rows_of(registry.dataset(dataset), registry, store).to_table())
    assert isinstance(found, pl.DataFrame)
    return found
