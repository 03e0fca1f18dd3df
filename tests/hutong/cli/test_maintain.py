import json
import shutil
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.hutong.cli.conftest import Run
from tests.hutong.upkeep.aging import bytes_under


@pytest.fixture
def old_lake(tmp_path: Path) -> Path:
    """The lake of release 0.1.0, where `hutong` looks for it."""
    shutil.unpack_archive(ROOT / "tests" / "lakes" / "0.1.0.tar.gz", tmp_path, filter="data")
    return tmp_path / "lake"


def test_a_dry_run_says_what_would_go_and_a_run_what_went(hutong: Run, old_lake: Path) -> None:
    before = bytes_under(old_lake)
    planned = hutong("maintain", "--dry-run")
    assert planned.returncode == 0
    assert "platform_service" in planned.stdout
    assert "nothing was changed" in planned.stderr
    assert bytes_under(old_lake) == before
    done = {table["table"]: table for table in json.loads(hutong("maintain", "--json").stdout)}
    assert done["platform_service"]["figures"]["merged"] > 0


def test_time_travel_of_less_than_readers_rely_on_is_asked_wrongly(hutong: Run, old_lake: Path) -> None:
    refused = hutong("maintain", "--time-travel", "6")
    assert refused.returncode == 2
    assert "x>=7" in refused.stderr


def test_a_table_that_cannot_be_kept_up_is_named_and_does_not_stop_the_others(hutong: Run, old_lake: Path) -> None:
    log = old_lake / "base" / "junction" / "_delta_log"
    for path in log.iterdir():
        path.write_text("not a log")
    done = hutong("maintain")
    assert done.returncode == 1
    assert "junction" in done.stderr
    assert "platform_service" in done.stdout
