"""What a verification found."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Report:
    """What was checked and what is wrong.

    files: data files that had to be there. recounted: batches whose landed pages were read again; by_commit: those
    whose pages are gone, held against their commit's counts; by_ledger: those whose commit is gone as well.
    """

    files: int = 0
    recounted: int = 0
    by_commit: int = 0
    by_ledger: int = 0
    records: int = 0
    rows: int = 0
    problems: list[str] = field(default_factory=list)
