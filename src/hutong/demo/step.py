"""What the demo says while it runs, and what it has to say in the end."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from hutong.model.declared import Words
from hutong.orchestrate.api import TaskFailure
from hutong.report.tables import Table

Kind = Literal["leftovers", "city", "airflow", "dags", "sync", "report", "stopped"]
Outcome = Literal["success", "failed", "late"]


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was reached. A sync is told again whenever another of its tasks is over.

    platform, done, total: of a sync, its finished tasks and all of them. outcome: None while it goes on.
    elapsed_s: since the demo began.
    """

    kind: Kind
    words: Words
    elapsed_s: float
    platform: str | None = None
    done: int = 0
    total: int = 0
    outcome: Outcome | None = None


@dataclass(frozen=True, slots=True)
class PlatformResult:
    """How the sync of one platform ended. failures: its tasks that failed, each with the first line of its error."""

    platform: str
    outcome: Outcome
    failures: tuple[TaskFailure, ...]


@dataclass(frozen=True, slots=True)
class DemoResult:
    """How the demo ended. report: the folder it was written to; None when it was not.

    report_failures: why not, as far as a task said so. score: what the city says of the lake.
    """

    folder: Path
    lake: str
    secrets: Path
    platforms: tuple[PlatformResult, ...]
    report: Path | None
    report_failures: tuple[TaskFailure, ...]
    score: Table
    elapsed_s: float

    @property
    def is_ok(self) -> bool:
        """Whether every platform was synced and the report made."""
        return self.report is not None and all(platform.outcome == "success" for platform in self.platforms)
