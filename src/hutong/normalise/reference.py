"""The reference path: records one after another, without shortcuts. It is the definition of right, explains refusals,
and is what faster ways are held against.
"""

from __future__ import annotations

from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass, field
from typing import Any

from hutong.model.batch import Record, Refused, Sequence
from hutong.model.finding import Finding
from hutong.model.rows import Normalised
from hutong.normalise.drift import Content, Stray, Watch, cut, stray_of
from hutong.normalise.plan import Plan, Row, RowPlan, Trouble
from hutong.normalise.showing import Shower
from hutong.normalise.telling import tell
from hutong.pages import raw_text
from hutong.schema.arrow import to_frame


@dataclass(slots=True)
class Made:
    """What records became so far. rows: dataset -> rows. withheld: how many drift leaves out."""

    rows: dict[str, list[Row]]
    refused: list[Refused] = field(default_factory=list)
    withheld: int = 0


class Reference:
    """The records of one `batch` of `sequence`, judged alone. `made`: what they became."""

    def __init__(self, sequence: Sequence, batch: int, plan: Plan, watch: Watch) -> None:
        self.made = Made({part.dataset: [] for part in plan.rows})
        self._plan, self._watch = plan, watch
        self._empties = [(part, part.empty | constants(sequence, batch)) for part in plan.rows]

    def judge(self, record: Record) -> None:
        """Make the rows of `record`, or say why it may not pass. A record with a finding gives no row at all."""
        content = self.structured(record)
        if content is not None:
            self.read(record, content)

    def structured(self, record: Record) -> Content | None:
        """What of `record` the mapping is to read; None when its structure or drift leaves it out, which is kept."""
        plan, content = self._plan, record.content
        stray = None if plan.structure.is_plain(content) else stray_of(content, plan.structure.shape)
        self._watch.see(content, stray)
        if stray is None:
            return content
        if stray and plan.stream.drift == "discard_row":
            self.made.withheld += 1
            return None
        content, findings = judged(content, stray, self._watch, plan)
        if findings:
            self.refuse(record, findings)
            return None
        return content

    def read(self, record: Record, content: Content) -> None:
        """Make the rows of `record` from its `content`, whose structure is as it should be."""
        rows, findings = _rows_of(record, content, self._plan, self._empties)
        if findings:
            self.refuse(record, findings)
            return
        for part, of_part in zip(self._plan.rows, rows, strict=True):
            self.made.rows[part.dataset] += of_part

    def refuse(self, record: Record, findings: SequenceOf[Finding]) -> None:
        """Keep `record` with its findings."""
        self.made.refused.append(Refused(record, tuple(findings), raw_text(record, self._plan.stream)))


def constants(sequence: Sequence, batch: int) -> Row:
    """The columns that all rows of a batch share."""
    return {
        "city": sequence.city,
        "source_platform": sequence.source_platform,
        "source_stream": sequence.stream,
        "batch": batch,
        "run": sequence.run or None,
    }


def normalise_records(records: SequenceOf[Record], sequence: Sequence, batch: int, plan: Plan) -> Normalised:
    """The rows of `records`, those of one `batch` of `sequence` in their order, each judged alone."""
    watch = Watch(plan.reads, plan.stream.carry, plan.source, plan.shower, lambda: (one.content for one in records))
    reference = Reference(sequence, batch, plan, watch)
    for record in records:
        reference.judge(record)
    made = reference.made
    normalised = Normalised(
        received=len(records),
        frames={part.dataset: to_frame(made.rows[part.dataset], part.contract) for part in plan.rows},
        record={one.number: one for one in records}.__getitem__,
        refused=made.refused,
        withheld=made.withheld,
        drift=watch.drift(),
        is_frozen=plan.stream.drift == "freeze" and watch.has_strays,
    )
    return tell(normalised, sequence, batch, plan)


def judge_alone(record: Record, sequence: Sequence, batch: int, plan: Plan) -> Made:
    """What `record` becomes, seen without the others of its batch; nothing of it is told."""
    return judge_each([record], sequence, batch, plan)


def judge_each(records: SequenceOf[Record], sequence: Sequence, batch: int, plan: Plan) -> Made:
    """What `records` become, some of a batch, each seen alone; nothing of it is told."""
    contents = [record.content for record in records]
    watch = Watch(plan.reads, plan.stream.carry, plan.source, plan.shower, lambda: contents)
    reference = Reference(sequence, batch, plan, watch)
    for record in records:
        reference.judge(record)
    return reference.made


def judged(content: Content, stray: Stray, watch: Watch, plan: Plan) -> tuple[Content, list[Finding]]:
    """What of a record's content the mapping is to read, and what is found against the record before that."""
    if stray and plan.stream.drift == "discard_value":
        content = cut(content, plan.structure.shape)
    drifted = watch.findings(content, stray) if plan.stream.drift == "quarantine_row" else []
    return content, [*drifted, *plan.structure.findings(content)]


def _rows_of(
    record: Record, content: Content, plan: Plan, empties: list[tuple[RowPlan, Row]]
) -> tuple[list[list[Row]], list[Finding]]:
    """The rows of each dataset from the `content` of `record`, and every finding."""
    made: list[list[Row]] = []
    troubles: list[Trouble] = []
    for part, empty in empties:
        like = empty | {"received_at": record.received_at, "record": record.number}
        made.append(part.rows(content, like, record.received_at, troubles))
    return made, [_finding(field, wrong, plan.shower) for field, wrong in troubles]


def _finding(field: str, wrong: Any, shower: Shower) -> Finding:
    path = wrong.path
    return Finding(
        stage="mapping",
        rule=f"{field}_{wrong.kind}",
        kind=wrong.kind,
        place=shower.place(path),
        value=shower.value(path, wrong.value),
        params={"how": wrong.how},
    )
