"""Making a release: versions that agree, kept under a name."""

from __future__ import annotations

import getpass
import re
from datetime import UTC, datetime

from hutong.errors import AskedWrongly
from hutong.operations import write_down
from hutong.registry import Registry
from hutong.release.consistent import consistent
from hutong.release.moment import NOW, instant
from hutong.release.pinned import Release, keep
from hutong.store.paths import Store


def release(name: str, reason: str, registry: Registry, store: Store, actor: str | None = None) -> Release:
    """Pin the newest versions of all tables that agree with one another under `name`, and write down who did it.

    reason: in the actor's words. actor: by default the account under which this process runs. A sync may go on
    meanwhile.
    Raises AskedWrongly when the name cannot be given, StoreError when a batch that does not end stands in the way.
    """
    actor = actor or getpass.getuser()
    made = planned(name, reason, registry, store, actor)
    if not keep(made, registry, store):
        raise AskedWrongly(
            f"there is a release '{name}' already, and a name is given once",
            "choose another; `hutong release` lists them",
        )
    write_down("release", name, reason, registry, store, actor=actor)
    return made


def planned(name: str, reason: str, registry: Registry, store: Store, actor: str) -> Release:
    """What `release` would pin now. Nothing is written. Raises as it does, names that were given already aside."""
    _must_be_a_name(name)
    pins = consistent(registry, store)
    if not pins:
        raise AskedWrongly("there is nothing to release: the lake has no tables", "publish something: `hutong sync`")
    return Release(name, datetime.now(UTC), actor, reason, pins)


def _must_be_a_name(name: str) -> None:
    """Raise AskedWrongly when `name` would mean something else after `--at`."""
    if not re.fullmatch(r"\w[\w.-]{0,62}", name) or name == NOW:
        raise AskedWrongly(
            f"'{name}' cannot be the name of a release", "use up to 63 letters, digits, and . _ - such as 2026-spring"
        )
    at = instant(name)
    if at is not None and at.tzinfo is not None:
        raise AskedWrongly(f"'{name}' is a point in time, not a name", "choose a name such as 2026-spring")
