"""What the cases of one harness share, and how each of them ends: run again, and held against the undisturbed lake."""

from __future__ import annotations

import contextlib
import random
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hutong.store.paths import Store
from tests.chaos.ground import STREAMS, Ground, prepared
from tests.chaos.picture import Difference, Picture, judged, taken
from tests.chaos.readers import Reading, States, reading, states
from tests.chaos.runner import Stuck, undisturbed
from tests.chaos.script import written
from tests.chaos.tally import Tally
from tests.chaos.worker import Ended, Work


@dataclass(frozen=True)
class Bench:
    """What the cases are held against.

    wanted: the picture of the undisturbed lake. states: what its tables showed on the way. span_s: the time of its run.
    """

    seed: int
    ground: Ground
    wanted: Picture
    states: States
    span_s: float
    tally: Tally

    def case(self, kind: str, number: int) -> Case:
        """The `number`-th case of a kind, with a lake on the local disk."""
        return Case(self, kind, number, self.ground.store(f"{kind.replace(' ', '_')}_{number}"))


@dataclass(frozen=True)
class Case:
    """A lake that is disturbed in one way. Its draws depend on the seed, the kind and the number alone."""

    bench: Bench
    kind: str
    number: int
    store: Store

    @property
    def name(self) -> str:
        """For folders."""
        return f"{self.kind.replace(' ', '_')}_{self.number}"

    @property
    def again(self) -> str:
        """What to type to run it alone."""
        return f"python -m tests.chaos --seed {self.bench.seed} --only '{self.kind}/{self.number}'"

    def draw(self) -> random.Random:
        return random.Random(f"{self.bench.seed}/{self.kind}/{self.number}")

    def work(self) -> Work:
        """All streams into its lake."""
        return Work(self.bench.ground, self.store, STREAMS)

    def count(self, **numbers: int) -> None:
        self.bench.tally.count(self.kind, **numbers)

    def complain(self, said: str) -> None:
        self.bench.tally.complain(self.kind, self.again, said)

    def judge_fault(self, ended: Ended | None) -> None:
        """Whoever meets a fault must live to say so in words, not with a traceback."""
        if ended is None or ended.how == "broke":
            self.complain(f"a run met a fault and did not end in words: {ended.said if ended else 'it died'}")

    def conclude(self) -> None:
        """Run to the end with nobody in the way, and compare."""
        try:
            undisturbed(self.work())
        except Stuck as stuck:
            self.complain(f"it cannot be run to its end: {stuck}")
        else:
            self.judge(judged(self.bench.wanted, self.bench.ground, self.store))

    def judge(self, found: Difference) -> None:
        """Enter what the comparison of its lake found."""
        self.bench.tally.judge(self.kind, self.again, found)

    def forget(self) -> None:
        """Remove its lake."""
        shutil.rmtree(self.store.root, ignore_errors=True)

    @contextlib.contextmanager
    def read_throughout(self) -> Iterator[None]:
        """A reader at work beside whatever happens within."""
        with reading(Reading(self.bench.ground, self.store, self.bench.states)) as report:
            yield
        self.count(looks=report.looks)
        for said in report.wrong:
            self.complain(said)


@contextlib.contextmanager
def bench(folder: Path, seed: int) -> Iterator[Bench]:
    """A harness in `folder`, with its undisturbed lake made."""
    with prepared(folder, written(seed)) as ground:
        store = ground.store("undisturbed")
        # The first run also waits for the imports, so the time is taken of another.
        undisturbed(Work(ground, ground.store("first"), STREAMS))
        began = time.monotonic()
        undisturbed(Work(ground, store, STREAMS))
        span_s = time.monotonic() - began
        wanted = taken(ground, store)
        yield Bench(seed, ground, wanted, states(ground, store), span_s, Tally())
