"""Files that no version needs any longer: replaced ones, change feeds, and what a killed writer left behind."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from deltalake import DeltaTable

from hutong.store.paths import Place
from hutong.store.tables import sizes_at
from hutong.store.tending import QUIET, tend


@dataclass(frozen=True, slots=True)
class Leftovers:
    """Files of a table that were last needed before `before` and that no version of `kept` needs; `size` in bytes."""

    before: datetime
    kept: frozenset[int]
    paths: tuple[str, ...]
    size: int


def leftovers(place: Place, before: datetime, keep: Collection[int]) -> Leftovers:
    """The files that were replaced, or written and never committed, before `before`, without those that `keep` needs.

    keep: must name the version that stood at `before`: checkpoints forget after a week what was replaced, and a file
    of an old version then looks like one that was never committed.
    """
    found = tend(place, "the search for leftovers", lambda snapshot: _vacuum(snapshot, before, keep, dry_run=True))
    sizes = sizes_at(place) if found else {}
    return Leftovers(before, frozenset(keep), tuple(sorted(found)), sum(sizes.get(path, 0) for path in found))


def remove_leftovers(place: Place, some: Leftovers) -> None:
    """Remove what `leftovers` found."""
    tend(place, "the removal of leftovers", lambda snapshot: _vacuum(snapshot, some.before, some.kept, dry_run=False))


def _vacuum(snapshot: DeltaTable, before: datetime, keep: Collection[int], dry_run: bool) -> list[str]:
    age = datetime.now(UTC) - before
    return snapshot.vacuum(
        retention_hours=max(math.ceil(age / timedelta(hours=1)), 0),
        enforce_retention_duration=False,
        full=True,
        keep_versions=sorted(keep),
        dry_run=dry_run,
        post_commithook_properties=QUIET,
    )
