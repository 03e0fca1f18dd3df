"""What would change in a table if its rows were replaced by those made anew.

Rows of one key are the same, are `changed` where they say something else, or `moved` where only their provenance
differs: they come from another record that says the same.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from hutong.model.dataset import Dataset
from hutong.redo.part import Part, Partition, Rows

EXAMPLES = 5
PERSONAL = "(personal)"
_PROVENANCE = ("received_at", "batch", "record", "run")
_OLD = "__old"


@dataclass(frozen=True, slots=True)
class Example:
    """One field of one changed row."""

    key: dict[str, Any]
    field: str
    before: Any
    after: Any


@dataclass(slots=True)
class Difference:
    """How the rows made anew differ from those published.

    compared: rows made anew. changed_fields: field -> rows in which it changed. lost_files: data files of the
    published table that are gone or broken. partitions: those that must be written.
    """

    dataset: str
    compared: int = 0
    added: int = 0
    changed: int = 0
    moved: int = 0
    removed: int = 0
    lost_files: int = 0
    changed_fields: dict[str, int] = field(default_factory=dict)
    examples: list[Example] = field(default_factory=list)
    partitions: list[Partition] = field(default_factory=list)

    @property
    def is_none(self) -> bool:
        """Whether nothing has to be written."""
        return not self.partitions

    def add(self, other: Difference) -> None:
        """Take on what was found in another partition."""
        for name in ("compared", "added", "changed", "moved", "removed", "lost_files"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.changed_fields = dict(Counter(self.changed_fields) + Counter(other.changed_fields))
        self.examples = (self.examples + other.examples)[:EXAMPLES]
        self.partitions += other.partitions


class Comparison:
    """Compares a part again and again while both sides grow; a partition whose files stayed is not read twice."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._known: dict[Partition, tuple[tuple[frozenset[str], frozenset[str]], Difference]] = {}

    def of(self, published: Rows, anew: Rows) -> Difference:
        """How `anew` differs from `published`. Raises StoreError when a file cannot be read."""
        whole = Difference(self._part.dataset.id)
        for partition in sorted({*published.files, *anew.files}):
            files = (published.files.get(partition, frozenset()), anew.files.get(partition, frozenset()))
            known = self._known.get(partition)
            if known is None or known[0] != files:
                known = self._known[partition] = (files, self._partition(published, anew, partition))
            whole.add(known[1])
        return whole

    def _partition(self, published: Rows, anew: Rows, partition: Partition) -> Difference:
        found = difference(published.of(partition), anew.of(partition), self._part.dataset)
        found.lost_files = len(published.damaged[partition])
        if found.added or found.changed or found.moved or found.removed or found.lost_files:
            found.partitions = [partition]
        return found


def difference(published: pl.DataFrame, anew: pl.DataFrame, dataset: Dataset) -> Difference:
    """How `anew` (one row per key) differs from `published`, where a key may wrongly stand several times.

    Both hold all columns of the contract. `partitions` is left empty.
    """
    key = list(dataset.key)
    once = published.unique(subset=key, keep="first")
    beside = [name for name in dataset.names if name not in key]
    old = once.select(*key, *(pl.col(name).alias(name + _OLD) for name in beside))
    both = anew.join(old, on=key, how="inner", nulls_equal=True)
    differs = {name: pl.col(name).ne_missing(pl.col(name + _OLD)) for name in beside}
    says = [name for name in beside if name not in _PROVENANCE]
    is_changed = pl.any_horizontal(pl.lit(False), *(differs[name] for name in says))
    is_moved = ~is_changed & pl.any_horizontal(
        pl.lit(False), *(differs[name] for name in beside if name in _PROVENANCE)
    )
    changed = both.filter(is_changed)
    counts = changed.select(differs[name].sum().alias(name) for name in says).row(0, named=True) if says else {}
    return Difference(
        dataset.id,
        compared=anew.height,
        added=anew.height - both.height,
        changed=changed.height,
        moved=both.filter(is_moved).height,
        removed=published.height - both.height,
        changed_fields={name: count for name, count in counts.items() if count},
        examples=_examples(changed, differs, says, dataset),
    )


def _examples(changed: pl.DataFrame, differs: dict[str, pl.Expr], says: list[str], dataset: Dataset) -> list[Example]:
    """A few fields of changed rows, each field once before any comes a second time."""
    found: list[Example] = []
    for name in says:
        # The first by key, so that the same difference is always shown by the same row.
        for row in changed.filter(differs[name]).bottom_k(1, by=list(dataset.key)).iter_rows(named=True):
            shown = {column: _shown(column, row[column], dataset) for column in dataset.key}
            before, after = (_shown(name, row[column], dataset) for column in (name + _OLD, name))
            found.append(Example(shown, name, before, after))
    return found[:EXAMPLES]


def _shown(name: str, value: Any, dataset: Dataset) -> Any:
    return value if dataset.field(name).personal == "none" or value is None else PERSONAL
