"""What was done, when, and what came of it: a line as it happens, and a table in the end."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field


@dataclass
class Told:
    """The story of one trial. figures: what the table ends with."""

    began: float = field(default_factory=time.monotonic)
    steps: list[tuple[float, str]] = field(default_factory=list)
    figures: dict[str, int | str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def step(self, what: str) -> None:
        """Something was reached or done; said at once."""
        self.steps.append((time.monotonic() - self.began, what))
        print(_line(*self.steps[-1]), file=sys.stderr, flush=True)

    def text(self) -> str:
        """The table, the figures, the problems."""
        width = max(map(len, self.figures), default=0)
        return "\n".join(
            [
                *(_line(*step) for step in self.steps),
                *(f"{name:<{width}}  {value}" for name, value in self.figures.items()),
                *(f"problem: {said}" for said in self.problems),
            ]
        )


def _line(at_s: float, what: str) -> str:
    return f"{at_s:7.1f} s  {what}"
