"""Runs that take turns, each in a process of its own."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.meaning.clock import Run
from benchmarks.meaning.ground import REPOSITORY, Of

OURS, PEERS = "ours", "peers"


@dataclass(frozen=True)
class Route:
    """A thing that is measured. words: module of this package, and what it is told before folder and rows."""

    name: str
    environment: str
    words: tuple[str, ...]
    takes_folder: bool = True
    takes_rows: bool = True


@dataclass(frozen=True)
class Median:
    """Of the runs of one route."""

    seconds: float
    peak_mib: float
    rows: int
    said: dict[str, object]

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds


@dataclass
class Bench:
    """Where data lies, which Pythons there are, and what was found so far."""

    folder: Path
    ours: str
    peers: str
    rounds: int
    found: dict[str, Median] = field(default_factory=dict)

    def run(self, environment: str, module: str, *words: object) -> str:
        """What one process says. Raises SystemExit with its last words when it fails."""
        python = self.ours if environment == OURS else self.peers
        if not Path(python).exists():
            raise SystemExit(f"there is no {python}: `make bench` makes the peers' environment")
        path = os.pathsep.join([str(REPOSITORY), str(REPOSITORY / "src")]) if environment == OURS else str(REPOSITORY)
        settings = {name: value for name, value in os.environ.items() if not name.startswith("HUTONG_")}
        done = subprocess.run(
            [python, "-m", f"benchmarks.meaning.{module}", *map(str, words)],
            cwd=REPOSITORY,
            env={**settings, "PYTHONPATH": path},
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise SystemExit(f"{module} {' '.join(map(str, words))} failed:\n{done.stderr[-3000:]}")
        return done.stdout

    def make(self, stream: str, rows: int, of: Of) -> None:
        """The ground of `rows` records of `stream`."""
        print(f"making {rows:,} records of {stream}", file=sys.stderr, flush=True)
        for count in (1_000, rows):
            self.run(OURS, "ground", self.folder, stream, count, of)

    def publish_once(self, rows: int) -> None:
        """The rows of the workload as a file, for what is measured on rows alone."""
        self.run(OURS, "ours", "rows", self.folder, rows)

    def in_turn(self, routes: dict[Route, int], rounds: int | None = None) -> dict[Route, Median]:
        """The medians of `routes` (with how many records each), run in turn."""
        runs: dict[Route, list[Run]] = {route: [] for route in routes}
        for turn in range(rounds or self.rounds):
            for route, rows in routes.items():
                words = [route.words[0], *route.words[1:]]
                if route.takes_folder:
                    words.append(str(self.folder))
                if route.takes_rows:
                    words.append(str(rows))
                run = Run(**json.loads(self.run(route.environment, *words).strip().splitlines()[-1]))
                runs[route].append(run)
                print(
                    f"{turn + 1}. {route.name:<34} {run.seconds:7.2f} s {run.peak_mib:6.0f} MiB",
                    file=sys.stderr,
                    flush=True,
                )
        found = {
            route: Median(
                statistics.median(run.seconds for run in of),
                statistics.median(run.peak_mib for run in of),
                of[0].rows,
                of[0].said,
            )
            for route, of in runs.items()
        }
        for route, median in found.items():
            self.found[f"{route.name}, {routes[route] or median.rows:,}"] = median
        return found
