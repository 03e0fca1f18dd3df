"""Tables are fit to be shared from version 0, whatever engine reads them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from deltalake.schema import PrimitiveType

from hutong.model.batch import Sequence
from hutong.registry import Registry, open_registry
from hutong.schema.arrow import arrow_schema
from hutong.settings import read
from hutong.store.contracted import table_of
from hutong.store.landing import Kept, append_batch
from hutong.store.paths import Place, Store
from hutong.store.tables import Change, commit, existing, opened
from tests.conftest import ROOT
from tests.hutong.making import START, page

REGISTRY = open_registry(read({"HUTONG_ROOT": str(ROOT)}))
NAMES = sorted(REGISTRY.datasets)
CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return REGISTRY


@pytest.fixture
def table(request: pytest.FixtureRequest, registry: Registry, tmp_path: Path) -> DeltaTable:
    return opened(table_of(registry.dataset(request.param), Place(str(tmp_path / "t"))))


def stats_of(uri: str, version: int) -> dict[str, Any]:
    """The statistics of the one file that the commit `version` added."""
    lines = Path(uri, "_delta_log", f"{version:020}.json").read_text().splitlines()
    (added,) = [action["add"] for line in lines if "add" in (action := json.loads(line))]
    found: dict[str, Any] = json.loads(added["stats"])
    return found


@pytest.mark.parametrize("table", NAMES, indirect=True)
def test_version_0_has_a_change_feed_and_the_oldest_reader(table: DeltaTable) -> None:
    assert table.version() == 0
    assert table.protocol().min_reader_version == 1
    properties = table.metadata().configuration
    assert properties["delta.enableChangeDataFeed"] == "true"
    assert properties["delta.enableExpiredLogCleanup"] == "false"
    assert properties["delta.targetFileSize"] == "134217728"


@pytest.mark.parametrize(("table", "name"), [(name, name) for name in NAMES], indirect=["table"])
def test_a_table_names_the_contract_and_the_version_that_it_keeps(
    table: DeltaTable, name: str, registry: Registry
) -> None:
    properties = table.metadata().configuration
    assert (properties["hutong.contract"], properties["hutong.contract_version"]) == (
        name,
        registry.dataset(name).version,
    )


@pytest.mark.parametrize("table", NAMES, indirect=True)
def test_every_column_is_of_one_value_has_a_chinese_comment_and_instants_know_their_zone(table: DeltaTable) -> None:
    for field in table.schema().fields:
        # "timestamp" is microseconds in UTC; without a zone it would be "timestamp_ntz".
        assert isinstance(field.type, PrimitiveType)
        assert field.type.type != "timestamp_ntz"
        assert CHINESE.search(field.metadata["comment"])


def test_statistics_are_there_and_leave_personal_columns_out(registry: Registry, tmp_path: Path) -> None:
    dataset = registry.dataset("traffic_event")
    personal = {field.name for field in dataset.fields if field.personal != "none"}
    assert personal
    table = table_of(dataset, Place(str(tmp_path / "t")))
    values = {"string": "E1", "timestamp": START, "date": START.date(), "boolean": True, "binary": b""}
    row = {field.name: values.get(field.type, 1) for field in dataset.fields}
    rows = pa.Table.from_pylist([row], schema=arrow_schema(dataset))
    commit(table, "a/b/c", 1, lambda _: Change(rows, {}))
    stats = stats_of(table.place.uri, 1)
    assert stats["minValues"]["source_id"] == stats["maxValues"]["source_id"] == "E1"
    assert set(stats["nullCount"]) == set(dataset.names) - personal - set(dataset.partition_by)


def test_landing_has_statistics_over_what_batches_are_found_by_and_none_over_what_came(tmp_path: Path) -> None:
    store, sequence = Store(str(tmp_path)), Sequence("cim", "junction", "500000")
    one = page([{"a": 1}])
    append_batch(store, sequence, 1, [Kept(one, one.body)], None)
    place = store.landing("cim", "junction")
    assert set(stats_of(place.uri, 1)["minValues"]) == {"sequence", "batch", "page", "fetched_at"}
    made = existing(place)
    assert made is not None
    assert made.protocol().min_reader_version == 1


def test_a_checkpoint_does_not_clean_the_log(tmp_path: Path) -> None:
    """Also of a table that an earlier release made, which does not say of itself that its log stays."""
    table = table_of(REGISTRY.dataset("operations"), Place(str(tmp_path / "t")))
    schema = table.schema
    cleans = {"delta.logRetentionDuration": "interval 0 seconds", "delta.checkpointInterval": "3"}
    DeltaTable.create(
        table.place.uri,
        schema,
        configuration={**table.properties, **cleans, "delta.enableExpiredLogCleanup": "true"},
        raise_if_key_not_exists=False,
    )
    for batch in range(1, 9):
        commit(table, "a/b/c", batch, lambda _: Change(schema.empty_table(), {}))
    log = Path(table.place.uri, "_delta_log")
    assert list(log.glob("*.checkpoint.parquet"))
    assert len(list(log.glob("*.json"))) == 1 + DeltaTable(table.place.uri).version()
