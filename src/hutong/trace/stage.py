"""The whole way back of one published row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from hutong.errors import AskedWrongly, RegistryError
from hutong.meaning import check_meaning
from hutong.model.dataset import Dataset
from hutong.model.declared import Words
from hutong.model.finding import reason
from hutong.model.rows import Normalised
from hutong.normalise import compile_source, pseudonymiser
from hutong.normalise.elements import Element
from hutong.normalise.mend import Mender
from hutong.normalise.plan import RowPlan
from hutong.normalise.reading import Raw, Unreadable
from hutong.normalise.reference import judge_alone
from hutong.normalise.showing import Shower
from hutong.pipeline import versions_of
from hutong.registry import Registry, Source
from hutong.registry.files import mapping_of
from hutong.registry.read import File, Problems
from hutong.schema.arrow import to_frame
from hutong.schema.shape import shape_of
from hutong.secrets import Secrets
from hutong.store.paths import Store
from hutong.trace.columns import Column, Row, columns_of, part_of, shown
from hutong.trace.made import Made, made_with
from hutong.trace.raw import Found, raw_of, sequence_of
from hutong.validate.stage import row_findings

Verdict = Literal["reproduced", "differs", "refused", "gone", "expired", "altered"]
"""What making the row once more from its raw record, by the reference path, gives.

