"""Rows on their way from a landed batch to its datasets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pyarrow as pa

from hutong.model.batch import Drift, GateResult, Record, Refused

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Normalised:
    """A batch in the words of its datasets.

    rows: dataset -> rows, every column of its contract present, each with its `record` number.
    records: number -> raw record, of those that have rows. refused: those that cannot be read, with their findings.
    withheld: how many are left out because they drifted. is_frozen: drift refuses the whole batch.
    """

    received: int
    rows: Mapping[str, Sequence[Row]]
    records: Mapping[int, Record]
    refused: Sequence[Refused]
    withheld: int = 0
    drift: Sequence[Drift] = ()
    is_frozen: bool = False


@dataclass(frozen=True, slots=True)
class Validated:
    """What may be published: per dataset a table of the contract's schema with one row per key, and the records that
    may not pass.

    repeats: dataset -> duplicate or superseded -> how many rows another of the same batch stands for.
    withheld, drift, is_frozen: as in `Normalised`.
    """

    received: int
    tables: Mapping[str, pa.Table]
    repeats: Mapping[str, Mapping[str, int]]
    refused: Sequence[Refused]
    gates: Sequence[GateResult]
    withheld: int = 0
    drift: Sequence[Drift] = ()
    is_frozen: bool = False

    @property
    def is_refused(self) -> bool:
        """Whether a critical gate, or drift of a frozen stream, refuses the whole batch."""
        return self.is_frozen or any(not gate.passed and gate.severity == "critical" for gate in self.gates)


@dataclass(frozen=True, slots=True)
class Refresh:
    """A pull that shows everything its stream has, seen from the batch that ends it.

    at: when its last page was fetched. keys: dataset with tombstones -> the keys of all its records, passed or refused,
    once each and without the columns that they share. unreadable: dataset -> records whose key cannot be read.
    """

    at: datetime
    keys: Mapping[str, pa.Table]
    unreadable: Mapping[str, int]
