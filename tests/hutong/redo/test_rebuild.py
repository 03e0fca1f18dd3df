"""A dataset made anew from landing equals the published one; a damaged one is put right."""

import shutil
from pathlib import Path

import pytest
from deltalake import DeltaTable, write_deltalake

from hutong.errors import AskedWrongly, HutongError
from hutong.lake import query
from hutong.model.dataset import TableName
from hutong.redo import rebuilding
from hutong.registry import Registry
from hutong.secrets import Secrets
from hutong.settings import Settings
from hutong.store.paths import Store
from hutong.store.tables import dataset_of, existing
from hutong.verify import verify
from tests.hutong.publish.conftest import flow
from tests.hutong.redo.conftest import (
    BACKFILL,
    BASE,
    LIVE,
    land_in,
    publish_in,
    read_131_as_missing,
    rebuild,
    replay,
    seen,
)


def version(name: str, store: Store) -> int:
    return DeltaTable(store.base(TableName(name)).uri).version()


@pytest.mark.parametrize("name", BASE)
def test_what_is_made_anew_equals_what_is_there_and_nothing_is_committed(
    name: str, registry: Registry, store: Store, secrets: Secrets
) -> None:
    before = seen(registry, store), version(name, store)
    found = rebuild(name, registry, store, secrets)
    assert found.is_equal
    assert found.difference.compared == len(before[0][name])
    assert (seen(registry, store), version(name, store)) == before
    assert not list(Path(store.scratches).iterdir())


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("traffic_flow", "deleted"),
        *(
            pytest.param(name, damage, marks=pytest.mark.slow)
            for name, damage in (
                ("road_segment", "edited"),
                ("traffic_flow", "doubled"),
                ("road_segment", "foreign"),
                ("traffic_flow", "file removed"),
                ("road_segment", "file cut"),
                ("traffic_flow", "table removed"),
            )
        ),
    ],
)
def test_a_damaged_table_is_put_right(
    name: str, damage: str, registry: Registry, store: Store, secrets: Secrets
) -> None:
    before = seen(registry, store)
    table = DeltaTable(store.base(TableName(name)).uri)
    whole = dataset_of(table, store.base(TableName(name))).to_table()
    if damage == "deleted":
        table.delete("source_id = 'L1'")
    elif damage == "edited":
        table.update(updates={"source_crs": "'EPSG:4479'"} if name == "road_segment" else {"speed_mps": "1.0"})
    elif damage == "doubled":
        write_deltalake(table, whole, mode="append")
    elif damage == "foreign":
        added = whole.slice(0, 1)
        column = added.schema.get_field_index("source_id")
        write_deltalake(table, added.set_column(column, added.schema.field(column), [["L9"]]), mode="append")
    elif damage == "table removed":
        shutil.rmtree(store.base(TableName(name)).uri)
    else:
        victim = Path(table.file_uris()[0])
        victim.write_bytes(victim.read_bytes()[:-100]) if damage == "file cut" else victim.unlink()
    found = rebuild(name, registry, store, secrets)
    assert not found.difference.is_none
    assert seen(registry, store) == before
    assert rebuild(name, registry, store, secrets).is_equal
    # A later batch goes on from here.
    land_in(LIVE, [flow("L7")], registry, store, 600)
    assert publish_in(LIVE, registry, store, secrets)[0].fates == {"published": 1}
    assert verify(registry, store, secrets).problems == []


def test_it_only_looks_until_it_is_told_to_restore(registry: Registry, store: Store, secrets: Secrets) -> None:
    DeltaTable(store.base(TableName("traffic_flow")).uri).delete("source_id = 'L1'")
    before = version("traffic_flow", store)
    with rebuilding("traffic_flow", registry, store, secrets) as found:
        assert (found.difference.added, found.difference.changed, found.difference.removed) == (2, 0, 0)
    assert version("traffic_flow", store) == before
    assert existing(store.base(TableName("operations"))) is None


def test_who_restored_what_is_written_down(registry: Registry, store: Store, secrets: Secrets) -> None:
    DeltaTable(store.base(TableName("traffic_flow")).uri).delete("source_id = 'L1'")
    rebuild("traffic_flow", registry, store, secrets)
    (row,) = query("SELECT action, target, reason FROM operations", registry, store).to_pylist()
    assert (row["action"], row["target"]) == ("rebuild", "traffic_flow")
    assert "2 rows" in row["reason"]


def test_batches_that_landing_lost_to_retention_are_carried_over(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    before = seen(registry, store)
    DeltaTable(store.landing("transport_info", "section_flow").uri).delete(
        f"sequence = '{BACKFILL.id}' OR (sequence = '{LIVE.id}' AND batch = 1)"
    )
    found = rebuild("traffic_flow", registry, store, secrets)
    assert found.is_equal
    assert (found.carried.rows, found.carried.batches) == (3, 2)
    DeltaTable(store.base(TableName("traffic_flow")).uri).delete("batch = 2")
    rebuild("traffic_flow", registry, store, secrets)
    assert seen(registry, store) == before


@pytest.mark.slow
def test_it_refuses_versions_that_are_not_those_of_the_batches(
    settings: Settings, registry: Registry, store: Store, secrets: Secrets
) -> None:
    changed = read_131_as_missing(settings)
    with pytest.raises(
        HutongError, match=r"batch 1: mapping 1 \(now 2\).* `hutong replay transport_info section_flow`"
    ):
        rebuild("traffic_flow", changed, store, secrets)
    replay(changed, store, secrets)
    assert rebuild("traffic_flow", changed, store, secrets).is_equal
    assert rebuild("road_segment", changed, store, secrets).is_equal


def test_a_dataset_that_no_mapping_fills_is_told_so(registry: Registry, store: Store, secrets: Secrets) -> None:
    with pytest.raises(AskedWrongly, match=r"no mapping fills 'ledger'.*road_segment"):
        rebuild("ledger", registry, store, secrets)
