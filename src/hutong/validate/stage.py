"""Hold rows against their contract.

A record passes with all its rows or with none: one bad row refuses the record, and the others of the batch go on.
Gates look at what is left of the whole batch; a critical one that fails refuses the batch.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from hutong.model.batch import GateResult, Record, Refused
from hutong.model.dataset import Dataset
from hutong.model.finding import Finding
from hutong.registry import Source
from hutong.schema.arrow import to_table
from hutong.schema.rules import compile_rules
from hutong.schema.versions import winners
from hutong.validate.gates import check_gates

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Validated:
    """What may be published: per dataset a table of the contract's schema with one row per key, and the records that may not pass.

    repeats: dataset -> record number -> duplicate or superseded, for rows that another of the same batch stands for.
    """

    received: int
    tables: Mapping[str, pa.Table]
    repeats: Mapping[str, Mapping[int, str]]
    refused: tuple[Refused, ...]
    gates: tuple[GateResult, ...]

    @property
    def is_refused(self) -> bool:
        """Whether a critical gate refuses the whole batch."""
        return any(not gate.passed and gate.severity == "critical" for gate in self.gates)


def validate(
    received: int,
    rows: Mapping[str, Sequence[Mapping[str, Any]]],
    refused: Sequence[Refused],
    records: Mapping[int, Record],
    source: Source,
) -> Validated:
    """`rows` (dataset -> rows, each with its `record` number) checked against the contracts of `source`.

    refused: what earlier stages refused. records: number -> raw record, to keep the raw text of what is refused here.
    """
    codes = {name: frozenset(entries) for name, entries in source.codes.items()}
    findings: dict[int, list[Finding]] = {}
    for name, dataset_rows in rows.items():
        dataset = source.datasets[name]
        check = compile_rules(dataset.rules, codes, _hidden(dataset))
        for row in dataset_rows:
            if found := check(row):
                findings.setdefault(row["record"], []).extend(found)
    tables, repeats = {}, {}
    for name, dataset_rows in rows.items():
        passing = to_table([row for row in dataset_rows if row["record"] not in findings], source.datasets[name])
        tables[name], repeats[name] = winners(passing, source.datasets[name])
    newly = [Refused(records[number], tuple(found), raw_text(records[number], source)) for number, found in findings.items()]
    gates = tuple(result for name, table in tables.items() for result in check_gates(table, source.datasets[name]))
    for gate in gates:
        if not gate.passed:
            log.warning("gate failed source=%s dataset=%s gate=%s observed=%s", source.id, gate.dataset, gate.gate, gate.observed)
    everyone = sorted([*refused, *newly], key=lambda one: one.record.number)
    return Validated(received, tables, repeats, tuple(everyone), gates)


def raw_text(record: Record, source: Source) -> str | None:
    """The raw record as kept in quarantine; None for streams with personal fields, whose only copy lies encrypted in landing."""
    return None if source.is_personal else json.dumps(record.content, ensure_ascii=False)[:20_000]


def _hidden(dataset: Dataset) -> frozenset[str]:
    return frozenset(field.name for field in dataset.fields if field.personal != "none")
