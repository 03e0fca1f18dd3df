"""Write a small lake with this release, to be opened by every later one: `python -m tests.lakes.make 0.2.0`.

The first quarter of an hour of the simulated city without its sensing, synced twice, a backfill, a release, a backfill
more. The keys go into the archive, since without them landed personal data could not be read; they are of no other use.
"""

from __future__ import annotations

import sys
import tarfile
import tempfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.conftest import CITY_SEED, CREDENTIALS, command_environment, environment_for, write_secrets

from citysim.services.process import running
from hutong.budget import BOUNDLESS
from hutong.model.window import Window
from hutong.pipeline import land_new, land_window, publish_waiting
from hutong.registry import open_registry
from hutong.release import release
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.paths import Store

LARGE = "cloud_control.rsm"
MINUTES = 16


def make(name: str) -> Path:
    """The archive `<name>.tar.gz` beside this file."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=MINUTES)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        write_secrets(folder / "secrets")
        with running(seed=CITY_SEED, recording_start=start) as live:
            settings = read(command_environment(environment_for(folder, live)))
            registry, store, secrets = open_registry(settings), Store(settings.lake), resolver(settings)
            for pull in ("first", "second", "backfill", "released", "backfill-2"):
                if pull == "released":
                    release("spring", "for the releases to come", registry, store)
                    continue
                for source in registry.sources.values():
                    for sequence in source.sequences if source.id != LARGE else ():
                        if not pull.startswith("backfill"):
                            land_new(source, sequence, store, secrets, BOUNDLESS)
                        elif source.stream.incremental is not None:
                            sequence = replace(sequence, run=f"backfill/{pull}")
                            window = Window(start, start + timedelta(minutes=6))
                            land_window(source, sequence, window, store, secrets, BOUNDLESS)
                        for _ in publish_waiting(source, sequence, registry, store, secrets):
                            pass
        for known in CREDENTIALS:
            (folder / "secrets" / known).unlink()
        archive = Path(__file__).with_name(f"{name}.tar.gz")
        with tarfile.open(archive, "w:gz") as packed:
            packed.add(folder / "lake", "lake")
            packed.add(folder / "secrets", "secrets")
    return archive


if __name__ == "__main__":
    print(make(sys.argv[1]))
