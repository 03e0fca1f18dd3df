"""What Airflow's tasks do. Each gives back a receipt of plain data, a few hundred bytes; rows stay in the store.

Imported when a task runs, never when a DAG file is read: everything below is loaded here.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping
from collections.abc import Sequence as Several
from datetime import datetime
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from hutong import settings
from hutong.decisions import name_of, refused
from hutong.errors import PlatformGarbled, PlatformResting
from hutong.lineage import under
from hutong.model.batch import Published, Sequence
from hutong.model.window import Window
from hutong.orchestrate import plan
from hutong.orchestrate.connections import secrets_of_task
from hutong.orchestrate.lineage import parent
from hutong.pipeline import allowance, land_new, land_window, publish_waiting
from hutong.registry import Registry, open_sound
from hutong.secrets import Secrets
from hutong.store.landing import mark
from hutong.store.paths import Store, open_store
from hutong.store.tables import existing

log = logging.getLogger(__name__)

SHOWN = 200
"""So many places are looked up and listed by a dry run."""

NAMED = 3
"""So many refused batches are named in a receipt."""


def plan_sync(
    registry: Registry,
    platform: str,
    cadence: str,
    params: Mapping[str, Any],
    run_type: str,
    interval: tuple[Any, Any],
    began: datetime,
) -> list[plan.Place]:
    """The places of a run of a sync, none of a dry run; its arguments are `plan.asked`'s. Raises AskedWrongly."""
    found = plan.places(registry, platform, cadence, plan.asked(params, run_type, interval, began))
    return _told(found) if params["dry_run"] else found


def plan_backfill(registry: Registry, platform: str, params: Mapping[str, Any]) -> list[plan.Queue]:
    """The queues of a backfill, none of a dry run. Raises AskedWrongly."""
    found = plan.queues(registry, platform, params)
    if params["dry_run"]:
        _told([place for queue in found for place in plan.chunks(registry, queue)])
        return []
    return found


def land(registry: Registry, place: plan.Place) -> dict[str, Any]:
    """Pull what the platform has, and land it. The receipt is that of `pipeline.land_new`.

    Raises AirflowSkipException when the platform is to be left alone now (paused, quiet hours): what came before is
    landed, and the next run goes on there. Nobody comes again for a window or a full refresh, so of those it raises
    PlatformResting. Raises PlatformError, SecretMissing, RegistryError and StoreError, each with
    the next step in its message.
    """
    store, secrets = _opened()
    sequence = Sequence.parse(place["sequence"])
    source = registry.source(sequence.platform, sequence.stream)
    allowed = allowance(source, sequence.city, registry, store, settings.read())
    try:
        with under(parent):
            if place["window"] is None:
                return land_new(source, sequence, store, secrets, allowed).to_dict()
            return land_window(source, sequence, Window.read(*place["window"]), store, secrets, allowed).to_dict()
    except PlatformResting as resting:
        if not sequence.is_live or place["window"] is not None:
            raise
        raise AirflowSkipException(str(resting)) from None


def publish(registry: Registry, place: plan.Place) -> dict[str, Any]:
    """Publish every batch that waits, of this run or of one that failed halfway. The receipt sums them up, and has the
    window beside them and the tables' versions.
    """
    store, secrets = _opened()
    sequence = Sequence.parse(place["sequence"])
    source = registry.source(sequence.platform, sequence.stream)
    with under(parent):
        receipt = summed(sequence, list(publish_waiting(source, sequence, registry, store, secrets)))
    # Batches count by tables, whose names last; assets are called as people call datasets.
    tables = {dataset.table: dataset for dataset in source.datasets.values()}
    changed = {tables[name].id: existing(store.base(tables[name].table)) for name in receipt["rows"]}
    return receipt | {
        "rows": {tables[name].id: counts for name, counts in receipt["rows"].items()},
        "versions": {name: table.version() for name, table in changed.items() if table is not None},
        "window": place["window"],
    }


