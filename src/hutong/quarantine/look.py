"""What waits in the quarantine, by rule and one by one, its reasons said when they are read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from hutong.lake import query
from hutong.model.declared import Words
from hutong.model.finding import Finding, parts
from hutong.model.mapping import Code
from hutong.registry import Registry, Source
from hutong.store.paths import Store
from hutong.store.tables import literal

UNMAPPED = "unmapped"


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which findings; None does not ask. status: open, released or dropped."""

    platform: str | None = None
    stream: str | None = None
    rule: str | None = None
    city: str | None = None
    batch: int | None = None
    status: str | None = "open"

    @property
    def condition(self) -> str:
        """SQL over the columns of the quarantine, with the parameters of `params`."""
        names = [name for name, value in asdict(self).items() if value is not None and name != "status"]
        said = [f"{name} = ${name}" for name in names]
        if self.status is not None:
            said.append("coalesce(status, 'open') = $status")
        return " AND ".join(said) or "true"

    @property
    def params(self) -> dict[str, Any]:
        """Values of the parameters in `condition`."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    def takes(self, source: Source) -> bool:
        """Whether findings of `source` may be among them."""
        return self.platform in (None, source.connector.platform) and self.stream in (None, source.name)


@dataclass(frozen=True, slots=True)
class Said:
    """A reason in both languages: what happened, why it matters, the next step."""

    what: Words
    why: Words
    next_step: Words


@dataclass(frozen=True, slots=True)
class Group:
    """What one rule refuses of a stream. share: of all records of the stream. is_published: a code without a match,
    whose records wait in the open, published as `unmapped`.
    """

    platform: str
    stream: str
    rule: str
    records: int
    share: float | None
    first_seen: datetime
    example: Said
    is_published: bool


@dataclass(frozen=True, slots=True)
class Refusal:
    """One finding. alike: records of its batch that the same rule met at the same place."""

    sequence: str
    batch: int
    record: int
    rule: str
    status: str
    settled_by: str | None
    alike: int | None
    first_seen: datetime
    said: Said
    raw: str | None

    @property
    def id(self) -> str:
        """What the record is called on the command line."""
        return f"{self.sequence}#{self.batch}/{self.record}"


def summary(chosen: Chosen, registry: Registry, store: Store) -> list[Group]:
    """What waits, by rule, most records first; then the codes that are published as `unmapped`."""
    received = {
        (row["platform"], row["stream"]): row["received"] for row in query(_RECEIVED, registry, store).to_pylist()
    }
    found = query(_SUMMARY.format(chosen.condition), registry, store, chosen.params).to_pylist()
    groups = [
        Group(
            row["platform"],
            row["stream"],
            row["rule"],
            row["records"],
            _share(row["records"], received.get((row["platform"], row["stream"]), 0)),
            row["first_seen"],
            said_of(row["example"]),
            is_published=False,
        )
        for row in found
    ]
    if chosen.status != "open":
        return groups
    return groups + list(_unmapped(chosen, received, registry, store))


_RECEIVED = "SELECT platform, stream, sum(count)::BIGINT AS received FROM ledger WHERE kind = 'record' GROUP BY ALL"
_REASON = """struct_pack(stage := stage, rule := rule, kind := kind, place := place, value := value, params := params,
    zh := reason_zh, en := reason_en)"""
_SUMMARY = f"""
    SELECT platform, stream, rule, count(DISTINCT (sequence, batch, record)) AS records, min(first_seen) AS first_seen,
           arg_min({_REASON}, (sequence, batch, record, place)) AS example
    FROM quarantine WHERE {{}} GROUP BY platform, stream, rule ORDER BY records DESC, platform, stream, rule"""
_LISTING = f"""
    SELECT sequence, batch, record, rule, coalesce(status, 'open') AS status, settled_by, alike, first_seen, raw,
           {_REASON} AS reason
    FROM quarantine WHERE {{}} ORDER BY sequence, batch, record, is_first DESC, rule, place LIMIT {{}}"""


def listing(chosen: Chosen, limit: int, registry: Registry, store: Store) -> list[Refusal]:
    """The first `limit` findings, by sequence, batch and record."""
    found = query(_LISTING.format(chosen.condition, int(limit)), registry, store, chosen.params).to_pylist()
    return [Refusal(said=said_of(row.pop("reason")), **row) for row in found]


def said_of(row: Mapping[str, Any]) -> Said:
    """The reason of a finding as this release says it; as the one that wrote it did, where it kept no parameters.

    row: stage, rule, kind, place, value, params (JSON), zh and en.
    """
    try:
        finding = Finding(
            row["stage"], row["rule"], row["kind"], row["place"], row["value"], json.loads(row["params"] or "null")
        )
        zh, en = parts(finding, "zh"), parts(finding, "en")
    except (KeyError, TypeError):
        # Release 0.2 and before kept the sentence alone; a later one may know kinds that this one does not.
        look = Words(zh="参见上文", en="see before")
        return Said(Words(zh=row["zh"], en=row["en"]), Words(zh=f"规则 {row['rule']}", en=f"rule {row['rule']}"), look)
    return Said(*(Words(zh=one, en=other) for one, other in zip(zh, en, strict=True)))


def _unmapped(
    chosen: Chosen, received: Mapping[tuple[str, str], int], registry: Registry, store: Store
) -> Iterator[Group]:
    """A code that the crosswalk lacks is published all the same; it waits for whoever knows what it means."""
    for source in registry.sources.values():
        if not chosen.takes(source):
            continue
        for rows in source.mapping.rows:
            for name, rule in rows.fields.items():
                if isinstance(rule, Code) and chosen.rule in (None, f"{name}_{UNMAPPED}"):
                    yield from _of_field(name, rule, rows.dataset, source, chosen, received, registry, store)


def _of_field(
    name: str,
    rule: Code,
    dataset: str,
    source: Source,
    chosen: Chosen,
    received: Mapping[tuple[str, str], int],
    registry: Registry,
    store: Store,
) -> Iterator[Group]:
    platform, stream = source.connector.platform, source.name
    conditions = [
        f"source_platform = {literal(source.connector.source_platform)}",
        f"source_stream = {literal(stream)}",
        f'"{name}" = {literal(UNMAPPED)}',
        f"city IN ({', '.join(map(literal, [chosen.city] if chosen.city else source.connector.cities))})",
        *([f"batch = {int(chosen.batch)}"] if chosen.batch is not None else []),
    ]
    sql = f"""SELECT count(DISTINCT (city, run, batch, record)) AS records, min(received_at) AS first_seen,
              string_agg(DISTINCT "{name}_raw", ', ' ORDER BY "{name}_raw") AS met
              FROM "{dataset}" WHERE {" AND ".join(conditions)}"""
    (row,) = query(sql, registry, store).to_pylist()
    if row["records"]:
        # Codes are no personal data, and there are few of them.
        finding = Finding(
            "mapping", f"{name}_{UNMAPPED}", UNMAPPED, f"$.{rule.from_}", row["met"][:80], {"list": rule.list_}
        )
        said = Said(*(Words(zh=z, en=e) for z, e in zip(parts(finding, "zh"), parts(finding, "en"), strict=True)))
        share = _share(row["records"], received.get((platform, stream), 0))
        yield Group(platform, stream, finding.rule, row["records"], share, row["first_seen"], said, is_published=True)


def _share(records: int, of: int) -> float | None:
    return records / of if of else None
