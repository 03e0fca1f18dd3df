"""What becomes of a table when its contract changes."""

from collections.abc import Mapping
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow.dataset as pads
import pytest
from deltalake import DeltaTable
from deltalake import Field as DeltaField
from deltalake.schema import PrimitiveType

from hutong.errors import StoreError
from hutong.model.dataset import Dataset, Field
from hutong.model.declared import Words
from hutong.schema.arrow import to_table
from hutong.schema.terms import read_terms
from hutong.store.contracted import TERMS, table_of
from hutong.store.paths import Place
from hutong.store.tables import Change, commit, dataset_of, fitted
from tests.hutong.making import dataset, row

NOTE = Field("note", Words(zh="备注", en="note"), "", "string", required=False)


def with_note(version: str = "1.1.0") -> Dataset:
    """`dataset()` with an optional column in the middle."""
    old = dataset()
    return replace(old, version=version, fields=(*old.fields[:4], NOTE, *old.fields[4:]))


def put(kind: Dataset, place: Place, batch: int, *rows: Mapping[str, Any], **how: str) -> None:
    table = to_table([{"note": None, **one} for one in rows], kind)
    commit(table_of(kind, place), "cim/thing/500000", batch, lambda _: Change(table, {}, **how))


def rows_at(place: Place) -> pads.Dataset:
    return dataset_of(DeltaTable(place.uri), place)


def test_an_added_column_reads_as_null_in_files_that_were_there_before(tmp_path: Path) -> None:
    place = Place(str(tmp_path / "t"))
    put(dataset(), place, 1, row("a", 1.0))
    put(with_note(), place, 2, {**row("b", 2.0), "note": "新"})
    rows = rows_at(place).to_table().sort_by("source_id").to_pylist()
    assert [(one["source_id"], one["value"], one["note"]) for one in rows] == [("a", 1.0, None), ("b", 2.0, "新")]
    scanned = pl.scan_delta(DeltaTable(place.uri)).select("source_id", "note").sort("source_id").collect()
    assert scanned.rows() == [("a", None), ("b", "新")]


@pytest.mark.parametrize(
    ("condition", "names"), [("note IS NULL", "a"), ("note = '新'", "b"), ("note IS NULL OR note <> '旧'", "ab")]
)
def test_conditions_on_an_added_column_find_the_rows_of_older_files(condition: str, names: str, tmp_path: Path) -> None:
    place = Place(str(tmp_path / "t"))
    put(dataset(), place, 1, row("a", 1.0))
    put(with_note(), place, 2, {**row("b", 2.0), "note": "新"})
    connection = duckdb.connect()
    connection.register("rows", rows_at(place))
    found = connection.sql(f"SELECT source_id FROM rows WHERE {condition} ORDER BY 1").fetchall()
    assert "".join(name for (name,) in found) == names


def test_older_files_are_still_left_out_by_their_partition(tmp_path: Path) -> None:
    place = Place(str(tmp_path / "t"))
    put(dataset(), place, 1, row("a", 1.0))
    put(with_note(), place, 2, {**row("b", 2.0), "note": "新"})
    assert list(rows_at(place).get_fragments(filter=pads.field("city") == "110000")) == []


@pytest.mark.parametrize("how", [{"replace": "city = '500000'"}, {"match": "old.source_id = new.source_id"}], ids=list)
def test_columns_are_written_by_name_whatever_their_order(how: dict[str, str], tmp_path: Path) -> None:
    place = Place(str(tmp_path / "t"))
    put(dataset(), place, 1, row("a", 1.0), row("b", 2.0))
    put(with_note(), place, 2, {**row("a", 3.0), "note": "甲"}, {**row("b", 4.0), "note": "乙"}, **how)
    rows = rows_at(place).to_table(columns=["note", "source_id", "value"]).sort_by("source_id")
    assert rows.to_pydict() == {"note": ["甲", "乙"], "source_id": ["a", "b"], "value": [3.0, 4.0]}
    changes = pl.DataFrame(DeltaTable(place.uri).load_cdf(starting_version=1).read_all())
    inserted = changes.filter(
        pl.col("_change_type").is_in(["insert", "update_postimage"]), pl.col("note").is_not_null()
    )
    assert sorted(inserted.select("source_id", "note", "value").rows()) == [("a", "甲", 3.0), ("b", "乙", 4.0)]


