"""What upkeep does to a table, in figures for people and in full for programs."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from hutong.upkeep.plan import Plan


@dataclass(frozen=True, slots=True)
class Figures:
    """What goes: landed pages and their batches, files and their bytes, versions whose log goes, in how many files.
    merged: small files that become few.
    """

    pages: int
    batches: int
    files: int
    bytes: int
    versions: int
    log_files: int
    merged: int


@dataclass(frozen=True, slots=True)
class Upkeep:
    """What was done to one table, or would be. problem: why it, or the rest of it, was left for the next time."""

    table: str
    plan: Plan | None
    problem: str | None = None

    @property
    def is_needed(self) -> bool:
        """Whether there is anything to do, or to say."""
        return self.problem is not None or self.plan is None or not self.plan.is_empty

    def to_dict(self) -> dict[str, Any]:
        """Plain data: every file by its path, every batch, every partition."""
        if self.plan is None:
            return {"table": self.table, "problem": self.problem}
        plan = self.plan
        return {
            "table": self.table,
            "problem": self.problem,
            "held": plan.held,
            "figures": asdict(figures([plan])),
            "expired": [asdict(one) for one in plan.expired],
            "files": list(plan.leftovers.paths),
            "log": [file.path for file in plan.log],
            "merged": [
                {"partition": dict(one.partition), "files": one.files, "bytes": one.size} for one in plan.crowds
            ],
            "properties": dict(plan.properties),
            "checkpoint": plan.has_checkpoint_due,
        }


def figures(plans: Iterable[Plan]) -> Figures:
    """The sums over `plans`."""
    of = list(plans)
    return Figures(
        pages=sum(one.pages for plan in of for one in plan.expired),
        batches=sum(one.batches for plan in of for one in plan.expired),
        files=sum(len(plan.leftovers.paths) for plan in of),
        bytes=sum(plan.leftovers.size for plan in of),
        versions=sum(not file.is_checkpoint for plan in of for file in plan.log),
        log_files=sum(len(plan.log) for plan in of),
        merged=sum(one.files for plan in of for one in plan.crowds),
    )
