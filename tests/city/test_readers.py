"""Everybody's own tools read the base datasets as the contracts describe them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.fs as pafs
import pytest
import yaml
from deltalake import DeltaTable, QueryBuilder

from tests.conftest import ROOT, CityLake

pytestmark = pytest.mark.xdist_group("city")

DATASETS = ("roadside_facility", "participant_observation", "junction", "road_segment", "traffic_event", "traffic_flow")
DATASETS += ("platform_service",)
by_dataset = pytest.mark.parametrize("dataset", DATASETS)

ARROW = {
    "string": pa.string(), "int": pa.int32(), "long": pa.int64(), "double": pa.float64(), "boolean": pa.bool_(),
    "timestamp": pa.timestamp("us", tz="UTC"), "date": pa.date32(), "binary": pa.binary(),
}  # fmt: skip
DUCKDB = {
    "string": "VARCHAR", "int": "INTEGER", "long": "BIGINT", "double": "DOUBLE", "boolean": "BOOLEAN",
    "timestamp": "TIMESTAMP WITH TIME ZONE", "date": "DATE", "binary": "BLOB",
}  # fmt: skip
PANDAS = {
    "string": ("object", "str"), "int": ("int32", "float64"), "long": ("int64", "float64"), "double": ("float64",),
    "boolean": ("bool", "object"), "timestamp": ("datetime64[us, UTC]",), "date": ("object",), "binary": ("object",),
}  # fmt: skip


def contract(dataset: str) -> Mapping[str, Any]:
    """The contract's file, read here without the gateway's help."""
    found: dict[str, Any] = yaml.safe_load((ROOT / "schemas" / f"{dataset}.odcs.yaml").read_text(encoding="utf-8"))
    return found


def columns(dataset: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = contract(dataset)["schema"][0]["properties"]
    return found


def opened(lake: CityLake, dataset: str) -> DeltaTable:
    return DeltaTable(lake.store.base(dataset).uri)


def native(table: DeltaTable) -> Any:
    root = table.table_uri.removeprefix("file://")
    return table.to_pyarrow_dataset(filesystem=pafs.SubTreeFileSystem(root, pafs.LocalFileSystem()))


def partitions(dataset: str) -> list[str]:
    return [column["name"] for column in columns(dataset) if column.get("partitioned")]


@by_dataset
def test_plain_deltalake_reads_the_contracts_schema(city_lake: CityLake, dataset: str) -> None:
    table = opened(city_lake, dataset)
    schema = native(table).schema
    assert [(field.name, field.type) for field in schema] == [
        (column["name"], ARROW[column["physicalType"]]) for column in columns(dataset)
    ]
    rows = native(table).to_table()
    for column in columns(dataset):
        if column.get("required"):
            assert rows[column["name"]].null_count == 0, column["name"]
    counted = pa.table(QueryBuilder().register("t", table).execute("SELECT count(*) AS n FROM t").read_all())
    assert counted["n"].to_pylist() == [rows.num_rows]
    assert rows.num_rows > 0


@by_dataset
def test_duckdb_reads_the_files(city_lake: CityLake, dataset: str) -> None:
    table = opened(city_lake, dataset)
    files = [uri.removeprefix("file://") for uri in table.file_uris()]
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        found = connection.read_parquet(files, hive_partitioning=True)
        types = {name: str(kind) for name, kind in zip(found.columns, found.types, strict=True)}
        assert set(types) == {column["name"] for column in columns(dataset)}
        for column in columns(dataset):
            # The values of partitions stand in the folders' names, where they have no type but what DuckDB guesses.
            if column["name"] not in partitions(dataset):
                assert types[column["name"]] == DUCKDB[column["physicalType"]], column["name"]
        assert found.count("*").fetchall() == [(native(table).count_rows(),)]


@by_dataset
def test_pandas_reads_it(city_lake: CityLake, dataset: str) -> None:
    table = opened(city_lake, dataset)
    frame = native(table).to_table().to_pandas()
    assert list(frame.columns) == [column["name"] for column in columns(dataset)]
    assert len(frame) == native(table).count_rows()
    for column in columns(dataset):
        assert str(frame[column["name"]].dtype) in PANDAS[column["physicalType"]], column["name"]
    file = pd.read_parquet(table.file_uris()[0].removeprefix("file://"), partitioning=None)
    assert set(file.columns) == {column["name"] for column in columns(dataset)} - set(partitions(dataset))


@by_dataset
def test_times_are_instants_of_this_day_in_utc(city_lake: CityLake, dataset: str) -> None:
    rows = pl.from_arrow(native(opened(city_lake, dataset)).to_table())
    assert isinstance(rows, pl.DataFrame)
    received = rows["received_at"]
    start = city_lake.city.recording_start.astimezone(UTC)
    assert received.min() > start
    if dataset in ("participant_observation", "traffic_event", "traffic_flow"):
        off_s = (rows["observed_at"] - start).dt.total_seconds()
        assert off_s.min() >= -400
        assert off_s.max() <= 1800


@by_dataset
def test_the_table_itself_says_whose_it_is(city_lake: CityLake, dataset: str) -> None:
    table = opened(city_lake, dataset)
    assert table.protocol().min_reader_version == 1
    configuration = table.metadata().configuration
    assert configuration["delta.enableChangeDataFeed"] == "true"
    assert configuration["hutong.contract"] == contract(dataset)["id"] == dataset
    assert configuration["hutong.contract_version"] == contract(dataset)["version"]
    assert table.metadata().partition_columns == partitions(dataset)
    comments = {
        field["name"]: field["metadata"].get("comment") for field in json.loads(table.schema().to_json())["fields"]
    }
    assert comments == {column["name"]: column["businessName"] for column in columns(dataset)}
    assert any("\u4e00" <= letter <= "\u9fff" for letter in "".join(comments.values()))


def test_the_change_feed_gives_the_rows_of_a_version(city_lake: CityLake) -> None:
    table = opened(city_lake, "traffic_event")
    feed = pa.table(table.load_cdf(starting_version=0).read_all())
    inserted = [kind for kind in feed["_change_type"].to_pylist() if kind == "insert"]
    assert len(inserted) == native(table).count_rows()


def test_a_folder_of_the_lake_needs_nothing_but_itself(city_lake: CityLake) -> None:
    for dataset in DATASETS:
        assert all(Path(uri.removeprefix("file://")).is_file() for uri in opened(city_lake, dataset).file_uris())
