"""A lake as it lies on disk: dialects of a platform, replays, tombstones, and what was released since."""

from pathlib import Path

import polars as pl
import pytest

from citysim.score.lake import Lake, LakeUnreadable

CITY = "460200"
NUMBERS = {"batch": pl.Int64, "page": pl.Int32, "records": pl.Int32, "record": pl.Int32}
SEQUENCE = f"cim-zone_prefixed/junction/{CITY}"


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    pages = pl.DataFrame(
        {"city": CITY, "sequence": SEQUENCE, "batch": 1, "page": [1, 0], "records": 2, "sha256_received": ["b", "a"]},
        schema_overrides=NUMBERS,
    )
    pages.write_delta(str(tmp_path / "landing" / "cim-zone_prefixed" / "junction"))
    pages.with_columns(city=pl.lit("500000")).write_delta(str(tmp_path / "landing" / "cim" / "junction"))
    refused = {"city": CITY, "stream": "junction", "sequence": SEQUENCE, "batch": 1}
    pl.DataFrame(
        {**refused, "record": [0, 0, 1], "status": [None, "open", "released"]}, schema_overrides=NUMBERS
    ).write_delta(str(tmp_path / "quarantine" / "cim-zone_prefixed"))
    row = {"source_platform": "cim", "source_stream": "junction", "batch": 1}
    pl.DataFrame(
        {
            **row,
            "city": [CITY, CITY, CITY, CITY, "500000"],
            "record": [0, 1, 2, 3, 4],
            "run": [None, "replay/1", "backfill/march", "backfill/march/replay/2", None],
            "last_seen_at": [None, None, None, None, None],
        },
        schema_overrides={"run": pl.String, "last_seen_at": pl.Datetime("us", "UTC")},
    ).write_delta(str(tmp_path / "base" / "junction"))
    return Lake(tmp_path)


def test_pages_of_a_dialect_are_those_of_its_platform_in_their_order(lake: Lake) -> None:
    found = lake.pages("cim.junction", CITY)
    assert found["sha256_received"].to_list() == ["a", "b"]
    assert set(found["sequence"]) == {f"cim/junction/{CITY}"}


def test_what_waits_in_quarantine_is_counted_once_and_what_was_released_not_at_all(lake: Lake) -> None:
    assert lake.refused("cim.junction", CITY).rows() == [(f"cim/junction/{CITY}", 1, 0)]


def test_rows_of_a_replay_are_of_the_sequence_that_landed_them(lake: Lake) -> None:
    found = lake.rows("junction", "cim.junction", CITY).sort("record")
    live = f"cim/junction/{CITY}"
    assert found["sequence"].to_list() == [live, live, f"{live}/backfill/march", f"{live}/backfill/march"]


def test_a_table_that_was_never_written_has_no_rows(lake: Lake) -> None:
    assert lake.rows("lane", "cim.lane", CITY).is_empty()
    assert lake.pages("cim.lane", CITY).is_empty()
    assert lake.refused("cloud_control.rsu", CITY).is_empty()


def test_a_folder_that_is_no_lake_is_named(tmp_path: Path) -> None:
    with pytest.raises(LakeUnreadable, match="no lake here"):
        Lake(tmp_path)
