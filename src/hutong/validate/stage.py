"""Hold rows against their contract.

A record passes with all its rows or with none: one bad row refuses the record, and the others of the batch go on.
Gates look at what is left of the whole batch; a critical one that fails refuses the batch.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

import polars as pl

from hutong.model.batch import Refused
from hutong.model.dataset import Dataset
from hutong.model.finding import Finding
from hutong.model.rows import Normalised, Validated
from hutong.pages import raw_text
from hutong.registry import Source
from hutong.schema.masks import doubtful
from hutong.schema.rules import compile_rows
from hutong.schema.versions import winners
from hutong.validate.around import Around
from hutong.validate.gates import check_gates

log = logging.getLogger(__name__)


def row_findings(frames: Mapping[str, pl.DataFrame], source: Source) -> dict[int, list[Finding]]:
    """Number of a record -> what the row rules of its datasets find in its rows; only of those that may not pass."""
    codes = {name: frozenset(entries) for name, entries in source.codes.items()}
    findings: dict[int, list[Finding]] = {}
    for name, frame in frames.items():
        rules = source.datasets[name].rules
        # Only rows that the masks do not vouch for become dictionaries.
        rows = doubtful(frame, rules, codes).to_dicts()
        check = compile_rows(rules, codes, _hidden(source.datasets[name]))
        for row, found in zip(rows, check(rows), strict=True):
            if found:
                findings.setdefault(row["record"], []).extend(found)
    return findings


def validate(normalised: Normalised, source: Source, around: Around | None = None) -> Validated:
    """The rows of `normalised` checked against the contracts of `source`.

    around: where the batch stands among others; gates that look beyond it say nothing without.
    """
    findings = row_findings(normalised.frames, source)
    frames, repeats = {}, {}
    for name, frame in normalised.frames.items():
        passing = frame.filter(~pl.col("record").is_in(list(findings))) if findings else frame
        frames[name], repeats[name] = winners(passing, source.datasets[name])
    newly = [
        Refused(record := normalised.record(number), tuple(found), raw_text(record, source.stream))
        for number, found in findings.items()
    ]
    gates = [result for name in frames for result in check_gates(frames, source.datasets[name], around)]
    for gate in gates:
        if not gate.passed:
            log.warning(
                "gate failed source=%s dataset=%s gate=%s observed=%s",
                source.id,
                gate.dataset,
                gate.gate,
                gate.observed,
            )
    refused = sorted([*normalised.refused, *newly], key=lambda one: one.record.number)
    return Validated(
        received=normalised.received,
        frames=frames,
        repeats=repeats,
        refused=refused,
        gates=gates,
        withheld=normalised.withheld,
        drift=normalised.drift,
        is_frozen=normalised.is_frozen,
        late=normalised.late,
        # A rule that looks at the whole batch may refuse what a repair let pass.
        released=[one for one in normalised.released if one.record.number not in findings],
        dropped=normalised.dropped,
    )


def _hidden(dataset: Dataset) -> frozenset[str]:
    return frozenset(field.name for field in dataset.fields if field.personal != "none")
