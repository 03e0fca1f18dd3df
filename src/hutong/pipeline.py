"""The stages in a row, for one sequence: a stream of a platform in a city.

    extract -> land                      what Airflow runs as its task `land`
    normalise -> validate -> publish     what Airflow runs as its task `publish`

Nothing lies between the two but the store.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Set
from collections.abc import Sequence as SequenceOf
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import NamedTuple

from hutong.budget import Allowance, owned
from hutong.errors import AskedWrongly, StoreError
from hutong.extract.lateness import Lateness
from hutong.extract.stage import extract
from hutong.land.stage import land
from hutong.lineage import Work, observed
from hutong.model.batch import Landed, Page, Published, Resume, Sequence, Verdict, Versions
from hutong.model.rows import Listed, Normalised, Refresh, Validated
from hutong.model.window import Window
from hutong.normalise.dropped import without
from hutong.normalise.mend import Mender
from hutong.normalise.plan import Plan, compile_source, pseudonymiser
from hutong.normalise.pseudonym import Pseudonymiser
from hutong.normalise.shown import keys_shown, refreshed
from hutong.normalise.stage import normalise
from hutong.pauses import paused
from hutong.publish.accepted import publish_accepted
from hutong.publish.stage import last_published, publish
from hutong.registry import Registry, Source
from hutong.secrets import Secrets
from hutong.settings import Settings
from hutong.store.contracted import table_of
from hutong.store.crypt import StoreKey
from hutong.store.landing import LandedPage, mark, pull_ended_by, read_batch
from hutong.store.paths import Store
from hutong.store.tables import fitted
from hutong.validate.around import Around
from hutong.validate.stage import row_findings, validate

log = logging.getLogger(__name__)


def allowance(
    source: Source,
    city: str,
    registry: Registry,
    store: Store,
    settings: Settings,
    heed: Callable[[], None] = lambda: None,
) -> Allowance:
    """What the platform's owner allows a pull of `source` in `city`, and whether a person has paused it, which `store`
    says.

    heed: is called before every try; what it raises ends the pull there, with what came before landed.
    Nothing is read or opened before the first request.
    """
    connector = source.connector
    is_paused = paused(connector.platform, registry, store)

    def waits() -> str | None:
        heed()
        return is_paused()

    return owned(connector, source.name, settings, waits, connector.desk(city))


def land_new(source: Source, sequence: Sequence, store: Store, secrets: Secrets, allowance: Allowance) -> Landed:
    """Pull what the platform has behind the cursor, and land it.

    Raises PlatformError when the platform does not deliver; what came before is landed all the same.
    """
    with observed(Work("land", source, sequence, store)) as ended:
        since = _, resume = mark(store, sequence)
        now = datetime.now(UTC)
        with closing(allowance):
            pages = extract(
                sequence, source.connector.at(sequence.city), source.stream, secrets, resume, now, allowance=allowance
            )
            landed = land(sequence, source.stream, pages, store, store_key(source, secrets), since)
        ended(landed)
    return landed


def land_window(
    source: Source,
    sequence: Sequence,
    window: Window,
    store: Store,
    secrets: Secrets,
    allowance: Allowance,
) -> Landed:
    """Pull what the platform has of `window`, and land it in `sequence`, a backfill's own (`Sequence.within`).

    One that stopped goes on where it stopped; one that came to its end asks for nothing.
    Raises AskedWrongly for a stream that takes no window, PlatformError when the platform does not deliver.
    """
    must_take_windows(source)
    with observed(Work("land", source, sequence, store, window=window)) as ended:
        since = newest, resume = mark(store, sequence)
        pages: Iterator[Page] = iter(())
        if newest == 0 or resume.position is not None:
            kept = Resume(None, resume.position)
            connector = source.connector.at(sequence.city)
            pages = extract(sequence, connector, source.stream, secrets, kept, window.end, window.start, allowance)
        with closing(allowance):
            landed = land(sequence, source.stream, pages, store, store_key(source, secrets), since)
        ended(landed)
    return landed


def must_take_windows(source: Source) -> None:
    """Raise AskedWrongly for a stream that cannot be asked for a stretch of time."""
    if source.stream.window_by is None:
        reads = "goes by a number" if source.stream.incremental else "reads all of it"
        raise AskedWrongly(f"{source.id} has no window to backfill: every sync {reads}", "run `hutong sync`")


def publish_waiting(
    source: Source, sequence: Sequence, registry: Registry, store: Store, secrets: Secrets
) -> Generator[Published]:
    """Publish every landed batch that the ledger does not close yet, in order; yields after each."""
    newest, _ = mark(store, sequence)
    done = last_published(sequence, store)
    yield from publish_landed(source, sequence, range(done + 1, newest + 1), registry, store, store, secrets)


def publish_landed(
    source: Source,
    sequence: Sequence,
    batches: Iterable[int],
    registry: Registry,
    store: Store,
    into: Store,
    secrets: Secrets,
    verdicts: Mapping[int, Verdict] = MappingProxyType({}),
    dropped: Mapping[int, Set[int]] = MappingProxyType({}),
) -> Iterator[Published]:
    """Publish `batches` (numbers, in order), as the landing of `store` holds them, to the tables of `into`; yields
    after each.

    verdicts: batch -> what a person decided about it, whatever gates say. dropped: batch -> the numbers of its records
    that a person took out.
    Raises StoreError when landing does not hold one of them, and, before anything is published, when a contract
    changed in a way that breaks its table.
    """
    waiting = list(batches)
    if not waiting:
        return
    for dataset in source.datasets.values():
        # Before a batch is begun: one begun under a contract that breaks its table could not be ended under the next.
        fitted(table_of(dataset, into.base(dataset.table)))
    key, pseudonyms = store_key(source, secrets), pseudonymiser(source, secrets)
    plan, versions = compile_source(source, pseudonyms), _versions(source, pseudonyms)
    mender = _mender(source, plan, pseudonyms)

    def read(batch: int) -> _Read:
        # Made anew beside the lake that people read, it was published before.
        around = Around(sequence, batch, registry, store, is_again=into != store)
        return _read(source, around, plan, mender, key, dropped.get(batch, frozenset()))

    quarantine = registry.dataset("quarantine")
    listed: dict[int, Listed] = {}
    with closing(_one_ahead(read, waiting)) as ahead:
        for batch in waiting:
            work = Work("publish", source, sequence, into, batch, quarantine)
            # What is made beside the lake is thrown away again, and no catalogue need know of it.
            with observed(work if into == store else None) as ended:
                found = next(ahead)
                pages, validated, refresh = _looked_at(found, source, plan, key, listed)
                if refresh is not None:
                    listed.clear()
                elif found.normalised.listed is not None:
                    listed[batch] = found.normalised.listed
                # Or pages and rows of this batch would stay in memory beside those of the next.
                del found
                validated = replace(validated, verdict=verdicts.get(batch))
                published = publish(sequence, batch, validated, pages, source, versions, registry, into, refresh)
                del validated
                ended(published)
            yield published


def publish_refused(
    source: Source,
    sequence: Sequence,
    batch: int,
    registry: Registry,
    store: Store,
    secrets: Secrets,
    dropped: Set[int] = frozenset(),
) -> Callable[[], Published]:
    """Look again at a batch that was refused; the function given back publishes it, whatever gates say.

    dropped: as `publish_landed` has it, of this batch. Raises as `publish_landed` does before anything is published.
    """
    key, pseudonyms = store_key(source, secrets), pseudonymiser(source, secrets)
    plan, versions = compile_source(source, pseudonyms), _versions(source, pseudonyms)
    mender = _mender(source, plan, pseudonyms)
    around = Around(sequence, batch, registry, store, is_again=True)
    found = _read(source, around, plan, mender, key, dropped)
    pages, validated, refresh = _looked_at(found, source, plan, key)
    accepted = replace(validated, verdict="accept")

    def publish_all_the_same() -> Published:
        with observed(Work("accept", source, sequence, store, batch, registry.dataset("quarantine"))) as ended:
            published = publish_accepted(sequence, batch, accepted, pages, source, versions, registry, store, refresh)
            ended(published)
        return published

    return publish_all_the_same


def checked(
    source: Source, sequence: Sequence, batch: int, registry: Registry, store: Store, secrets: Secrets
) -> tuple[Validated, Around]:
    """What of a landed batch may pass as things are declared now, and its place among others. Raises StoreError."""
    key, pseudonyms = store_key(source, secrets), pseudonymiser(source, secrets)
    plan, around = compile_source(source, pseudonyms), Around(sequence, batch, registry, store)
    found = _read(source, around, plan, _mender(source, plan, pseudonyms), key)
    _, validated, _ = _looked_at(found, source, plan, key)
    return validated, around


def _mender(source: Source, plan: Plan, pseudonyms: Pseudonymiser | None) -> Mender:
    return Mender(source, plan, pseudonyms, lambda frames: row_findings(frames, source))


class _Read(NamedTuple):
    """A batch, read and normalised; nothing in it depends on what is published."""

    around: Around
    pages: list[LandedPage]
    normalised: Normalised


def _one_ahead(read: Callable[[int], _Read], batches: SequenceOf[int]) -> Generator[_Read]:
    """`read` of each of `batches`, in order; of the next one already while the one before is checked and published,
    most of which is waiting for files to be written.
    """
    with ThreadPoolExecutor(1) as reader:
        # No name holds a batch here, so that whoever takes it decides how long it lives.
        coming = deque([reader.submit(read, batches[0])])
        for following in [*batches[1:], None]:
            if following is not None:
                coming.append(reader.submit(read, following))
            yield coming.popleft().result()


def _read(
    source: Source,
    around: Around,
    plan: Plan,
    mender: Mender,
    key: StoreKey | None,
    dropped: Set[int] = frozenset(),
) -> _Read:
    """A batch as landing holds it, normalised and mended. Raises StoreError."""
    sequence, batch, store = around.sequence, around.batch, around.store
    pages = list(read_batch(store, sequence, batch, key))
    if not pages:
        raise StoreError(
            f"landing holds no page of batch {batch} of {sequence.id}",
            "restore the landing table from a backup, then run `hutong verify`",
        )
    late = Lateness(source.stream.window_by, pages[0].mark)
    normalised = normalise(pages, sequence, batch, plan, late.lags)
    normalised = without(normalised, dropped, sequence, batch, plan)
    return _Read(around, pages, mender.mend(normalised, sequence, batch))


def _looked_at(
    found: _Read, source: Source, plan: Plan, key: StoreKey | None, listed: Mapping[int, Listed] = MappingProxyType({})
) -> tuple[list[LandedPage], Validated, Refresh | None]:
    """The pages of a batch, without their bodies, what of it may pass, and what the pull that it ends shows. listed: as
    `_refresh` has it.

    Gates look at what was published before, so no batch comes here before its predecessor is published.
    Raises StoreError.
    """
    around, pages, normalised = found
    validated = validate(normalised, source, around)
    refresh = _refresh(found, plan, key, listed)
    return [replace(page, body=b"") for page in pages], validated, refresh


def _refresh(
    found: _Read, plan: Plan, key: StoreKey | None, listed: Mapping[int, Listed] = MappingProxyType({})
) -> Refresh | None:
    """What the pull that a batch ends shows, if every pull of the stream reads all there is and this one did.

    listed: batch -> the keys of its records, of those that were read already.
    """
    around, pages, normalised = found
    if normalised.listed is None or pages[-1].completeness != "proven":
        return None
    store, sequence, batch = around.store, around.sequence, around.batch
    first = pull_ended_by(store, sequence, batch)
    if first is None:
        return None
    earlier = (
        listed[before] if before in listed else keys_shown(read_batch(store, sequence, before, key), plan)
        for before in range(first, batch)
    )
    return refreshed(pages[-1].fetched_at, [*earlier, normalised.listed])


def versions_of(source: Source, secrets: Secrets) -> Versions:
    """What a batch of `source` is made with now. Raises SecretMissing when its pseudonym key is not to be had."""
    return _versions(source, pseudonymiser(source, secrets))


def _versions(source: Source, pseudonyms: Pseudonymiser | None) -> Versions:
    return Versions(
        mapping=source.mapping.version,
        mapping_digest=source.mapping_digest,
        contracts={dataset.table: dataset.version for dataset in source.datasets.values()},
        codes_digest=source.codes_digest,
        structure_digest=source.structure_digest,
        pseudonym_key=pseudonyms.id if pseudonyms else None,
    )


def store_key(source: Source, secrets: Secrets) -> StoreKey | None:
    """The key under which the stream lands; None for streams without personal fields."""
    return StoreKey.from_hex(secrets("store_key").reveal()) if source.is_personal else None
