"""Who did it: whatever a person does to data is written down with actor, time and reason."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from hutong.registry import Registry
from hutong.schema.arrow import to_table
from hutong.store.contracted import table_of
from hutong.store.paths import Store
from hutong.store.tables import Change, commit


def write_down(
    action: str,
    target: str,
    reason: str,
    registry: Registry,
    store: Store,
    city: str | None = None,
    after: datetime | None = None,
    once: str | None = None,
    actor: str | None = None,
) -> None:
    """Append one row to the operations table.

    action: a verb, such as `replay`. target: what it was done to. reason: in the actor's words.
    after: an action that this one follows, even if the clock of the machine that wrote it was ahead. once: a name under
    which only the first row is written, whoever comes second. actor: who did it; by default the account under which
    this process runs.
    Raises StoreError when the lake cannot be written.
    """
    dataset, now = registry.dataset("operations"), datetime.now(UTC)
    row = {
        "actor": actor or getpass.getuser(),
        "acted_at": now if after is None else max(now, after + timedelta(microseconds=1)),
        "action": action,
        "target": target,
        "reason": reason,
        "city": city,
    }
    change = Change(to_table([row], dataset), {"rows": 1})
    commit(table_of(dataset, store.base(dataset.table)), f"operations/{once or uuid4().hex}", 1, lambda _: change)
