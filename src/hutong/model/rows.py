"""Rows on their way from a landed batch to its datasets."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import polars as pl

from hutong.model.batch import Drift, GateResult, Record, Refused, Verdict


@dataclass(frozen=True, slots=True)
class Listed:
    """The keys that records have, whatever became of them.

    keys: dataset with tombstones -> the keys of all its records, passed or refused, once each and without the columns
    that they share. unreadable: dataset -> records whose key cannot be read.
    """

    keys: Mapping[str, pl.DataFrame]
    unreadable: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Normalised:
    """A batch in the words of its datasets.

    frames: dataset -> rows, with the columns of its contract in its order and types, each with its `record` number.
    record: number -> the raw record, read again; for the few that are refused after all. refused: those that cannot be
    read, with their findings. withheld: how many are left out because they drifted. is_frozen: drift refuses the whole
    batch. late: number of a record -> how late it came. released: those that have rows by a repair, with what they
    would have been refused for. dropped: how many a person took out. listed: the keys of all its records, where a pull
    of the stream may show that others are gone.
    """

    received: int
    frames: Mapping[str, pl.DataFrame]
    record: Callable[[int], Record]
    refused: Sequence[Refused]
    withheld: int = 0
    drift: Sequence[Drift] = ()
    is_frozen: bool = False
    late: Mapping[int, timedelta] = field(default_factory=dict)
    released: Sequence[Refused] = ()
    dropped: int = 0
    listed: Listed | None = None


@dataclass(frozen=True, slots=True)
class Validated:
    """What may be published: per dataset a frame of the contract's columns with one row per key, and the records that
    may not pass.

    repeats: dataset -> record and outcome (duplicate, superseded) of the rows for which another of the batch stands.
    withheld, drift, is_frozen, late, released, dropped: as in `Normalised`. verdict: what a person decided about a
    batch that was refused.
    """

    received: int
    frames: Mapping[str, pl.DataFrame]
    repeats: Mapping[str, pl.DataFrame]
    refused: Sequence[Refused]
    gates: Sequence[GateResult]
    withheld: int = 0
    drift: Sequence[Drift] = ()
    is_frozen: bool = False
    late: Mapping[int, timedelta] = field(default_factory=dict)
    verdict: Verdict | None = None
    released: Sequence[Refused] = ()
    dropped: int = 0

    @property
    def is_refused(self) -> bool:
        """Whether a critical gate, or drift of a frozen stream, refuses the whole batch. What a person said holds."""
        if self.verdict is not None:
            return self.verdict == "reject"
        return self.is_frozen or any(not gate.passed and gate.severity == "critical" for gate in self.gates)


@dataclass(frozen=True, slots=True)
class Refresh(Listed):
    """A pull that shows everything its stream has, seen from the batch that ends it. at: when its last page was
    fetched.
    """

    at: datetime
