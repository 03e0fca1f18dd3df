"""What hutong does, one measured run in a process of its own: python -m benchmarks.meaning.ours STREAM FOLDER ROWS

Every run does the same small job first, so that nothing is imported while the clock runs. What is timed is what
`hutong sync` does with landed pages, by the same call.
"""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import polars as pl
from benchmarks.meaning.clock import tell
from benchmarks.meaning.ground import CITY, DATASET, FORMS, PLATFORM, WARM, Ground

from hutong.model.batch import Published, Sequence
from hutong.pipeline import publish_waiting
from hutong.registry import Registry, open_registry
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.paths import Store


def publish(ground: Ground, lake: Path) -> list[Published]:
    """Publish every landed page of `lake`: source contract, normalise, row rules, quarantine, commits, ledger."""
    settings = read({"HUTONG_ROOT": str(ground.root)})
    registry: Registry = open_registry(settings)
    source = registry.source(PLATFORM, ground.stream)
    sequence = Sequence(PLATFORM, ground.stream, CITY)
    return list(publish_waiting(source, sequence, registry, Store(str(lake)), resolver(settings)))


def full(folder: Path, stream: str, rows: int) -> None:
    """The full path, from landed pages to closed ledger; raises SystemExit unless it did exactly that."""
    small, ground = Ground(folder, stream, WARM), Ground(folder, stream, rows)
    with TemporaryDirectory(dir=folder) as scratch:
        publish(small, small.copied(Path(scratch) / "warm"))
        lake = ground.copied(Path(scratch) / "lake")

        def work() -> tuple[int, dict[str, object]]:
            done = publish(ground, lake)
            published = sum(one.fates.get("published", 0) for one in done)
            return published, {"batches": len(done), "quarantined": sum(one.fates["quarantined"] for one in done)}

        tell(work)
        held_against(ground, lake)


def rows_alone(folder: Path, rows: int) -> None:
    """Keep the published rows as one file, for what is measured on rows."""
    ground = Ground(folder, "sighting", rows)
    with TemporaryDirectory(dir=folder) as scratch:
        lake = ground.copied(Path(scratch) / "lake")
        publish(ground, lake)
        pl.scan_delta(str(lake / "base" / DATASET)).sink_parquet(ground.rows_file)


def held_against(ground: Ground, lake: Path) -> None:
    """Raise SystemExit unless exactly the spoiled records are in quarantine, each for what is wrong with it, and every
    other record is a row.
    """
    rows = pl.scan_delta(str(lake / "base" / DATASET)).select(pl.len()).collect().item()
    first = pl.scan_delta(str(lake / "quarantine" / PLATFORM)).filter("is_first")
    # Numbers begin anew with every batch, and the records of a batch are those of its pages.
    landed = pl.scan_delta(str(lake / "landing" / PLATFORM / ground.stream))
    sizes = landed.group_by("batch").agg(pl.col("records").sum()).sort("batch").collect()
    before = dict(zip(sizes["batch"], sizes["records"].cum_sum() - sizes["records"], strict=True))
    found = {
        before[batch] + record: place
        for batch, record, place in first.select("batch", "record", "place").collect().iter_rows()
    }
    wanted = ground.planted
    # XML and CSV have no types and CSV no objects, so there a fault may show at another field.
    same = found == wanted if FORMS[ground.stream] == "json" else found.keys() == wanted.keys()
    if not same or rows != ground.rows - len(wanted):
        missed, wrong = len(wanted.keys() - found.keys()), len(found.keys() - wanted.keys())
        raise SystemExit(
            f"{ground.stream}: quarantine is not the planted set: {missed} missed, {wrong} refused wrongly,"
            f" {rows} rows of {ground.rows - len(wanted)}"
        )


if __name__ == "__main__":
    if sys.argv[1] == "rows":
        rows_alone(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        full(Path(sys.argv[2]), sys.argv[1], int(sys.argv[3]))
