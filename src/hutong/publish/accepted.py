"""Publish what a gate refused, after a person accepted it: in a sequence of its own, as one batch.

The deciding dataset's commit carries the account of it with what the gates found; the ledger gets, with the number of
the batch it is about, the fates that the records have now and as many fewer refused. So whoever dies in between is
followed by one who commits what is missing and nothing twice.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence as SequenceOf
from typing import Any

from deltalake import DeltaTable

from hutong.decisions import accepted_of, still_refused
from hutong.model.batch import GateResult, Published, Sequence, Versions
from hutong.model.rows import Refresh, Validated
from hutong.publish.ledger import ledger_rows
from hutong.publish.stage import commit_datasets
from hutong.registry import Registry, Source
from hutong.schema.arrow import to_table
from hutong.store.contracted import table_of
from hutong.store.landing import LandedPage
from hutong.store.paths import Store
from hutong.store.tables import Change, commit

log = logging.getLogger(__name__)

ONLY = 1
"""Number of the one batch of such a sequence."""


def publish_accepted(
    origin: Sequence,
    batch: int,
    validated: Validated,
    pages: SequenceOf[LandedPage],
    source: Source,
    versions: Versions,
    registry: Registry,
    store: Store,
    refresh: Refresh | None = None,
) -> Published:
    """Publish the rows of `batch` of `origin`; what is committed already is left as it is.

    validated: with the verdict `accept`. The other arguments and what is raised: as `publish` has them.
    """
    accepted = accepted_of(origin, batch)
    account = commit_datasets(accepted, ONLY, validated, source, pages, refresh, store)
    # What was left out before the gates looked is accounted already.
    fates = {fate: count for fate, count in account["fates"].items() if fate not in ("withheld", "dropped")}
    dataset = registry.dataset("ledger")

    def build(ledger: DeltaTable) -> Change:
        # A replay may have released them since; then they have moved already.
        refused = still_refused(ledger, origin, batch)
        moved = fates | {"refused": -sum(fates.values())} if refused else {}
        # The origin's account says already what is not about these records.
        counts: dict[str, Any] = {**account, "fates": moved, "quarantined": {}, "gates": [], "drift": []}
        landed_at = pages[-1].fetched_at
        rows = ledger_rows(accepted, batch, counts, versions, landed_at, source.deciding.table)
        return Change(to_table(rows, dataset), {"rows": len(rows)})

    commit(table_of(dataset, store.ledger(origin.platform)), accepted.id, ONLY, build)
    log.info("accepted sequence=%s batch=%d fates=%s", origin.id, batch, fates)
    gates = tuple(GateResult(**gate) for gate in account["gates"])
    return Published(accepted.id, batch, account["received"], fates, account["rows"], gates)
