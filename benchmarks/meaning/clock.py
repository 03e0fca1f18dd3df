"""One measured run, told as one line of JSON by the process that does it."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from time import perf_counter


@dataclass(frozen=True)
class Run:
    """seconds: of the work alone. peak_mib: of the whole process, imports and warming up included. rows: what came
    out. said: remarks.
    """

    seconds: float
    peak_mib: float
    rows: int
    said: dict[str, object]


Work = Callable[[], tuple[int, dict[str, object]]]
"""Does the work and returns how many rows came out, and remarks."""


def tell(work: Work) -> None:
    """Do `work` with the clock running, and tell of it on standard output."""
    started = perf_counter()
    rows, said = work()
    seconds = perf_counter() - started
    print(json.dumps(asdict(Run(seconds, peak_mib(), rows, said))), flush=True)
    sys.stdout.flush()


def peak_mib() -> float:
    """The most memory that this process ever held.

    Not `ru_maxrss`: on Linux it remembers the process that started this one.
    """
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
