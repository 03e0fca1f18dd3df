import os
import random
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from hutong.store.history import history_of, remove
from hutong.store.paths import Place

CHECKPOINTS = {3, 7, 8, 12}
NEWEST = 15
MONTH = timedelta(days=30)
"""What deltalake takes for a log's retention when a table does not say."""


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One row a version, and four checkpoints."""
    path = tmp_path_factory.mktemp("history") / "t"
    for version in range(NEWEST + 1):
        write_deltalake(
            path,
            pa.table({"n": [version]}),
            mode="append",
            configuration={"delta.enableExpiredLogCleanup": "false"} if version == 0 else None,
        )
        if version in CHECKPOINTS:
            DeltaTable(path).create_checkpoint()
    return path


def written(folder: Path, days_ago: dict[str, float]) -> None:
    for name, days in days_ago.items():
        at = (datetime.now(UTC) - timedelta(days=days)).timestamp()
        os.utime(folder / "_delta_log" / name, (at, at))


@pytest.mark.parametrize("seed", range(12))
def test_what_goes_from_a_log_is_what_deltalake_itself_would_remove(table: Path, tmp_path: Path, seed: int) -> None:
    drawn = random.Random(seed)
    ours, theirs = (Path(shutil.copytree(table, tmp_path / name)) for name in ("ours", "theirs"))
    young_from = drawn.randrange(NEWEST + 2)
    late = drawn.random() < 0.5
    days_ago = {
        path.name: 1.0 if int(path.name[:20]) >= young_from or (late and "checkpoint" in path.name) else 60.0
        for path in (ours / "_delta_log").glob("0*")
    }
    until = drawn.choice([NEWEST, drawn.randrange(NEWEST + 1)])
    for folder in (ours, theirs):
        written(folder, days_ago)
    place = Place(str(ours))
    remove(place, history_of(place).expired(until, datetime.now(UTC) - MONTH))
    DeltaTable(theirs, version=until).cleanup_metadata()
    left = {path.name for path in (ours / "_delta_log").iterdir()}
    assert left == {path.name for path in (theirs / "_delta_log").iterdir()}
    for version in range(until, NEWEST + 1):
        assert DeltaTable(ours, version=version).count() == version + 1


def test_the_version_at_an_instant_is_the_newest_one_written_by_then_and_can_be_read(
    table: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(table, tmp_path / "t"))
    written(folder, {path.name: 100.0 - int(path.name[:20]) for path in (folder / "_delta_log").glob("0*")})
    place, now = Place(str(folder)), datetime.now(UTC)
    assert history_of(place).version_at(now - timedelta(days=94.5)) == 5
    remove(place, history_of(place).expired(until=9, before=now))
    assert history_of(place).version_at(now - timedelta(days=94.5)) == 8
    assert history_of(place).since_checkpoint == 3
