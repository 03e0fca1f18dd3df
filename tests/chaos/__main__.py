"""`python -m tests.chaos --kills 500 --seed 1`: break the pipeline, run it again, and count what is lost or doubled.

Exit 0 when nothing is, 1 when something is, 2 when asked wrongly. Kills at a commit come again exactly with the same
seed; kills at a moment come at the same moment of another run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

from tests.chaos import disk, objects, sigkill, together
from tests.chaos.bench import Bench, Case, bench
from tests.chaos.runner import close

Fault = Callable[[Case], None]
KINDS: dict[str, Fault] = {
    "before a commit": sigkill.before_each_commit,
    "after a commit": sigkill.after_each_commit,
    "with gates": sigkill.with_gates,
    "within a commit": sigkill.within_commits,
    "at a moment": sigkill.at_moments,
    "worker alone": sigkill.of_a_worker_alone,
    "full disk": disk.full,
    "read-only disk": disk.read_only,
    "failing store": objects.failing,
    "store killed": objects.killed,
    "killed on a store": objects.killed_at_moments,
    "race on disk": together.on_disk,
    "race on a store": together.on_a_store,
}
LAKES = {
    **{"before a commit": 1, "after a commit": 1, "with gates": 1, "worker alone": 20},
    **{"full disk": 4, "read-only disk": 4, "failing store": 4, "store killed": 4, "killed on a store": 4},
    **{"race on disk": 4, "race on a store": 4},
}
REST = ("within a commit", "at a moment")
"""The kinds that share the kills which are left."""
HANDS = 2


def main() -> int:
    """Do what the arguments ask for, and print the tally."""
    asked = _asked()
    disk.enter_namespace()
    # Whoever asks the harness to stop does not want to find its lakes.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: sys.exit(1))
    # Killed behind a gate, Great Expectations leaves a lock to Python's tracker, which removes it and need not say so.
    os.environ["PYTHONWARNINGS"] = "ignore:resource_tracker"
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="hutong-chaos-"))
    try:
        with bench(folder, asked.seed) as made:
            _try_all(_one(made, asked.only) if asked.only else _cases(made, asked.kills))
    finally:
        shutil.rmtree(folder)
    print(made.tally.text())
    print(f"seed {asked.seed}, {time.monotonic() - began:.0f} s")
    return 0 if made.tally.is_clean else 1


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__.partition(":")[2])
    parser.add_argument("--kills", type=int, default=500, help="kill at least so many workers (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="what all is drawn from (default: %(default)s)")
    parser.add_argument("--only", metavar="KIND/NUMBER", help="run one case alone, as a failed one names itself")
    asked = parser.parse_args()
    kind, _, number = (asked.only or f"{REST[0]}/1").partition("/")
    if kind not in KINDS or not number.isdecimal():
        parser.error(f"--only takes KIND/NUMBER, with KIND one of: {', '.join(KINDS)}")
    return asked


def _one(made: Bench, name: str) -> Iterator[Case]:
    kind, _, number = name.partition("/")
    yield made.case(kind, int(number))


def _cases(made: Bench, kills: int) -> Iterator[Case]:
    """Every kind as often as it is due, then the others in turn until there were enough kills."""
    for kind, lakes in LAKES.items():
        if kind in disk.KINDS and (why := disk.why_not()):
            print(f"{kind}: left out, {why}", file=sys.stderr)
            continue
        yield from (made.case(kind, number) for number in range(1, lakes + 1))
    for number in count(1):
        for kind in REST:
            if made.tally.total("kills") >= kills:
                return
            yield made.case(kind, number)


def _try_all(cases: Iterator[Case]) -> None:
    """Try them with as many hands as there are; the next case is taken when a hand is free."""
    lock = threading.Lock()

    def hand() -> None:
        while True:
            with lock:
                case = next(cases, None)
            if case is None:
                return
            print(f"{case.kind}/{case.number}", file=sys.stderr, flush=True)
            KINDS[case.kind](case)
            case.forget()

    with ThreadPoolExecutor(max_workers=HANDS) as hands:
        try:
            for busy in [hands.submit(hand) for _ in range(HANDS)]:
                busy.result()
        except BaseException:
            close()
            raise


if __name__ == "__main__":
    raise SystemExit(main())
