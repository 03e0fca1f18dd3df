"""Commit a checked batch: quarantine, the other datasets, the deciding dataset, platform_service, gate_result where
there are gates, and last the ledger.

Every dataset's commit carries the fates of the records that it decides, worked out on the snapshot it was committed on
(`fates.py`). The deciding dataset is the first of the mapping: its commit, the last of them, carries the batch's whole
account (received, all fates, rules, gates). The ledger copies that account. So whoever dies in
between leaves either a batch without an account, which is published again from landing, or one with it, which only
has to be copied: a batch is done when the ledger has its number.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from collections.abc import Sequence as SequenceOf
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from deltalake import DeltaTable

from hutong.errors import StoreError
from hutong.model.batch import GateResult, Published, Sequence, Versions
from hutong.model.dataset import Dataset
from hutong.model.rows import Refresh, Validated
from hutong.publish.fates import Decides, deciders
from hutong.publish.ledger import gate_rows, ledger_rows, quarantine_rows, service_row
from hutong.publish.upsert import Shown, change_for
from hutong.registry import Registry, Source
from hutong.schema.arrow import to_table
from hutong.schema.versions import added
from hutong.store.contracted import table_of
from hutong.store.landing import LandedPage
from hutong.store.paths import Place, Store
from hutong.store.tables import Change, Counts, commit, number

log = logging.getLogger(__name__)


def last_published(sequence: Sequence, store: Store) -> int:
    """The newest batch of `sequence` whose account is closed; 0 if none."""
    return number(store.ledger(sequence.platform), sequence.id)


def publish(
    sequence: Sequence,
    batch: int,
    validated: Validated,
    pages: SequenceOf[LandedPage],
    source: Source,
    versions: Versions,
    registry: Registry,
    store: Store,
    refresh: Refresh | None = None,
) -> Published:
    """Publish `batch`; what is committed already is left as it is.

    refresh: what the pull shows, when the batch ends one that shows everything; what it does not show becomes a
    tombstone, unless a gate refuses the batch or a record's key cannot be read.
    Raises CommitContested when other writers kept coming first (running again is safe), StoreError when the batch was
    begun under other versions of what is declared.
    """
    quarantined = quarantine_rows(sequence, batch, [*validated.refused, *validated.released], versions)
    _begin(sequence, batch, quarantined, versions, registry, store)
    account = commit_datasets(sequence, batch, validated, source, pages, refresh, store)
    service = service_row(sequence, batch, pages, _newest(validated), source)
    services = registry.dataset("platform_service")
    _commit_rows(services, store.base(services.table), [service], sequence, batch)
    gates = tuple(GateResult(**gate) for gate in account["gates"])
    if any(dataset.gates for dataset in source.datasets.values()):
        results = registry.dataset("gate_result")
        judged = gate_rows(sequence, batch, gates, source)
        _commit_rows(results, store.base(results.table), judged, sequence, batch)
    landed_at = pages[-1].fetched_at
    entries = ledger_rows(sequence, batch, account, versions, landed_at, source.deciding.table)
    _commit_rows(registry.dataset("ledger"), store.ledger(sequence.platform), entries, sequence, batch)
    fates = dict(account["fates"])
    if account["quarantined"]:
        fates["quarantined"] = sum(account["quarantined"].values())
    log.info("published sequence=%s batch=%d received=%d fates=%s", sequence.id, batch, account["received"], fates)
    drift = dict(Counter(one["change"] for one in account.get("drift", ())))
    return Published(sequence.id, batch, account["received"], fates, account["rows"], gates, drift)


def commit_datasets(
    sequence: Sequence,
    batch: int,
    validated: Validated,
    source: Source,
    pages: SequenceOf[LandedPage],
    refresh: Refresh | None,
    store: Store,
) -> Counts:
    """Commit the rows of every dataset, the deciding one last: the account of the batch as that commit carries it."""
    if refresh is not None and validated.is_refused:
        refresh = None
    if refresh is not None and refresh.unreadable:
        log.warning(
            "no tombstones sequence=%s batch=%d: records without a readable key=%s",
            sequence.id,
            batch,
            dict(refresh.unreadable),
        )
    committed: dict[str, Counts] = {}
    decides = deciders(validated, source.mapping)
    for rows in reversed(source.mapping.rows):
        dataset = source.datasets[rows.dataset]
        account = committed[dataset.table] = _commit_dataset(
            sequence, batch, validated, dataset, decides[dataset.id], source, pages, refresh, committed, store
        )
    return account


def _begin(
    sequence: Sequence,
    batch: int,
    quarantined: list[dict[str, Any]],
    versions: Versions,
    registry: Registry,
    store: Store,
) -> None:
    """Commit the refused records, first of all tables, with the versions that bind every later commit of the batch.

    A batch that was begun under one mapping and ended under another would have a quarantine and an account that
    contradict each other.
    """
    dataset = registry.dataset("quarantine")
    now: dict[str, Any] = asdict(versions)
    change = Change(to_table(quarantined, dataset), {"rows": len(quarantined), "versions": now})
    table = table_of(dataset, store.quarantine(sequence.platform))
    committed = commit(table, sequence.id, batch, lambda _: change)
    begun: dict[str, Any] = committed.counts.get("versions", now)
    changed = [name for name in now if begun.get(name) != now[name]]
    if changed:
        said = ", ".join(f"{name} {begun.get(name)} (now {now[name]})" for name in changed)
        raise StoreError(
            f"batch {batch} of {sequence.id} was begun under other versions and not ended: {said}",
            "put those versions of the declared files back, sync to end the batch, and change them then",
        )


def _commit_dataset(
    sequence: Sequence,
    batch: int,
    validated: Validated,
    dataset: Dataset,
    decides: Decides,
    source: Source,
    pages: SequenceOf[LandedPage],
    refresh: Refresh | None,
    others: Mapping[str, Counts],
    store: Store,
) -> Counts:
    """Commit the rows of one dataset, with the fates that it decides; the deciding one with the whole account.

    others: the counts of the datasets whose commits stand already.
    """

    def build(snapshot: DeltaTable) -> Change:
        new, repeats = validated.frames[dataset.id], validated.repeats[dataset.id]
        if validated.is_refused:
            new, repeats = new.clear(), repeats.clear()
        shown = _shown(refresh, dataset)
        change = change_for(snapshot, new, repeats, dataset, sequence, shown, validated.late, decides)
        if dataset.id != source.deciding.id:
            return change
        account = _account(validated, {**others, dataset.table: change.counts}, source, refresh, pages)
        return replace(change, counts=account)

    return commit(table_of(dataset, store.base(dataset.table)), sequence.id, batch, build).counts


def _shown(refresh: Refresh | None, dataset: Dataset) -> Shown | None:
    if refresh is None or not dataset.has_tombstones or dataset.id in refresh.unreadable:
        return None
    return Shown(refresh.at, refresh.keys[dataset.id])


def _account(
    validated: Validated,
    committed: Mapping[str, Counts],
    source: Source,
    refresh: Refresh | None,
    pages: SequenceOf[LandedPage],
) -> Counts:
    """What became of every record of the batch: fates and, for quarantine, rules; they add up to `received`.

    committed: dataset -> the counts of its commit, each with the fates that it decides.
    """
    passed = validated.received - len(validated.refused) - validated.withheld - validated.dropped
    # A commit of hutong 0.1 states no fates: then the deciding dataset decided them all.
    fates = added(*(counts.get("fates", {}) for counts in committed.values()))
    decided = sum(fates.values())
    if validated.is_refused:
        fates = {"refused": passed}
    elif decided < passed:
        fates["empty"] = passed - decided
    if validated.withheld:
        fates["withheld"] = validated.withheld
    if validated.dropped:
        fates["dropped"] = validated.dropped
    unreadable = refresh.unreadable if refresh is not None else {}
    return {
        "received": validated.received,
        "fates": {fate: count for fate, count in fates.items() if count},
        "quarantined": dict(Counter(one.findings[0].rule for one in validated.refused)),
        "rows": {table: counts["rows"] for table, counts in committed.items()},
        "gates": [asdict(gate) for gate in validated.gates],
        "drift": [asdict(one) for one in validated.drift],
        "no_tombstones": {source.datasets[name].table: count for name, count in unreadable.items()},
        "completeness": pages[-1].completeness,
        "doubt": pages[-1].doubt,
        "late": added(*(counts.get("late", {}) for counts in committed.values())),
    }


def _commit_rows(dataset: Dataset, place: Place, rows: list[dict[str, Any]], sequence: Sequence, batch: int) -> None:
    table = to_table(rows, dataset)
    commit(table_of(dataset, place), sequence.id, batch, lambda _: Change(table, {"rows": table.num_rows}))


def _newest(validated: Validated) -> datetime | None:
    """The newest instant that the batch tells of, in whichever dataset."""
    instants = [frame["observed_at"].max() for frame in validated.frames.values()]
    return max((one for one in instants if isinstance(one, datetime)), default=None)
