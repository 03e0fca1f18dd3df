"""Accept or reject a batch that a gate, or drift of a frozen stream, refused, after a look at what its gates say."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hutong.decisions import accepted_of, decide, decisions, name_of, read_name, still_refused
from hutong.errors import AskedWrongly, HutongError, StoreError
from hutong.model.batch import Published, Sequence
from hutong.pipeline import checked, publish_refused, versions_of
from hutong.publish.stage import last_published
from hutong.redo.accounts import entries, made_with
from hutong.redo.kept import Kept, dropped_records
from hutong.registry import Registry, Source
from hutong.secrets import Secrets
from hutong.store.landing import held
from hutong.store.paths import Store
from hutong.store.tables import existing, number
from hutong.validate.gates import write_docs


def accept(name: str, reason: str, registry: Registry, store: Store, secrets: Secrets) -> Published | None:
    """Publish the batch called `name` after all; None when that was done before.

    reason: in the actor's words. Whoever dies in the middle is followed by running it again.
    Raises AskedWrongly for what is no refused batch, HutongError when it was rejected, or is declared otherwise than
    when it was refused, StoreError when landing no longer holds it, SecretMissing.
    """
    sequence, batch = read_name(name)
    source = _source(sequence, registry)
    if number(store.ledger(sequence.platform), accepted_of(sequence, batch).id):
        return None
    _must_be_refused(sequence, batch, registry, store)
    _must_be_made_as_now(source, sequence, batch, store, secrets)
    if batch not in held(store, sequence):
        raise StoreError(
            f"landing no longer holds {name_of(sequence.id, batch)}", "restore the landing table from a backup"
        )
    # Before anything is decided, whatever is missing for publishing: a key, a page, a table that cannot be written.
    live = Sequence(sequence.platform, sequence.stream, sequence.city)
    dropped = dropped_records(Kept(live, registry, store)).get(sequence.id, {}).get(batch, frozenset())
    publish: Callable[[], Published] = publish_refused(source, sequence, batch, registry, store, secrets, dropped)
    decide("accept", sequence, batch, reason, registry, store)
    return publish()


def reject(name: str, reason: str, registry: Registry, store: Store) -> None:
    """Close the batch called `name`: its records stay refused, and nobody waits for its pages any longer.

    Raises AskedWrongly for what is no refused batch, HutongError when it was accepted.
    """
    sequence, batch = read_name(name)
    _source(sequence, registry)
    _must_be_refused(sequence, batch, registry, store)
    decide("reject", sequence, batch, reason, registry, store)


def data_docs(name: str, folder: Path, registry: Registry, store: Store, secrets: Secrets) -> list[Path]:
    """The Data Docs of Great Expectations about the batch called `name`, one site per dataset below `folder`, made from
    what landing holds of it; where each begins. Nothing is written elsewhere.

    Raises AskedWrongly for what is no batch, StoreError when landing no longer holds it.
    """
    sequence, batch = read_name(name)
    source = _source(sequence, registry)
    validated, around = checked(source, sequence, batch, registry, store, secrets)
    sites = (write_docs(validated.frames, dataset, around, folder / dataset.id) for dataset in source.datasets.values())
    return [site for site in sites if site is not None]


def _source(sequence: Sequence, registry: Registry) -> Source:
    source = registry.source(sequence.platform, sequence.stream)
    if sequence.city not in source.connector.cities:
        raise AskedWrongly.unknown(f"city of {sequence.platform}", sequence.city, source.connector.cities)
    return source


def _must_be_refused(sequence: Sequence, batch: int, registry: Registry, store: Store) -> None:
    ledger, name = existing(store.ledger(sequence.platform)), name_of(sequence.id, batch)
    if ledger is None or last_published(sequence, store) < batch:
        newest = 0 if ledger is None else last_published(sequence, store)
        raise AskedWrongly(
            f"{sequence.id} has published no batch {batch}; its newest is {newest}",
            "`hutong gates` lists the batches that wait for a decision",
        )
    if still_refused(ledger, sequence, batch) or (sequence.id, batch) in decisions(registry, store):
        return
    raise AskedWrongly(f"{name} was not refused", "`hutong gates` lists the batches that wait for a decision")


def _must_be_made_as_now(source: Source, sequence: Sequence, batch: int, store: Store, secrets: Secrets) -> None:
    """Raise HutongError when other rules hold now than those under which the batch was looked at."""
    live = Sequence(sequence.platform, sequence.stream, sequence.city)
    made = made_with(
        entries(store.ledger(sequence.platform), live), versions_of(source, secrets), source.deciding.table
    )
    if otherwise := made.get((sequence.id, batch)):
        raise HutongError(
            f"{name_of(sequence.id, batch)} was refused under other versions: {', '.join(otherwise)}",
            f"put those versions back, or run `hutong replay {source.connector.platform} {source.name}`, which looks at"
            " it again under the present ones",
        )
