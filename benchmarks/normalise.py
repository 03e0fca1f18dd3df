"""How fast the reference path is: participant records of a minute's shape, as many as half an hour has.

python benchmarks/normalise.py [RECORDS]
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

from hutong.model.batch import Record, Sequence
from hutong.normalise import compile_source, normalise_records
from hutong.registry import open_registry
from hutong.settings import read

RECEIVED = datetime(2026, 3, 18, 0, 16, tzinfo=UTC)


def participant(number: int) -> dict[str, Any]:
    """A participant with the fields of its envelope; positions and numbers differ from record to record."""
    return {
        "rsuEsn": f"R500112{number % 40:02d}",
        "moy": 109455,
        "timestamp": 1773792927300,
        "ptcType": ("motor", "non_motor", "pedestrian")[number % 3],
        "ptcId": number % 65535 + 1,
        "source": 7,
        "secMark": 27000 + number % 300,
        "pos": {"lon": 1065514750 + number % 9999, "lat": 295630842 - number % 7777, "ele": 2462},
        "posConfidence": {"pos": 10},
        "speed": number % 1500,
        "heading": number % 28800,
        "size": {"width": 180, "length": 450, "height": 30},
        "vehicleClass": 10,
    }


def main(count: int) -> None:
    source = open_registry(read({"HUTONG_ROOT": str(Path(__file__).parents[1])})).source("cloud_control", "rsm")
    records = [Record(number, 0, number, participant(number), RECEIVED) for number in range(count)]
    started = perf_counter()
    plan = compile_source(source, None)
    compiled = perf_counter()
    made = normalise_records(records, Sequence("cloud_control", "rsm", "500000"), 1, plan)
    took = perf_counter() - compiled
    rows = sum(frame.height for frame in made.frames.values())
    print(f"compiled in {compiled - started:.2f} s; {count} records in {took:.2f} s: {count / took:,.0f} a second")
    print(f"{rows} rows, {len(made.refused)} refused")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 250_000)
