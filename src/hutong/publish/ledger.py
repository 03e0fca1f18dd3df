"""Rows of the operations tables for one batch: ledger, quarantine, platform_service."""

from __future__ import annotations

import json
import re
import statistics
from collections import Counter
from collections.abc import Iterable, Mapping
from collections.abc import Sequence as SequenceOf
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from hutong.model.batch import GateResult, Refused, Sequence, Versions
from hutong.model.dataset import TableName
from hutong.model.declared import Words
from hutong.model.finding import Finding, reason
from hutong.registry import Source
from hutong.store.landing import LandedPage


@dataclass(frozen=True, slots=True)
class Entry:
    """One outcome of a batch: of records, of rows of a dataset, of a gate, of drift, of records that came late."""

    kind: str
    dataset: str | None
    outcome: str
    rule: str | None
    count: int


def ledger_rows(
    sequence: Sequence, batch: int, counts: Mapping[str, Any], versions: Versions, landed_at: datetime, deciding: str
) -> list[dict[str, Any]]:
    """One row per fate (and rule), per row outcome of each dataset, per gate, per field that drifted, per lateness.
    counts: as the deciding commit carries them.
    """
    common = {
        "city": sequence.city,
        "platform": sequence.platform,
        "stream": sequence.stream,
        "sequence": sequence.id,
        "batch": batch,
        "received": counts["received"],
        "completeness": counts["completeness"],
        "doubt": counts.get("doubt"),
        "mapping_version": versions.mapping,
        "mapping_digest": versions.mapping_digest,
        "codes_digest": versions.codes_digest,
        "structure_digest": versions.structure_digest,
        "pseudonym_key": versions.pseudonym_key,
        "landed_at": landed_at,
        "published_at": datetime.now(UTC),
    }

    return [
        {**common, **asdict(entry), "contract_version": versions.contracts[entry.dataset or deciding]}
        for entry in entries(counts)
    ]


def entries(counts: Mapping[str, Any]) -> list[Entry]:
    """What the ledger says of a batch whose deciding commit carries `counts`."""
    found = [Entry("record", None, fate, None, count) for fate, count in sorted(counts["fates"].items())]
    found += [
        Entry("record", None, "quarantined", rule, count) for rule, count in sorted(counts["quarantined"].items())
    ]
    for dataset, outcomes in counts["rows"].items():
        found += [Entry("row", dataset, outcome, None, count) for outcome, count in sorted(outcomes.items())]
    for gate in counts["gates"]:
        outcome = "passed" if gate["passed"] else "failed"
        found.append(Entry("gate", gate["dataset"], outcome, gate["gate"], int(not gate["passed"])))
    # Commits of hutong 0.1 say nothing of drift.
    found += [Entry("drift", None, one["change"], one["field"], one["records"]) for one in counts.get("drift", ())]
    for table, unreadable in counts.get("no_tombstones", {}).items():
        found.append(Entry("drift", table, "no_tombstones", None, unreadable))
    found += [Entry("late", None, "caught", bound, count) for bound, count in sorted(counts.get("late", {}).items())]
    return found or [Entry("record", None, "published", None, 0)]


def quarantine_rows(
    sequence: Sequence, batch: int, refused: SequenceOf[Refused], versions: Versions
) -> list[dict[str, Any]]:
    """One row per finding; `is_first` marks the row that stands for its record in counts.

    What a repair released is kept as well, settled: its rows say why it would have been refused, and what let it pass.
    """
    now = datetime.now(UTC)
    contracts = ", ".join(f"{name} {version}" for name, version in sorted(versions.contracts.items()))
    alike = Counter(look for one in refused for look in {_look(finding) for finding in one.findings})
    return [
        {
            "city": sequence.city,
            "platform": sequence.platform,
            "stream": sequence.stream,
            "sequence": sequence.id,
            "batch": batch,
            "record": one.record.number,
            "page": one.record.page,
            "position": one.record.position,
            "is_first": index == 0,
            "stage": finding.stage,
            "rule": finding.rule,
            "kind": finding.kind,
            "place": finding.place,
            "value": finding.value,
            "params": json.dumps(finding.params, ensure_ascii=False, sort_keys=True),
            "reason_zh": reason(finding, "zh"),
            "reason_en": reason(finding, "en"),
            "raw": one.raw,
            "landed_in": f"landing/{sequence.platform}/{sequence.stream} {sequence.id} batch {batch}"
            f" page {one.record.page} position {one.record.position}",
            "mapping_version": versions.mapping,
            "contract_version": contracts,
            "alike": alike[_look(finding)],
            "first_seen": now,
            "status": "released" if one.repairs else "open",
            "settled_by": ", ".join(f"repair {name}" for name in one.repairs) or None,
            "settled_at": now if one.repairs else None,
        }
        for one in refused
        for index, finding in enumerate(one.findings)
    ]


_ELEMENT = re.compile(r"\[\d+\]")


def _look(finding: Finding) -> tuple[str, str]:
    """What makes findings of two records alike: the rule and the place, whatever element of a list it is."""
    return finding.rule, _ELEMENT.sub("[]", finding.place)


def gate_rows(sequence: Sequence, batch: int, gates: Iterable[GateResult], source: Source) -> list[dict[str, Any]]:
    """What each gate said of a batch. gates: as the deciding commit carries them."""
    now = datetime.now(UTC)
    words = {(one.table, gate.name): gate.words for one in source.datasets.values() for gate in one.gates}
    return [
        {
            "city": sequence.city,
            "platform": sequence.platform,
            "stream": sequence.stream,
            "sequence": sequence.id,
            "batch": batch,
            "target": f"{sequence.id}#{batch}",
            "dataset": one.dataset,
            "gate": one.gate,
            # A batch that an older release began may name gates that are declared no longer.
            "title_zh": (said := words.get((TableName(one.dataset), one.gate), Words(zh="", en=""))).zh,
            "title_en": said.en,
            "severity": one.severity,
            "outcome": "passed" if one.passed else "failed",
            "observed": one.observed,
            "expected": one.expected,
            "rows": one.rows,
            "judged_at": now,
        }
        for one in gates
    ]


def service_row(
    sequence: Sequence, batch: int, pages: SequenceOf[LandedPage], newest: datetime | None, source: Source
) -> dict[str, Any]:
    """How the platform served this batch. newest: the latest observed_at of the batch.

    Percentiles are over the batch's answers, in seconds.
    """
    elapsed = sorted(page.elapsed_s for page in pages)
    received_at = pages[-1].fetched_at
    return {
        "city": sequence.city,
        "source_platform": sequence.source_platform,
        "source_stream": sequence.stream,
        "sequence": sequence.id,
        "batch": batch,
        "received_at": received_at,
        "transport": source.stream.endpoint.transport,
        "tier": source.connector.tier,
        "request_count": sum(page.attempts for page in pages),
        "retry_count": sum(page.attempts - 1 for page in pages),
        "latency_p50_s": statistics.median(elapsed),
        "latency_p95_s": elapsed[min(len(elapsed) - 1, int(0.95 * len(elapsed)))],
        "lag_s": (received_at - newest).total_seconds() if newest else None,
        "completeness": pages[-1].completeness,
        "doubt": pages[-1].doubt,
    }
