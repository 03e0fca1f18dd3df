"""What the leader of `hutong up` tells whoever asks, in a file: how far it is, and where Airflow answers."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from hutong.model.declared import Words

_NAME = "state.json"


@dataclass(frozen=True, slots=True)
class State:
    """How it stands. It holds no secret.

    leader: the number of the process that tells it. steps: what was reached, first to last. address: Airflow's, once
    all of it can be used. failed: why it could not begin. restarts: part -> how often it was started again.
    """

    leader: int
    steps: tuple[Words, ...] = ()
    address: str | None = None
    failed: str | None = None
    restarts: tuple[tuple[str, int], ...] = ()


class Told:
    """The state of this process, written down whenever it changes."""

    def __init__(self, folder: Path, leader: int) -> None:
        self._folder, self.state = folder, State(leader)
        self._write()

    def reach(self, zh: str, en: str) -> None:
        """Another step is reached."""
        self._change(steps=(*self.state.steps, Words(zh=zh, en=en)))

    def ready(self, address: str) -> None:
        """All of it can be used."""
        self._change(address=address)

    def fail(self, said: str) -> None:
        """It cannot begin."""
        self._change(failed=said)

    def restarted(self, part: str) -> None:
        """A part was started again."""
        counts = dict(self.state.restarts)
        self._change(restarts=tuple({**counts, part: counts.get(part, 0) + 1}.items()))

    def _change(self, **changes: object) -> None:
        self.state = replace(self.state, **changes)  # type: ignore[arg-type]
        self._write()

    def _write(self) -> None:
        told = {**asdict(self.state), "steps": [{"zh": step.zh, "en": step.en} for step in self.state.steps]}
        fresh = self._folder / f".{_NAME}.new"
        fresh.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
        fresh.replace(self._folder / _NAME)


def read(folder: Path) -> State | None:
    """What was told last in `folder`; None when nothing was, or not by this version."""
    try:
        told = json.loads((folder / _NAME).read_text(encoding="utf-8"))
        steps = tuple(Words(zh=step["zh"], en=step["en"]) for step in told.pop("steps"))
        restarts = tuple((str(part), int(count)) for part, count in told.pop("restarts"))
        return State(steps=steps, restarts=restarts, **told)
    except (OSError, ValueError, KeyError, TypeError):
        return None
