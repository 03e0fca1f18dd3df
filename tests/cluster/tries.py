"""What every worker wrote of every try of every task, read from the workers' own log folders."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

TaskKey = tuple[str, str, str]
"""DAG, run, and the task with its map index."""


@dataclass(frozen=True, slots=True)
class Logged:
    """A try as its worker's log has it. began, ended: first and last line, ISO 8601 in UTC. published: batches."""

    worker: str
    number: int
    began: str
    ended: str
    published: int


def logged(folder: Path, workers: Sequence[str]) -> Mapping[TaskKey, list[Logged]]:
    """All tries of the syncs' mapped tasks, by task, in their order. folder: of the cluster."""
    found: dict[TaskKey, list[Logged]] = defaultdict(list)
    for worker in workers:
        for file in sorted((folder / worker / "var" / "logs").glob("dag_id=sync__*/**/map_index=*/attempt=*.log")):
            dag, run, task, index = (part.partition("=")[2] for part in file.parts[-5:-1])
            if lines := list(_lines(file)):
                times = [str(line["timestamp"]) for line in lines if "timestamp" in line]
                published = sum(str(line.get("event", "")).startswith("published sequence=") for line in lines)
                number = int(file.stem.partition("=")[2])
                found[dag, run, f"{task}[{index}]"].append(Logged(worker, number, times[0], times[-1], published))
    return {key: sorted(tries, key=lambda one: (one.number, one.began)) for key, tries in found.items()}


def retried(tries: Mapping[TaskKey, list[Logged]]) -> int:
    """How often a task was tried again."""
    return sum(len(of_task) - 1 for of_task in tries.values())


def _lines(file: Path) -> Iterator[dict[str, object]]:
    for line in file.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            told = json.loads(line)
        except ValueError:
            continue  # the last line of a process that was killed
        if isinstance(told, dict):
            yield told
