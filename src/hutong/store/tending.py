"""Commits that leave the rows as they are: done on the newest snapshot, and again when another commit came first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from deltalake import DeltaTable, PostCommitHookProperties

from hutong.store.failures import told
from hutong.store.paths import Place
from hutong.store.tables import existing
from hutong.store.tries import until_done

UPKEEP = "hutong.upkeep"
"""Key in the metadata of a commit that removes rows whose time is over: what it says is why."""
QUIET = PostCommitHookProperties(create_checkpoint=False, cleanup_expired_logs=False)
"""A commit and nothing else: when a log is cleaned is decided in one place."""

_Result = TypeVar("_Result")


def tend(place: Place, what: str, act: Callable[[DeltaTable], _Result]) -> _Result:
    """What `act` makes of the newest snapshot of the table at `place`. what: in words.

    Raises CommitContested when commits that `act` may not ignore kept coming first, StoreError when the store fails.
    """

    def attempt() -> _Result:
        snapshot = existing(place)
        assert snapshot is not None
        return act(snapshot)

    return until_done(place, what, attempt)


def set_properties(place: Place, properties: Mapping[str, str]) -> None:
    """Set `properties` of the table at `place`."""
    wanted = dict(properties)
    tend(
        place,
        "a change of its properties",
        lambda snapshot: snapshot.alter.set_table_properties(wanted, post_commithook_properties=QUIET),
    )


def write_checkpoint(place: Place, version: int) -> None:
    """Write down the whole state of `version`, so that whoever opens a later one need not read the commits before."""
    found = existing(place, version)
    assert found is not None
    with told(place):
        found.create_checkpoint()
