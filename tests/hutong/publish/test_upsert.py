from collections import Counter
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pytest
from deltalake import DeltaTable

from hutong.model.batch import Sequence
from hutong.publish.upsert import change_for
from hutong.schema.arrow import to_frame
from hutong.schema.versions import NONE_LOST
from hutong.store.contracted import table_of
from hutong.store.paths import Place
from hutong.store.tables import Change, Table, commit, opened
from tests.hutong.making import START, dataset, row

THINGS = dataset("append", key=("source_id", "observed_at"), revision="revised", by_date=True)
OURS = Sequence("cim", "thing", "500000")
THEIRS = Sequence("cim", "thing", "500000", "backfill/a")


@pytest.fixture
def table(tmp_path: Path) -> Table:
    return table_of(THINGS, Place(str(tmp_path / "thing")))


def of_day(one: dict[str, Any]) -> dict[str, Any]:
    return {**one, "date": one["observed_at"].date()}


def rows(*said: dict[str, Any]) -> pl.DataFrame:
    return to_frame([of_day(one) for one in said], THINGS)


def publish(table: Table, batch: int, *said: dict[str, Any], sequence: Sequence = OURS) -> dict[str, int]:
    build = partial(change_for, new=rows(*said), repeats=NONE_LOST, dataset=THINGS, sequence=sequence)
    outcomes: dict[str, int] = commit(table, sequence.id, batch, build).counts["rows"]
    return outcomes


def values(table: Table) -> dict[str, float]:
    return dict(pl.scan_delta(opened(table)).select("source_id", "value").collect().iter_rows())


def test_the_change_feed_tells_of_what_changed_and_of_nothing_else(table: Table) -> None:
    publish(table, 1, row("a", 1.0), row("b", 1.0), row("c", 1.0, at_s=86_400))
    corrected = publish(table, 2, row("a", 2.0, revised=1), row("b", 1.0), row("d", 1.0, at_s=86_400))
    assert corrected == {"corrected": 1, "duplicate": 1, "written": 1}
    feed = pa.table(opened(table).load_cdf(starting_version=2))
    assert Counter(zip(feed["source_id"].to_pylist(), feed["_change_type"].to_pylist(), strict=True)) == {
        ("a", "update_preimage"): 1,
        ("a", "update_postimage"): 1,
        ("d", "insert"): 1,
    }


def test_a_correction_leaves_the_same_key_of_another_stream_alone(table: Table) -> None:
    publish(table, 1, row("a", 1.0))
    elsewhere = {**row("a", 7.0), "source_stream": "other"}
    publish(table, 1, elsewhere, sequence=Sequence("cim", "other", "500000"))
    publish(table, 2, row("a", 2.0, revised=1))
    found = pl.scan_delta(opened(table)).select("source_stream", "value").sort("value").collect()
    assert found.rows() == [("thing", 2.0), ("other", 7.0)]


def test_a_correction_that_was_overtaken_is_held_against_what_came_first(table: Table) -> None:
    publish(table, 1, row("a", 1.0))
    said = rows(row("a", 2.0, revised=1), row("b", 1.0))

    def build(snapshot: DeltaTable) -> Change:
        if snapshot.transaction_version(THEIRS.id) is None:
            publish(table, 1, row("a", 3.0, revised=2), sequence=THEIRS)
        return change_for(snapshot, said, NONE_LOST, THINGS, OURS)

    assert commit(table, OURS.id, 2, build).counts["rows"] == {"superseded": 1, "written": 1}
    assert values(table) == {"a": 3.0, "b": 1.0}


@pytest.mark.parametrize("at", [datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC), START], ids=str)
def test_rows_of_any_instant_can_be_corrected(at: datetime, table: Table) -> None:
    publish(table, 1, {**row("a", 1.0), "observed_at": at}, row("b", 1.0))
    publish(table, 2, {**row("a", 2.0, revised=1), "observed_at": at})
    assert values(table) == {"a": 2.0, "b": 1.0}


def test_a_correction_may_move_a_row_to_another_day(tmp_path: Path) -> None:
    events = dataset("append", revision="revised", by_date=True)
    table = table_of(events, Place(str(tmp_path / "thing")))
    for batch, said in enumerate((row("a", 1.0), row("a", 2.0, at_s=3 * 86_400, revised=1)), start=1):
        build = partial(
            change_for, new=to_frame([of_day(said)], events), repeats=NONE_LOST, dataset=events, sequence=OURS
        )
        commit(table, OURS.id, batch, build)
    found = pl.scan_delta(opened(table)).select("date", "value").collect()
    assert found.rows() == [(datetime(2026, 3, 21, tzinfo=UTC).date(), 2.0)]


def test_what_other_units_wrote_of_the_same_minutes_is_not_read(table: Table) -> None:
    publish(table, 1, row("R001/7", 1.0), row("R001/9", 1.0))
    publish(table, 2, row("R002/1", 1.0), row("R002/5", 1.0))
    # Whoever looks into this file fails.
    first = next(path for path in Path(table.place.uri).rglob("*.parquet") if "R001/7" in values_in(path))
    first.write_bytes(b"no Parquet")
    assert publish(table, 3, row("R002/5", 2.0, revised=1), row("R002/6", 1.0)) == {"corrected": 1, "written": 1}
    left = opened(table)
    others = pl.concat([pl.read_parquet(path) for path in left.file_uris() if Path(path).name != first.name])
    assert sorted(others.select("source_id", "value").iter_rows()) == [
        ("R002/1", 1.0),
        ("R002/5", 2.0),
        ("R002/6", 1.0),
    ]


def values_in(path: Path) -> list[str]:
    return pl.read_parquet(path)["source_id"].to_list()


@pytest.mark.parametrize("odd", ["", "'", "渝A·1", "\U0010ffff", "z" * 300, "a\u0000b"])
def test_bounds_on_texts_leave_no_row_of_the_same_key_out(table: Table, odd: str) -> None:
    publish(table, 1, row(odd, 1.0), row("m", 1.0))
    publish(table, 2, row("other", 1.0))
    assert publish(table, 3, row(odd, 2.0, revised=1)) == {"corrected": 1}
    assert publish(table, 4, row(odd, 2.0, revised=1), row("m", 1.0)) == {"duplicate": 2}
    assert values(table) == {odd: 2.0, "m": 1.0, "other": 1.0}
