"""Everything that is asked of the lake after a sync, asked once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from hutong.lake import connect
from hutong.registry import Registry
from hutong.report.flow import sections_of
from hutong.report.knew_first import AT_JUNCTION_M, NEAR_RSU_M, KnewFirst, who_knew_first
from hutong.report.picture import Picture, picture_of
from hutong.report.plane import plane_of
from hutong.report.raw import join_raw
from hutong.report.summary import DatasetState, StreamFates, datasets_of, streams_of
from hutong.secrets import Secrets
from hutong.store.paths import Store


@dataclass(frozen=True, slots=True)
class Answer:
    """What the report says.

    asked_at: the instant that ages are counted to. picture: None while the lake has no junctions.
    """

    asked_at: datetime
    streams: tuple[StreamFates, ...]
    datasets: tuple[DatasetState, ...]
    knew_first: KnewFirst
    picture: Picture | None


def answer(registry: Registry, store: Store, secrets: Secrets, now: datetime | None = None) -> Answer:
    """Ask the lake in `store`. Landed pages of streams with personal fields are read with the secret store_key.

    now: aware; the present by default. Raises SecretMissing, StoreError.
    """
    asked_at = now or datetime.now(UTC)
    raw = join_raw(registry, store, secrets, AT_JUNCTION_M, NEAR_RSU_M)
    connection = connect(registry, store)
    try:
        streams, datasets = streams_of(connection, registry), datasets_of(connection, registry, asked_at)
        plane = plane_of(connection)
        if plane is None:
            return Answer(asked_at, streams, datasets, KnewFirst(None, raw, (), 0), None)
        sections = sections_of(connection, plane)
        knew_first = who_knew_first(connection, registry, plane, sections, raw)
        picture = picture_of(connection, plane, sections, knew_first, streams)
        return Answer(asked_at, streams, datasets, knew_first, picture)
    finally:
        connection.close()
