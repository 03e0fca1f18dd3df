"""One refused record with everything that is known of it: its findings, its raw content, and where it came from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from hutong.errors import AskedWrongly, SecretMissing
from hutong.lake import query
from hutong.model.batch import Sequence
from hutong.normalise.showing import Shower
from hutong.pages import records_of
from hutong.pipeline import store_key
from hutong.quarantine.look import Chosen, Said, said_of
from hutong.registry import Registry, Source
from hutong.schema.shape import shape_of
from hutong.secrets import Secrets
from hutong.store.landing import read_batch
from hutong.store.paths import Store

_ID = re.compile(r"(?P<sequence>[^#\s]+)#(?P<batch>\d+)/(?P<record>\d+)")


@dataclass(frozen=True, slots=True)
class RecordId:
    """What a record is called on the command line: `transport_info/section_flow/500000#2/17`."""

    sequence: Sequence
    batch: int
    record: int

    @classmethod
    def parse(cls, text: str) -> RecordId:
        """The record that `text` names. Raises AskedWrongly."""
        found = _ID.fullmatch(text)
        if found is None or found["sequence"].count("/") < 2:
            raise AskedWrongly(
                f"'{text}' names no record", "take it from `hutong quarantine list`: platform/stream/city#batch/record"
            )
        return cls(Sequence.parse(found["sequence"]), int(found["batch"]), int(found["record"]))

    def __str__(self) -> str:
        return f"{self.sequence.id}#{self.batch}/{self.record}"


@dataclass(frozen=True, slots=True)
class Reason:
    """A finding of a record: its rule, and the reason."""

    stage: str
    rule: str
    said: Said


@dataclass(frozen=True, slots=True)
class Shown:
    """A refused record. raw: its content with what is personal hidden; None when landing no longer holds it, or it lies
    encrypted and the key is not to be had (`no_raw` says which). url: of its page, without secrets.
    """

    id: RecordId
    reasons: tuple[Reason, ...]
    status: str
    settled_by: str | None
    settled_at: datetime | None
    first_seen: datetime
    mapping_version: int
    contract_version: str | None
    page: int
    position: int
    raw: Mapping[str, Any] | None
    no_raw: str | None
    url: str | None
    fetched_at: datetime | None


_SQL = """SELECT *, coalesce(status, 'open') AS now FROM quarantine
          WHERE sequence = $sequence AND batch = $batch AND record = $record ORDER BY is_first DESC, rule, place"""


def show_record(wanted: RecordId, registry: Registry, store: Store, secrets: Secrets) -> Shown:
    """The record `wanted`. Raises AskedWrongly when it was never refused."""
    params = {"sequence": wanted.sequence.id, "batch": wanted.batch, "record": wanted.record}
    rows = query(_SQL, registry, store, params).to_pylist()
    if not rows:
        raise AskedWrongly(f"the quarantine does not have {wanted}", "`hutong quarantine list` names those that it has")
    first = rows[0]
    source = registry.source(wanted.sequence.platform, wanted.sequence.stream)
    raw, no_raw, url, fetched_at = _raw(wanted, source, store, secrets)
    return Shown(
        id=wanted,
        reasons=tuple(
            Reason(row["stage"], row["rule"], said_of({**row, "zh": row["reason_zh"], "en": row["reason_en"]}))
            for row in rows
        ),
        status=first["now"],
        settled_by=first["settled_by"],
        settled_at=first["settled_at"],
        first_seen=first["first_seen"],
        mapping_version=first["mapping_version"],
        contract_version=first["contract_version"],
        page=first["page"],
        position=first["position"],
        raw=raw,
        no_raw=no_raw,
        url=url,
        fetched_at=fetched_at,
    )


def _raw(
    wanted: RecordId, source: Source, store: Store, secrets: Secrets
) -> tuple[Mapping[str, Any] | None, str | None, str | None, datetime | None]:
    try:
        pages = list(read_batch(store, wanted.sequence, wanted.batch, store_key(source, secrets)))
    except SecretMissing as wrong:
        return None, str(wrong), None, None
    record = next(islice(records_of(pages, source.stream), wanted.record, None), None)
    if record is None:
        return None, "landing no longer holds the batch", None, None
    page = next(one for one in pages if one.number == record.page)
    return Shower(source.stream).record(record.content, shape_of(source.schema)), None, page.url, page.fetched_at


def places_of(
    wanted: Chosen | Iterable[RecordId], registry: Registry, store: Store
) -> dict[Sequence, set[tuple[str, int, int]]]:
    """Live sequence of a stream in a city -> (sequence, batch, record) of the open records that are meant.

    Raises AskedWrongly for a record that the quarantine does not have.
    """
    conditions = wanted if isinstance(wanted, Chosen) else Chosen()
    sql = f"SELECT DISTINCT sequence, batch, record FROM quarantine WHERE {conditions.condition}"
    rows = {tuple(row.values()) for row in query(sql, registry, store, conditions.params).to_pylist()}
    if not isinstance(wanted, Chosen):
        named = {(one.sequence.id, one.batch, one.record) for one in wanted}
        if missing := sorted(named - rows):
            sequence, batch, record = missing[0]
            raise AskedWrongly(
                f"{sequence}#{batch}/{record} does not wait in the quarantine",
                "`hutong quarantine list` names those that do, `--status any` the others too",
            )
        rows = named
    found: dict[Sequence, set[tuple[str, int, int]]] = {}
    for sequence, batch, record in rows:
        run = Sequence.parse(sequence)
        live = Sequence(run.platform, run.stream, run.city)
        found.setdefault(live, set()).add((sequence, batch, record))
    return dict(sorted(found.items(), key=lambda one: one[0].id))