def bring(registry: Registry, queue: plan.Queue) -> list[dict[str, Any]]:
    """Land and publish the chunks of `queue`, one after the other. Returns the receipts of those that published.

    What came at an earlier try is there and asks for nothing. A chunk whose answer is garbled does not stop the others;
    it is raised when they are done. Raises otherwise what `land` raises, at once: the next try goes on there.
    """
    receipts, garbled = [], list[PlatformGarbled]()
    places = plan.chunks(registry, queue)
    for number, place in enumerate(places, start=1):
        try:
            landed = land(registry, place)
        except PlatformGarbled as wrong:
            log.error("chunk %d of %d failed: %s: %s", number, len(places), place["name"], wrong)
            garbled.append(wrong)
            continue
        receipt = publish(registry, place)
        log.info("chunk %d of %d: %s records=%d", number, len(places), place["name"], landed["records"])
        if receipt["first"] is not None:
            receipts.append(receipt)
    if garbled:
        raise garbled[0]
    return receipts


def events_of(receipt: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Dataset -> what its asset's event tells of a receipt of `publish`: what was done to its rows, the version it has
    now, the window, the balance of the ledger and the gates that found something.
    """
    shared = {name: receipt[name] for name in ("sequence", "first", "last", "window", "received", "fates")}
    return {
        dataset: {
            **shared,
            "rows": rows,
            "version": receipt["versions"].get(dataset),
            "gates": {gate: count for gate, count in receipt["gates"].items() if gate.startswith(f"{dataset}.")},
        }
        for dataset, rows in receipt["rows"].items()
    }


def refresh() -> str:
    """Make the report again from what the lake holds now. Returns the folder it is in."""
    from hutong.report import refresh as make

    now = settings.read()
    make(open_sound(now), *_opened(), now.report)
    return str(now.report)


def summed(sequence: Sequence, batches: Several[Published]) -> dict[str, Any]:
    """The receipts of several batches of one sequence as one.

    first, last: batch numbers, None when none waited. rows: dataset -> what was done -> rows. gates: those that found
    something, with how often. refused: the first few batches that gates, or drift, refused as a whole, by the names
    that `hutong gates` takes, each with what refused it; refused_batches: how many there are.
    """
    stopped = [batch for batch in batches if batch.fates.get("refused")]
    rows: dict[str, Counter[str]] = {}
    fates: Counter[str] = Counter()
    for batch in batches:
        fates.update(batch.fates)
        for dataset, counts in batch.rows.items():
            rows.setdefault(dataset, Counter()).update(counts)
    return {
        "sequence": sequence.id,
        "first": batches[0].batch if batches else None,
        "last": batches[-1].batch if batches else None,
        "received": sum(batch.received for batch in batches),
        "fates": dict(fates),
        "rows": {dataset: dict(counts) for dataset, counts in rows.items()},
        "refused": {name_of(sequence.id, batch.batch): refused_by(batch) for batch in stopped[:NAMED]},
        "refused_batches": len(stopped),
        "gates": dict(Counter(f"{g.dataset}.{g.gate}" for batch in batches for g in batch.gates if not g.passed)),
    }


def refused_of(registry: Registry, platform: str, queues: Several[plan.Queue]) -> dict[str, Any]:
    """What was refused of `queues` as a whole batch, at whichever try, and nobody has decided about yet: the part of a
    receipt that says so.
    """
    store, _ = _opened()
    sequences = {place["sequence"] for queue in queues for place in plan.chunks(registry, queue)}
    found = [
        batch
        for batch in refused(platform, registry, store)
        if batch.decision is None and batch.sequence.id in sequences
    ]
    return {
        "sequence": platform,
        "refused": {batch.name: list(batch.gates) or ["drift"] for batch in found[:NAMED]},
        "refused_batches": len(found),
    }


def refused_by(batch: Published) -> list[str]:
    """The gates that refused `batch`, as `dataset.gate`; `drift` where none did."""
    failed = [f"{one.dataset}.{one.gate}" for one in batch.gates if not one.passed and one.severity == "critical"]
    return failed or ["drift"]


def _told(places: Several[plan.Place]) -> list[plan.Place]:
    """Say in the log what would be done at each of `places`, the first few, and give back none to do."""
    store, _ = _opened()
    for place in places[:SHOWN]:
        newest, resume = mark(store, Sequence.parse(place["sequence"]))
        log.info(
            "would sync %s sequence=%s landed=%d cursor=%s", place["name"], place["sequence"], newest, resume.cursor
        )
    if len(places) > SHOWN:
        log.info("and %d more, the last of them %s", len(places) - SHOWN, places[-1]["name"])
    return []


def _opened() -> tuple[Store, Secrets]:
    now = settings.read()
    secrets = secrets_of_task(now)
    return open_store(now, secrets), secrets
