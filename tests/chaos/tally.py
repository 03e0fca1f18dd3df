"""What was tried, and what came of it."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field

from tests.chaos.picture import Difference

COLUMNS = (
    *("lakes", "races", "kills", "faults", "recoveries", "torn", "twins", "unanswered", "looks"),
    *("rows lost", "rows doubled", "rows changed", "problems"),
)


@dataclass
class Tally:
    """Counts by kind of fault. recoveries: runs that found an unfinished lake and were let go on with it.

    races: times that two syncs and a backfill ran at once.
    torn: data files of commits that were killed half-way. twins: pairs of processes that both committed in one lake.
    unanswered: writes that an object store did and its client heard nothing of.
    looks: states of tables that a reader saw while they were written.
    """

    counts: dict[str, Counter[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, kind: str, **numbers: int) -> None:
        """Add `numbers` (column -> how many, `_` for a space) to those of `kind`."""
        with self._lock:
            self.counts.setdefault(kind, Counter()).update(
                {name.replace("_", " "): number for name, number in numbers.items()}
            )

    def judge(self, kind: str, case: str, found: Difference) -> None:
        """Enter what the comparison of a lake found. case: what to type to run it alone."""
        self.count(kind, lakes=1, rows_lost=found.lost, rows_doubled=found.doubled, rows_changed=found.changed)
        for said in found.said:
            self.complain(kind, case, said)

    def complain(self, kind: str, case: str, said: str) -> None:
        """Enter something that may not be."""
        self.count(kind, problems=1)
        with self._lock:
            self.problems.append(f"{said}\n    again: {case}")

    def total(self, column: str) -> int:
        """The sum of a column over all kinds."""
        return sum(numbers[column] for numbers in self.counts.values())

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, doubled or changed, and nothing else was wrong."""
        return not self.problems and not any(self.total(f"rows {how}") for how in ("lost", "doubled", "changed"))

    def text(self) -> str:
        """The table, the problems, and the sentence that matters."""
        width = max(len(kind) for kind in (*self.counts, "kind of fault"))
        lines = [f"{'kind of fault':<{width}}" + "".join(f"  {column}" for column in COLUMNS)]
        for kind, numbers in self.counts.items():
            counted = "".join(f"  {numbers[column]:>{len(column)}}" for column in COLUMNS)
            lines.append(f"{kind:<{width}}{counted}")
        lines += [f"problem: {said}" for said in self.problems]
        words = ("kills", "faults", "recoveries", "rows lost", "rows doubled")
        lines.append(", ".join(f"{word} {self.total(word)}" for word in words))
        return "\n".join(lines)
