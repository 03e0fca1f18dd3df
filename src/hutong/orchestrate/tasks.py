"""What Airflow's tasks do. Each gives back a receipt of plain data, a few hundred bytes; rows stay in the store.

Imported when a task runs, never when a DAG file is read: everything below is loaded here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence as Several
from typing import Any

from airflow.sdk.exceptions import AirflowSkipException

from hutong import settings
from hutong.decisions import name_of
from hutong.errors import PlatformResting
from hutong.lineage import under
from hutong.model.batch import Published, Sequence
from hutong.orchestrate.connections import secrets_of_task
from hutong.orchestrate.lineage import parent
from hutong.pipeline import allowance, land_new, publish_waiting
from hutong.registry import Registry, open_sound
from hutong.secrets import Secrets
from hutong.store.paths import Store, open_store

NAMED = 3
"""So many refused batches are named in a receipt."""


def land(platform: str, stream: str, city: str) -> dict[str, Any]:
    """Pull what the platform has, and land it. The receipt is that of `pipeline.land_new`.

    Raises AirflowSkipException when the platform is to be left alone now (paused, quiet hours): what came before is
    landed, and the next run goes on there. Raises PlatformError, SecretMissing, RegistryError and StoreError, each with
    the next step in its message.
    """
    registry, store, secrets = _opened()
    source = registry.source(platform, stream)
    allowed = allowance(source, city, registry, store, settings.read())
    try:
        with under(parent):
            return land_new(source, Sequence(platform, stream, city), store, secrets, allowed).to_dict()
    except PlatformResting as resting:
        raise AirflowSkipException(str(resting)) from None


def publish(platform: str, stream: str, city: str) -> dict[str, Any]:
    """Publish every batch that waits, of this run or of one that failed halfway. The receipt sums them up."""
    registry, store, secrets = _opened()
    source, sequence = registry.source(platform, stream), Sequence(platform, stream, city)
    with under(parent):
        return summed(sequence, list(publish_waiting(source, sequence, registry, store, secrets)))


def refresh() -> str:
    """Make the report again from what the lake holds now. Returns the folder it is in."""
    from hutong.report import refresh as make

    folder = settings.read().report
    make(*_opened(), folder)
    return str(folder)


def summed(sequence: Sequence, batches: Several[Published]) -> dict[str, Any]:
    """The receipts of several batches of one sequence as one.

    first, last: batch numbers, None when none waited. rows: dataset -> what was done -> rows. gates: those that found
    something, with how often. refused: the first few batches that gates, or drift, refused as a whole, by the names
    that `hutong gates` takes, each with what refused it; refused_batches: how many there are.
    """
    refused = [batch for batch in batches if batch.fates.get("refused")]
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
        "refused": {name_of(sequence.id, batch.batch): refused_by(batch) for batch in refused[:NAMED]},
        "refused_batches": len(refused),
        "gates": dict(Counter(f"{g.dataset}.{g.gate}" for batch in batches for g in batch.gates if not g.passed)),
    }


def refused_by(batch: Published) -> list[str]:
    """The gates that refused `batch`, as `dataset.gate`; `drift` where none did."""
    failed = [f"{one.dataset}.{one.gate}" for one in batch.gates if not one.passed and one.severity == "critical"]
    return failed or ["drift"]


def _opened() -> tuple[Registry, Store, Secrets]:
    now = settings.read()
    secrets = secrets_of_task(now)
    return open_sound(now), open_store(now, secrets), secrets
