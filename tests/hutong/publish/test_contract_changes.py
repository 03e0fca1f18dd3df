"""A contract that changes while batches keep coming."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hutong.errors import AskedWrongly, StoreError
from hutong.lake import query
from hutong.registry import Registry, open_registry
from hutong.secrets import Secrets
from hutong.settings import Settings
from hutong.store.paths import Store
from hutong.store.tables import number
from hutong.verify import verify
from tests.city.copied import change
from tests.hutong.publish.conftest import flow, land_flow, publish_flow

LATER = "2026-03-18 08:20:00"
SEQUENCE = "transport_info/section_flow/500000"


@pytest.fixture
def contract(settings: Settings) -> Path:
    return settings.root / "schemas" / "traffic_flow.odcs.yaml"


@pytest.fixture
def mapping(settings: Settings) -> Path:
    return settings.root / "mappings" / "transport_info" / "section_flow.yaml"


def keep_as_older(contract: Path, ends: datetime) -> Path:
    """The contract as it is now, kept as its major version 1."""
    older = contract.with_name("traffic_flow.v1.odcs.yaml")
    text = contract.read_text(encoding="utf-8").replace("status: active", "status: deprecated")
    older.write_text(f"{text}- {{property: endOfLife, value: '{ends.isoformat()}'}}\n", encoding="utf-8")
    return older


def raise_major(contract: Path, mapping: Path, ends: datetime) -> None:
    """Version 2.0.0 states the occupancy in percent; version 1 is served until `ends`."""
    keep_as_older(contract, ends)
    text = contract.read_text(encoding="utf-8").replace("version: 1.3.0", "version: 2.0.0")
    column = text.index("- name: occupancy\n")
    head, tail = text[:column], text[column:]
    tail = tail.replace("maximum: 1\n", "maximum: 100\n", 1).replace("value: '1'", "value: '%'", 1)
    contract.write_text(head + tail, encoding="utf-8")
    change(mapping, "version: 1\n", "version: 2\n")


def test_a_breaking_change_is_refused_before_the_batch_is_begun_and_goes_on_once_the_version_is_raised(
    contract: Path, mapping: Path, settings: Settings, registry: Registry, store: Store, secrets: Secrets
) -> None:
    land_flow(registry, store, [flow("L1")])
    publish_flow(registry, store, secrets)
    land_flow(registry, store, [flow("L1", statTime=LATER), flow("L2", speed="fast")])
    whole = contract.read_text(encoding="utf-8")
    text = whole.replace("value: m/s", "value: km/h")
    contract.write_text(text, encoding="utf-8")
    with pytest.raises(StoreError, match=r"speed_mps: unit changed \(m/s -> km/h\).*raise the version to 2\.0\.0"):
        publish_flow(open_registry(settings), store, secrets)
    assert number(store.quarantine("transport_info"), SEQUENCE) == 1
    contract.write_text(whole, encoding="utf-8")
    keep_as_older(contract, datetime.now(UTC) + timedelta(days=30))
    contract.write_text(text.replace("version: 1.3.0", "version: 2.0.0"), encoding="utf-8")
    registry = open_registry(settings)
    (published,) = publish_flow(registry, store, secrets)
    assert published.rows["traffic_flow.v2"] == {"written": 1}
    assert verify(registry, store, secrets).problems == []


def test_old_and_new_are_served_side_by_side_until_the_declared_end(
    contract: Path, mapping: Path, settings: Settings, registry: Registry, store: Store, secrets: Secrets
) -> None:
    land_flow(registry, store, [flow("L1", occupancy=31.0)])
    publish_flow(registry, store, secrets)
    raise_major(contract, mapping, datetime.now(UTC) + timedelta(days=30))
    registry = open_registry(settings)
    assert verify(registry, store, secrets).problems == []
    land_flow(registry, store, [flow("L1", statTime=LATER, occupancy=40.0)])
    publish_flow(registry, store, secrets)
    both = (
        "SELECT 1 AS major, occupancy FROM traffic_flow_v1 UNION ALL SELECT 2, occupancy FROM traffic_flow ORDER BY 1"
    )
    assert query(both, registry, store).to_pylist() == [
        {"major": 1, "occupancy": pytest.approx(0.31)},
        {"major": 2, "occupancy": pytest.approx(40.0)},
    ]
    assert verify(registry, store, secrets).problems == []


def test_a_mapping_may_feed_both_and_every_row_is_accounted_to_its_table(
    contract: Path, mapping: Path, settings: Settings, registry: Registry, store: Store, secrets: Secrets
) -> None:
    land_flow(registry, store, [flow("L1")])
    publish_flow(registry, store, secrets)
    raise_major(contract, mapping, datetime.now(UTC) + timedelta(days=30))
    text = mapping.read_text(encoding="utf-8")
    block = text[text.index("  - dataset: traffic_flow\n") :]
    block = block[: block.index("  - dataset: ", 10)]
    mapping.write_text(f"{text.rstrip()}\n{block.replace('dataset: traffic_flow', 'dataset: traffic_flow_v1')}")
    registry = open_registry(settings)
    land_flow(registry, store, [flow("L1", statTime=LATER)])
    (published,) = publish_flow(registry, store, secrets)
    assert published.rows["traffic_flow.v2"] == {"written": 1}
    assert published.rows["traffic_flow"] == {"written": 1}
    wrote = "SELECT batch, dataset, contract_version, count FROM ledger WHERE dataset LIKE 'traffic_flow%' ORDER BY ALL"
    assert [tuple(row.values()) for row in query(wrote, registry, store).to_pylist()] == [
        (1, "traffic_flow", "1.3.0", 1),
        (2, "traffic_flow", "1.3.0", 1),
        (2, "traffic_flow.v2", "2.0.0", 1),
    ]
    assert verify(registry, store, secrets).problems == []


def test_after_its_end_the_old_one_says_who_took_its_place_and_its_rows_are_kept(
    contract: Path, mapping: Path, settings: Settings, registry: Registry, store: Store, secrets: Secrets
) -> None:
    land_flow(registry, store, [flow("L1")])
    publish_flow(registry, store, secrets)
    raise_major(contract, mapping, datetime.now(UTC) - timedelta(seconds=1))
    registry = open_registry(settings)
    with pytest.raises(AskedWrongly, match=r"traffic_flow_v1, version 1\.3\.0, ended at .*; ask traffic_flow, which"):
        query("SELECT count(*) FROM traffic_flow_v1", registry, store)
    report = verify(registry, store, secrets)
    assert (report.problems, report.rows) == ([], 2)
