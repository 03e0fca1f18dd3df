"""Repairs at work: records that are refused, or hold a code without a match, read once more as their repairs say.

Never a record that passes, and never by halves: what is read with repairs must keep every rule that all others keep, or
it stays refused for what it was refused for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from collections.abc import Sequence as SequenceOf
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from hutong.model.batch import Record, Refused, Sequence
from hutong.model.finding import Finding
from hutong.model.mapping import Code, Rows
from hutong.model.path import Level, read_each, read_path
from hutong.model.repair import MapCode, Missing, Repair, Strip
from hutong.model.rows import Normalised
from hutong.normalise.plan import Plan, compile_source
from hutong.normalise.pseudonym import Pseudonymiser
from hutong.normalise.reading import Unreadable, compile_match, number_or_text
from hutong.normalise.reference import judge_each
from hutong.normalise.rules.code import UNMAPPED
from hutong.pages import raw_text
from hutong.registry import Source
from hutong.registry.mended import mended, rows_filled
from hutong.schema.arrow import to_frame

Frames = Mapping[str, pl.DataFrame]
Judge = Callable[[Frames], Mapping[int, SequenceOf[Finding]]]
"""From rows to the findings of the row rules: number of a record -> what is wrong with it."""


Waiting = dict[int, tuple[Record, tuple[Finding, ...]]]
"""Number of a record -> the record, and what is wrong with it."""
Names = tuple[str, ...]
"""Names of repairs, in their order."""


@dataclass(frozen=True, slots=True)
class _Reading:
    """What records became: the rows of those that pass, and the findings of the others."""

    frames: Frames
    findings: Mapping[int, SequenceOf[Finding]]


class Mender:
    """The repairs of a source, compiled as they are needed."""

    def __init__(self, source: Source, plan: Plan, pseudonyms: Pseudonymiser | None, judge: Judge) -> None:
        self._source, self._plan, self._pseudonyms, self._judge = source, plan, pseudonyms, judge
        self._plans: dict[Names, Plan] = {}

    def mend(self, normalised: Normalised, sequence: Sequence, batch: int) -> Normalised:
        """`normalised` with the rows of those records that pass with repairs."""
        if not self._source.repairs:
            return normalised
        waiting: Waiting = {one.record.number: (one.record, one.findings) for one in normalised.refused}
        for found in (self._judge(normalised.frames), self._unmapped(normalised.frames)):
            for number, findings in found.items():
                if number not in waiting:
                    waiting[number] = (normalised.record(number), tuple(findings))
        passed, rows = self._again(waiting, sequence, batch)
        released = [
            Refused(record, findings, raw_text(record, self._source.stream), passed[number])
            for number, (record, findings) in sorted(waiting.items())
            if number in passed
        ]
        return _with(normalised, released, rows) if released else normalised

    def _unmapped(self, frames: Frames) -> dict[int, list[Finding]]:
        """Records that would be published with `unmapped` in a field whose code a repair knows."""
        found: dict[int, list[Finding]] = {}
        for repair in self._source.repairs.values():
            if not isinstance(repair, MapCode):
                continue
            for part, names in rows_filled(repair, self._source):
                for name in names:
                    if isinstance(rule := part.fields[name], Code):
                        raw = pl.col(f"{name}_raw")
                        is_known = (pl.col(name) == UNMAPPED) & raw.is_in(list(repair.codes))
                        for number, value in frames[part.dataset].filter(is_known).select("record", raw).iter_rows():
                            found.setdefault(number, []).append(self._finding(name, rule, part, value))
        return found

    def _finding(self, name: str, rule: Code, part: Rows, value: str) -> Finding:
        lists: list[Level] = [] if part.each is None else [(*keys, 0) for keys in read_each(part.each)]
        path = read_path(rule.from_).within(lists)
        return Finding(
            stage="mapping",
            rule=f"{name}_{UNMAPPED}",
            kind=UNMAPPED,
            place=self._plan.shower.field(path),
            value=self._plan.shower.value(path, value),
            params={"list": rule.list_},
        )

    def _again(self, waiting: Waiting, sequence: Sequence, batch: int) -> tuple[dict[int, Names], list[Frames]]:
        """Number of a record that passes -> the repairs that it took; and the rows of all of them."""
        passed: dict[int, Names] = {}
        rows: list[Frames] = []
        taken: dict[int, Names] = dict.fromkeys(waiting, ())
        findings: Mapping[int, SequenceOf[Finding]] = {number: found for number, (_, found) in waiting.items()}
        # What one repair mends may bring to light what another one is for.
        while groups := self._groups(waiting, findings, taken, sequence):
            left: dict[int, SequenceOf[Finding]] = {}
            for names, numbers in groups.items():
                reading = self._read([waiting[number][0] for number in numbers], names, sequence, batch)
                left |= reading.findings
                rows.append(reading.frames)
                taken |= dict.fromkeys(numbers, names)
                passed |= {number: names for number in numbers if number not in reading.findings}
            findings = left
        return passed, rows

    def _groups(
        self,
        waiting: Waiting,
        findings: Mapping[int, SequenceOf[Finding]],
        taken: Mapping[int, Names],
        sequence: Sequence,
    ) -> dict[Names, list[int]]:
        """The repairs with which records are to be read next -> those records; without those that no repair is for."""
        groups: dict[Names, list[int]] = {}
        for number, found in findings.items():
            rules = {finding.rule for finding in found}
            further = [
                name
                for name, repair in self._source.repairs.items()
                if name not in taken[number]
                and not rules.isdisjoint(repair.refused_for)
                and _concerns(repair, waiting[number][0], sequence)
            ]
            if further:
                groups.setdefault(tuple(sorted((*taken[number], *further))), []).append(number)
        return groups

    def _read(self, records: SequenceOf[Record], names: Names, sequence: Sequence, batch: int) -> _Reading:
        """`records` read with the repairs called `names`."""
        plan = self._compiled(names)
        changed = []
        for record in records:
            content = record.content
            for name in names:
                content = _edited(content, self._source.repairs[name])
            changed.append(replace(record, content=content))
        made = judge_each(changed, sequence, batch, plan)
        frames = {part.dataset: to_frame(made.rows[part.dataset], part.contract) for part in plan.rows}
        findings = {one.record.number: one.findings for one in made.refused} | dict(self._judge(frames))
        fails = list(findings)
        return _Reading(
            {name: frame.filter(~pl.col("record").is_in(fails)) for name, frame in frames.items()}, findings
        )

    def _compiled(self, names: Names) -> Plan:
        if names not in self._plans:
            repairs = [self._source.repairs[name] for name in names]
            plan = compile_source(mended(self._source, repairs), self._pseudonyms)
            if plan.stream.drift in ("discard_row", "discard_value"):
                # What a repair makes of a value is no drift of the source, which would be left out without a word.
                plan = replace(plan, stream=plan.stream.model_copy(update={"drift": "evolve"}))
            absent = {plan.shower.place(read_path(one.from_).keys) for one in repairs if isinstance(one, Missing)}
            self._plans[names] = _allowing(plan, absent)
        return self._plans[names]


def _concerns(repair: Repair, record: Record, sequence: Sequence) -> bool:
    start, end = repair.received.from_, repair.received.to
    return (
        (repair.cities is None or sequence.city in repair.cities)
        and (start is None or record.received_at >= start)
        and (end is None or record.received_at < end)
    )


def _allowing(plan: Plan, absent: set[str]) -> Plan:
    """`plan` under which the values at `absent` (JSON paths) may be absent, as a repair says that they are."""
    if not absent:
        return plan
    structure = plan.structure

    def findings(content: dict[str, Any]) -> list[Finding]:
        return [one for one in structure.findings(content) if one.place not in absent]

    return replace(plan, structure=replace(structure, findings=findings))


def _edited(content: dict[str, Any], repair: Repair) -> dict[str, Any]:
    """A copy of `content` in which `repair` has changed its value; itself where there is nothing to change."""
    *parents, last = read_path(repair.from_).keys
    if not isinstance(repair, Strip | Missing):
        return content
    whole = dict(content)
    here: Any = whole
    for name in parents:
        if not isinstance(here.get(name), dict):
            return content
        here[name] = dict(here[name])
        here = here[name]
    if last not in here:
        return content
    if isinstance(repair, Missing):
        if compile_match(repair.values)(here[last]):
            del here[last]
    else:
        here[last] = _stripped(here[last], repair)
    return whole


def _stripped(value: Any, repair: Strip) -> Any:
    if type(value) is not str or not (value.startswith(repair.prefix) and value.endswith(repair.suffix)):
        return value
    text = value.removeprefix(repair.prefix).removesuffix(repair.suffix).strip()
    if not repair.as_number:
        return text
    try:
        return number_or_text(text, repair.from_, "strip")
    except Unreadable:
        return value


def _with(normalised: Normalised, released: list[Refused], rows: list[Frames]) -> Normalised:
    numbers = [one.record.number for one in released]
    gone = set(numbers)
    frames = {
        name: pl.concat(
            [frame.filter(~pl.col("record").is_in(numbers)), *(one[name] for one in rows)], how="vertical"
        ).sort("record", maintain_order=True)
        for name, frame in normalised.frames.items()
    }
    refused = [one for one in normalised.refused if one.record.number not in gone]
    return replace(normalised, frames=frames, refused=refused, released=released)
