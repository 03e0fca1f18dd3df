from typing import Any

import pytest

from hutong.lake import query
from hutong.registry import Registry
from hutong.secrets import Secrets
from hutong.store.paths import Store
from hutong.verify import verify
from tests.hutong.publish.conftest import flow, land_flow, publish_flow


def ask(sql: str, registry: Registry, store: Store) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = query(sql, registry, store).to_pylist()
    return found


def test_every_record_has_one_fate_and_they_add_up(registry: Registry, store: Store, secrets: Secrets) -> None:
    land_flow(
        registry, store, [flow("L1"), flow("L1"), flow("L2"), flow("L3", speed="fast"), flow("L4", occupancy=131)]
    )
    (published,) = publish_flow(registry, store, secrets)
    assert published.received == 5
    assert published.fates == {"published": 2, "duplicate": 1, "quarantined": 2}
    assert published.rows == {
        "traffic_flow": {"written": 2, "duplicate": 1},
        "road_segment": {"written": 2, "duplicate": 1},
    }
    assert verify(registry, store, secrets).problems == []


def test_the_ledger_holds_the_account_and_the_quarantine_the_reasons(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    land_flow(registry, store, [flow("L1"), flow("L3", speed="fast")])
    publish_flow(registry, store, secrets)
    entries = ask("SELECT kind, dataset, outcome, rule, count FROM ledger ORDER BY ALL", registry, store)
    assert entries == [
        {"kind": "record", "dataset": None, "outcome": "published", "rule": None, "count": 1},
        {"kind": "record", "dataset": None, "outcome": "quarantined", "rule": "speed_type", "count": 1},
        {"kind": "row", "dataset": "road_segment", "outcome": "written", "rule": None, "count": 1},
        {"kind": "row", "dataset": "traffic_flow", "outcome": "written", "rule": None, "count": 1},
    ]
    (refused,) = ask("SELECT record, place, value, reason_zh, reason_en, raw FROM quarantine", registry, store)
    assert (refused["record"], refused["place"], refused["value"]) == (1, "$.speed", '"fast"')
    assert "fast" in refused["raw"]
    assert "speed" in refused["reason_zh"]
    assert "speed" in refused["reason_en"]


def test_a_correction_replaces_its_row_and_an_older_version_does_not(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    land_flow(registry, store, [flow("L1"), flow("L2")])
    land_flow(registry, store, [flow("L1", roadName="金山大道", statTime="2026-03-18 08:20:00")])
    land_flow(registry, store, [flow("L1", roadName="旧名", statTime="2026-03-18 08:10:00")])
    fates = [published.rows["road_segment"] for published in publish_flow(registry, store, secrets)]
    assert fates == [{"written": 2}, {"corrected": 1}, {"superseded": 1}]
    assert ask("SELECT source_id, name FROM road_segment ORDER BY ALL", registry, store) == [
        {"source_id": "L1", "name": "金山大道"},
        {"source_id": "L2", "name": "金开大道"},
    ]
    # The files of a correction hold their texts otherwise than those of an append.
    for where in ("source_id = 'L1'", "name LIKE '%山%'", "name IN ('金山大道')", "city = '500000' AND name < '金开'"):
        assert ask(f"SELECT source_id FROM road_segment WHERE {where}", registry, store) == [{"source_id": "L1"}]
    assert verify(registry, store, secrets).problems == []


def test_publishing_again_changes_nothing(registry: Registry, store: Store, secrets: Secrets) -> None:
    land_flow(registry, store, [flow("L1")])
    assert len(publish_flow(registry, store, secrets)) == 1
    assert publish_flow(registry, store, secrets) == []
    land_flow(registry, store, [flow("L1")])
    (again,) = publish_flow(registry, store, secrets)
    assert again.fates == {"duplicate": 1}
    assert ask("SELECT count(*) AS n FROM traffic_flow", registry, store) == [{"n": 1}]


def test_a_batch_of_which_nothing_passes_still_has_its_number_everywhere(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    land_flow(registry, store, [flow("L1", speed="fast")])
    land_flow(registry, store, [flow("L1")])
    assert [published.fates for published in publish_flow(registry, store, secrets)] == [
        {"quarantined": 1},
        {"published": 1},
    ]
    assert verify(registry, store, secrets).problems == []


@pytest.mark.parametrize("table", ["traffic_flow", "ledger"])
def test_verify_finds_rows_that_nobody_wrote_and_entries_that_nobody_made(
    table: str, registry: Registry, store: Store, secrets: Secrets
) -> None:
    from deltalake import DeltaTable, write_deltalake

    from hutong.store.tables import dataset_of

    land_flow(registry, store, [flow("L1")])
    publish_flow(registry, store, secrets)
    place = store.ledger("transport_info") if table == "ledger" else store.base(table)
    write_deltalake(place.uri, dataset_of(DeltaTable(place.uri), place).to_table(), mode="append")
    problems = verify(registry, store, secrets).problems
    assert any(said.startswith(table) for said in problems)


def test_verify_says_what_waits(registry: Registry, store: Store, secrets: Secrets) -> None:
    land_flow(registry, store, [flow("L1")])
    (problem,) = verify(registry, store, secrets).problems
    assert problem == (
        "transport_info/section_flow/500000: batch 1 landed, but not published yet;"
        " run `hutong sync transport_info section_flow`"
    )


@pytest.mark.parametrize(
    "hostile",
    [
        {"roadName": "\ud800"},
        {"linkId": "\udfff"},
        {"flow": 2**31},
        {"flow": 2**63},
        {"flow": 2**80},
        {"flow": 1e308},
        {"speed": 1e308},
        {"occupancy": -0.0},
        {"roadName": "x" * 100_000},
        {"roadName": "a\x00b"},
        {"statTime": "9999-12-31 24:00:00"},
        {"statTime": "0001-01-01 00:00:00"},
        {"polyline": "106.56,29.56"},
        {"polyline": "inf,nan;1,2"},
        {"polyline": "1e999,1;2,2"},
        {"crs": "BD-09 "},
        {"period": 0},
        {"period": 1e-9},
        {"angle": 1e18},
        {"status": {"a": 1}},
        {"value": {"deep": [[[[[]]]]]}},
        {"linkId": ""},
        {"linkId": None},
    ],
    ids=str,
)
def test_whatever_a_record_holds_the_batch_goes_on_and_the_account_balances(
    hostile: dict[str, Any], registry: Registry, store: Store, secrets: Secrets
) -> None:
    land_flow(registry, store, [flow("L1"), flow("L2", **hostile), flow("L3")])
    (published,) = publish_flow(registry, store, secrets)
    assert sum(published.fates.values()) == published.received == 3
    assert published.fates["published"] >= 2
    assert verify(registry, store, secrets).problems == []
