"""Starts a part again that ended by itself: soon the first time, later each time it does not last."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass

from hutong.errors import HutongError
from hutong.orchestrate.processes import Run

log = logging.getLogger(__name__)

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
LASTED_S = 600.0
"""A part that lived so long is started again soon, whatever was before."""


@dataclass(slots=True)
class _Life:
    """began: when it was last started. wait_s: how long its next start waits. due: when that is, once it has ended."""

    began: float
    wait_s: float = FIRST_WAIT_S
    due: float | None = None


class Keeper:
    """Keeps the parts of `run` alive. again: part -> what starts it once more. tell: told of each start."""

    def __init__(self, run: Run, again: Mapping[str, Callable[[], None]], tell: Callable[[str], None]) -> None:
        self._run, self._again, self._tell = run, again, tell
        self._lives: dict[str, _Life] = {}

    def look(self, now_s: float) -> None:
        """Look once at all parts, and start those again whose time has come. now_s: of a clock that only grows."""
        ended = self._run.ended()
        for part, again in self._again.items():
            life = self._lives.setdefault(part, _Life(now_s))
            # A start that failed has left nothing that could be seen to end.
            if part not in ended and life.due is None:
                continue
            if life.due is None:
                if now_s - life.began > LASTED_S:
                    life.wait_s = FIRST_WAIT_S
                life.due = now_s + life.wait_s
                log.warning("ended part=%s status=%s again_in_s=%.0f", part, ended[part], life.wait_s)
            elif now_s >= life.due:
                life.began, life.due = now_s, None
                life.wait_s = min(2 * life.wait_s, LONGEST_WAIT_S)
                self._start(part, again, life)

    def _start(self, part: str, again: Callable[[], None], life: _Life) -> None:
        with suppress(KeyError):
            self._run.drop(part)
        try:
            again()
        except (HutongError, OSError) as wrong:
            log.warning("not started part=%s: %s", part, wrong)
            life.due = life.began + life.wait_s
            return
        log.warning("started again part=%s", part)
        self._tell(part)
