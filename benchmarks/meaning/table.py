"""What was found, as a table for people."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from benchmarks.meaning.ground import REPOSITORY
from benchmarks.meaning.turns import Bench

OWN = ("polars", "pyarrow", "deltalake", "msgspec", "jsonschema-rs", "jsonschema", "numpy", "great-expectations")
OTHERS = ("dlt", "duckdb", "deltalake", "pyarrow", "jsonschema-rs", "orjson", "coordtransform")


@dataclass(frozen=True)
class Line:
    """A measure, and what it is to reach at the least (or `at_most`); None is for what is told only."""

    id: str
    said: str
    found: float
    reach: float | None = None
    aim: float | None = None
    at_most: bool = False

    @property
    def holds(self) -> str:
        if self.reach is None:
            return ""
        good = self.found <= self.reach if self.at_most else self.found >= self.reach
        return "yes" if good else "NO"

    def cells(self) -> tuple[str, ...]:
        bound = "at most" if self.at_most else "at least"
        reach = "" if self.reach is None else f"{bound} {self.reach:g}"
        aim = "" if self.aim is None else f"{self.aim:g}"
        found = f"{self.found:.0f}" if self.found >= 100 else f"{self.found:.2f}"
        return self.id, self.said, found, reach, aim, self.holds


HEAD = ("", "measure", "found", "reach", "aim", "holds")


def printed(lines: Sequence[Line]) -> None:
    """Print the table of measures."""
    rows = [HEAD, *(line.cells() for line in lines)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(HEAD))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def written(path: Path, lines: Sequence[Line], bench: Bench, rows: int) -> None:
    """Write the table, the runs behind it and the versions to `path`."""
    path.write_text("\n".join([*_page(lines, bench, rows), ""]), encoding="utf-8")


def _page(lines: Sequence[Line], bench: Bench, rows: int) -> Iterator[str]:
    yield "# Meaning at column speed: what was measured"
    yield ""
    yield (
        f"Made by `make bench` on {datetime.now(UTC):%Y-%m-%d} with {rows:,} records; medians of {bench.rounds} runs in"
        " turn, each in a process of its own. Seconds belong to the machine and the day: compare only within this page."
    )
    yield ""
    yield from _table(HEAD, [line.cells() for line in lines])
    yield ""
    yield "## The runs behind it"
    yield ""
    runs = [
        (
            name,
            f"{run.seconds:.2f}",
            f"{run.rate:,.0f}",
            f"{run.peak_mib:.0f}",
            ", ".join(f"{k} {v}" for k, v in run.said.items()),
        )
        for name, run in bench.found.items()
    ]
    yield from _table(("run, records", "s", "rows/s", "peak MiB", "remarks"), runs)
    yield ""
    yield "## Made with"
    yield ""
    yield f"- {_processor()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    yield f"- hutong with {', '.join(f'{name} {version(name)}' for name in OWN)}"
    yield f"- peers with {', '.join(_others(bench.peers))}"
    yield ""
    yield (REPOSITORY / "benchmarks" / "meaning" / "notes.md").read_text(encoding="utf-8").rstrip()


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def _processor() -> str:
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    return names[0].partition(":")[2].strip() if names else platform.machine()


def _others(python: str) -> list[str]:
    asked = f"from importlib.metadata import version; print(*(n + ' ' + version(n) for n in {OTHERS!r}), sep=chr(10))"
    return subprocess.run([python, "-c", asked], check=True, capture_output=True, text=True).stdout.splitlines()