def test_the_table_says_what_its_contract_says_and_stays_readable_for_everyone(tmp_path: Path) -> None:
    place = Place(str(tmp_path / "t"))
    put(dataset(), place, 1, row("a", 1.0))
    renamed = replace(with_note(), words=Words(zh="物", en="thing"), description="Things")
    optional = tuple(
        replace(field, required=False, words=Words(zh="收到时间", en=field.name))
        if field.name == "received_at"
        else field
        for field in renamed.fields
    )
    put(replace(renamed, fields=optional), place, 2, row("b", 2.0))
    table = DeltaTable(place.uri)
    columns = {column.name: column for column in table.schema().fields}
    assert columns["note"].metadata == {"comment": "备注"}
    assert columns["received_at"].metadata == {"comment": "收到时间"}
    assert columns["received_at"].nullable
    assert table.metadata().description == "物 Things"
    assert table.metadata().configuration["hutong.contract_version"] == "1.1.0"
    assert read_terms(table.metadata().configuration[TERMS]).field("note") == NOTE
    assert table.protocol().min_reader_version == 1


def test_a_table_that_is_as_its_contract_says_gets_no_further_commit(tmp_path: Path) -> None:
    place = Place(str(tmp_path / "t"))
    for batch in (1, 2, 3):
        put(with_note(), place, batch, row("a", 1.0))
    assert DeltaTable(place.uri).version() == 3


def test_whoever_dies_while_a_table_evolves_is_finished_by_the_next(tmp_path: Path) -> None:
    place = Place(str(tmp_path / "t"))
    put(dataset(), place, 1, row("a", 1.0))
    DeltaTable(place.uri).alter.add_columns([DeltaField("note", PrimitiveType("string"), metadata={"comment": "备注"})])
    with pytest.raises(StoreError, match="note: column removed"):
        put(dataset(), place, 2, row("b", 2.0))
    put(with_note(), place, 2, {**row("b", 2.0), "note": "新"})
    assert rows_at(place).to_table()["note"].to_pylist().count("新") == 1
    assert DeltaTable(place.uri).metadata().configuration["hutong.contract_version"] == "1.1.0"


def evolve_and_put(uri: str, sequence: str) -> None:
    table = to_table([{**row(sequence, 1.0), "note": "新"}], with_note())
    commit(table_of(with_note(), Place(uri)), f"cim/{sequence}/500000", 1, lambda _: Change(table, {}))


def test_processes_that_evolve_a_table_at_once_add_each_column_once(tmp_path: Path) -> None:
    place = Place(str(tmp_path / "t"))
    put(dataset(), place, 1, row("a", 1.0))
    spawn = get_context("spawn")
    runs = [spawn.Process(target=evolve_and_put, args=(place.uri, name)) for name in ("one", "two")]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert [run.exitcode for run in runs] == [0, 0]
    names = [column.name for column in DeltaTable(place.uri).schema().fields]
    assert names.count("note") == 1
    assert sorted(rows_at(place).to_table()["source_id"].to_pylist()) == ["a", "one", "two"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"unit": "km/h"}, r"value: unit changed \(nothing -> km/h\) - the same number means something else"),
        ({"type": "string"}, r"value: type changed \(double -> string\)"),
        ({"required": True}, r"value: made required \(optional -> required\)"),
        ({"name": "worth"}, r"value: column renamed \(value -> worth\)"),
    ],
)
def test_a_breaking_change_is_refused_by_name_and_nothing_is_touched(
    change: dict[str, Any], said: str, tmp_path: Path
) -> None:
    place, kind = Place(str(tmp_path / "t")), dataset()
    put(kind, place, 1, row("a", 1.0))
    worth = replace(kind.field("value"), words=Words(zh="值", en="value"))
    kind = replace(kind, fields=tuple(worth if field.name == "value" else field for field in kind.fields))
    put(kind, place, 2, row("b", 1.0))
    version = DeltaTable(place.uri).version()
    changed = replace(
        kind, fields=tuple(replace(worth, **change) if field is worth else field for field in kind.fields)
    )
    with pytest.raises(StoreError, match=said) as refused:
        fitted(table_of(changed, place))
    assert "raise the version to 2.0.0 and keep the old file as schemas/thing.v1.odcs.yaml" in str(refused.value)
    assert DeltaTable(place.uri).version() == version


def test_a_registry_older_than_the_table_is_told_so(tmp_path: Path) -> None:
    place = Place(str(tmp_path / "t"))
    put(with_note("1.2.0"), place, 1, row("a", 1.0))
    with pytest.raises(StoreError, match=r"under version 1\.2\.0 of its contract already, .* says 1\.1\.0"):
        put(with_note("1.1.0"), place, 2, row("b", 1.0))


def test_the_table_of_another_contract_is_never_written(tmp_path: Path) -> None:
    place = Place(str(tmp_path / "t"))
    put(dataset(), place, 1, row("a", 1.0))
    for other in (replace(dataset(), id="other"), replace(dataset(), version="2.0.0")):
        with pytest.raises(StoreError, match=r"is a table of thing 1\.0\.0, not of"):
            fitted(table_of(other, place))