reproduced: every column again. differs: another value in some. refused: what is declared now would refuse the record.
gone: it makes no row of this key any more. expired: landing no longer holds the page. altered: the page's bytes are not
those that landed.
"""


@dataclass(frozen=True, slots=True)
class Came:
    """How the raw record came. received: digest of the bytes as they came; stored: of those that are kept, which have
    less where fields are never kept. is_intact: whether the bytes still have that digest.
    """

    page: int
    position: int
    url: str
    fetched_at: datetime
    content_type: str
    sha256_received: str
    sha256_stored: str
    is_intact: bool


@dataclass(frozen=True, slots=True)
class Trace:
    """From a published row back to its bytes.

    key: the row's key, personal parts hidden. why: the reasons where the verdict is `refused`. repairs: names of those
    by which the record passes. file: of the mapping. made: None when the ledger does not have the batch. raw: the
    record with what is personal hidden.
    """

    dataset: Dataset
    source: Source
    key: Mapping[str, Any]
    verdict: Verdict
    why: tuple[Words, ...]
    repairs: tuple[str, ...]
    columns: tuple[Column, ...]
    file: str
    sequence: str
    batch: int
    record: int
    made: Made | None
    came: Came | None
    raw: Mapping[str, Any] | None

    @property
    def changed(self) -> list[str]:
        """The columns that come out otherwise now."""
        return [column.name for column in self.columns if column.again == "differs"]

    @property
    def is_rounded(self) -> bool:
        """Whether some column comes out otherwise in the last digits of a double."""
        return any(column.again == "rounding" for column in self.columns)


def trace(dataset: Dataset, row: Row, registry: Registry, store: Store, secrets: Secrets) -> Trace:
    """The way back of `row`, a published row of `dataset` with all its columns.

    Raises AskedWrongly when its stream is no longer declared or no longer fills the dataset, SecretMissing when its
    page lies encrypted or holds pseudonyms and a key is not to be had, RegistryError when a line of its mapping means
    nothing.
    """
    try:
        return _trace(dataset, row, registry, store, secrets)
    except ValueError:
        # What a rule refuses when it is compiled; the check says it with file and line.
        if problems := check_meaning(registry):
            raise RegistryError(problems) from None
        raise


def _trace(dataset: Dataset, row: Row, registry: Registry, store: Store, secrets: Secrets) -> Trace:
    source = registry.source_of_rows(row["source_platform"], row["source_stream"], row["city"])
    if dataset.id not in source.datasets:
        raise AskedWrongly(
            f"the mapping of {source.id} no longer fills {dataset.id}, so no line of it made this row",
            f"look for the batch in `hutong ledger --platform {source.connector.platform} --batches`",
        )
    found = raw_of(row, source, store, secrets)
    again = _NOT_AGAIN if found is None else _again(row, found, dataset, source, secrets)
    path = mapping_of(registry.root, source.connector.platform, source.name)
    file, lines = path.relative_to(registry.root).as_posix(), File(path, Problems(registry.root))
    columns = tuple(columns_of(row, again.row, again.element, again.repairs, dataset, source, lines))
    sequence = sequence_of(row, source)
    return Trace(
        dataset=dataset,
        source=source,
        key={name: shown(row[name], dataset.field(name)) for name in dataset.key},
        verdict=_verdict(found, again, columns),
        why=again.why,
        repairs=again.repairs,
        columns=columns,
        file=file,
        sequence=sequence.id,
        batch=row["batch"],
        record=row["record"],
        made=made_with(sequence, row["batch"], dataset, source, versions_of(source, secrets), registry, store),
        came=None if found is None else _came(found),
        raw=None if found is None else Shower(source.stream).record(found.record.content, shape_of(source.schema)),
    )


@dataclass(frozen=True, slots=True)
class _Again:
    """The row of the same key made once more, the element that it is made from, the repairs by which it passes, and why
    it would be refused now.
    """

    row: Row | None
    element: Element | None
    repairs: tuple[str, ...]
    why: tuple[Words, ...]


_NOT_AGAIN = _Again(None, None, (), ())


def _again(row: Row, found: Found, dataset: Dataset, source: Source, secrets: Secrets) -> _Again:
    """`row` by the reference path, by repairs where the record needs them, and held against the row rules."""
    keys, sequence, batch = pseudonymiser(source, secrets), sequence_of(row, source), row["batch"]
    plan = compile_source(source, keys)
    alone = judge_alone(found.record, sequence, batch, plan)
    made = Normalised(
        received=1,
        frames={part.dataset: to_frame(alone.rows[part.dataset], part.contract) for part in plan.rows},
        record=lambda _: found.record,
        refused=alone.refused,
    )
    made = Mender(source, plan, keys, lambda frames: row_findings(frames, source)).mend(made, sequence, batch)
    findings = [finding for one in made.refused for finding in one.findings]
    findings += row_findings(made.frames, source).get(found.record.number, [])
    rows = list(made.frames[dataset.id].iter_rows(named=True))
    at = next((at for at, one in enumerate(rows) if all(one[name] == row[name] for name in dataset.own_key)), None)
    return _Again(
        row=None if at is None else rows[at],
        element=_element(plan.rows[part_of(dataset, source)], found.record.content, len(rows), at),
        repairs=made.released[0].repairs if made.released else (),
        why=tuple(Words(en=reason(finding, "en"), zh=reason(finding, "zh")) for finding in findings),
    )


def _element(part: RowPlan, content: Raw, rows: int, at: int | None) -> Element | None:
    """The element of a record that gives its row `at` of `rows`; the record's only one where none gives a row."""
    try:
        elements = list(part.elements(content))
    except Unreadable:
        return None
    if at is None:
        return elements[0] if len(elements) == 1 else None
    # Where drift leaves parts of the record out, its elements cannot be counted off.
    return elements[at] if len(elements) == rows else None


def _verdict(found: Found | None, again: _Again, columns: tuple[Column, ...]) -> Verdict:
    if found is None:
        return "expired"
    if not found.page.is_intact:
        return "altered"
    if again.why:
        return "refused"
    if again.row is None:
        return "gone"
    return "differs" if any(column.again == "differs" for column in columns) else "reproduced"


def _came(found: Found) -> Came:
    record, page = found.record, found.page
    return Came(
        page=record.page,
        position=record.position,
        url=page.url,
        fetched_at=page.fetched_at,
        content_type=page.content_type,
        sha256_received=page.sha256_received,
        sha256_stored=page.sha256_stored,
        is_intact=page.is_intact,
    )
