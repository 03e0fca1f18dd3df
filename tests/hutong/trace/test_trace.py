"""A published row leads back to its bytes, and the check that they still give it can fail."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from deltalake import DeltaTable

from hutong.errors import AskedWrongly
from hutong.registry import Registry, open_registry
from hutong.secrets import Secrets
from hutong.settings import Settings
from hutong.store.paths import Store
from hutong.trace import trace
from tests.hutong.redo.conftest import change_mapping, read_131_as_missing, replay
from tests.hutong.trace.conftest import AT_0810, column, rows, traced

FLOW = "traffic_flow"


def test_every_column_leads_to_the_line_that_made_it_and_to_the_raw_value(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    found = traced(FLOW, AT_0810, registry, store, secrets)
    speed = column(found, "speed_mps")
    assert (speed.value, speed.unit, dict(speed.raw), speed.rule) == (10.0, "m/s", {"speed": "36.0"}, "quantity")
    assert speed.how.en == "km/h × 5/18 → m/s"
    path, line = (speed.line or "").rsplit(":", 1)
    assert (
        (registry.root / path).read_text(encoding="utf-8").splitlines()[int(line) - 1].strip().startswith("speed_mps:")
    )
    level = column(found, "congestion_level")
    assert "1 → free" in level.how.en
    assert "GB/T 33171 2016" in level.how.en
    assert "畅通" in level.how.zh
    assert [(kept.rule, kept.is_kept) for kept in level.kept] == [("congestion_level_in_list", True)]
    assert set(registry.dataset(FLOW).names) == {one.name for one in found.columns}


def test_the_page_the_address_and_the_digest_are_those_of_landing(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    found = traced(FLOW, AT_0810, registry, store, secrets)
    assert found.came is not None
    (page,) = (
        row
        for row in DeltaTable(store.landing("transport_info", "section_flow").uri).to_pyarrow_table().to_pylist()
        if (row["sequence"], row["batch"]) == (found.sequence, found.batch)
    )
    assert (found.came.url, found.came.sha256_stored) == (page["url"], page["sha256_stored"])
    assert (found.came.fetched_at, found.came.is_intact) == (page["fetched_at"], True)
    assert found.raw == json.loads(page["body"])["data"]["rows"][found.record]


def test_every_published_row_is_reproduced_whichever_batch_or_backfill_brought_it(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    sequences = set()
    for name in (FLOW, "road_segment"):
        for row in rows(name, registry, store):
            found = trace(registry.dataset(name), row, registry, store, secrets)
            assert (found.verdict, found.changed) == ("reproduced", [])
            sequences.add((found.sequence, found.batch))
    live = "transport_info/section_flow/500000"
    assert {(live, 1), (live, 2), (f"{live}/backfill/march", 1)} <= sequences


def test_a_row_that_a_later_batch_corrected_leads_to_the_later_batch(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    found = traced("road_segment", "L1", registry, store, secrets)
    assert (found.batch, column(found, "name").value) == (2, "金山大道")
    assert found.raw is not None
    assert found.raw["roadName"] == "金山大道"


def test_a_published_value_that_the_record_does_not_give_is_found(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    DeltaTable(store.base(registry.dataset(FLOW).table).uri).update(
        updates={"speed_mps": "speed_mps + 0.5"}, predicate="source_id = 'L1'"
    )
    found = traced(FLOW, AT_0810, registry, store, secrets)
    assert (found.verdict, found.changed) == ("differs", ["speed_mps"])
    assert (column(found, "speed_mps").value, column(found, "speed_mps").now) == (10.5, 10.0)


def test_a_mapping_that_changed_since_is_told_with_both_versions_and_what_it_gives_now(
    settings: Settings, store: Store, secrets: Secrets
) -> None:
    old = "speed_mps: {rule: quantity, from: speed, unit: km/h"
    registry = change_mapping(settings, old, old.replace("km/h", "m/s"), 2)
    found = traced(FLOW, AT_0810, registry, store, secrets)
    assert found.changed == ["speed_mps"]
    assert found.made is not None
    changed = {one.what.en: (one.then, one.now) for one in found.made.versions if one.is_other}
    assert set(changed) == {"mapping", "text of the mapping"}
    assert changed["mapping"] == ("1", "2")


def test_after_a_replay_a_row_is_made_with_the_versions_of_the_replay(
    settings: Settings, store: Store, secrets: Secrets
) -> None:
    registry = read_131_as_missing(settings)
    replay(registry, store, secrets)
    found = traced(FLOW, "source_id=L4", registry, store, secrets)
    assert found.verdict == "reproduced"
    assert found.made is not None
    assert found.made.sequence.endswith("/replay/1")
    assert not any(one.is_other for one in found.made.versions)
    assert "unavailable" in column(found, "occupancy").how.en


def test_a_record_that_would_be_refused_now_says_why(settings: Settings, store: Store, secrets: Secrets) -> None:
    path = settings.root / "connectors" / "transport_info" / "section_flow.schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    schema["properties"]["speed"] = {"type": ["number", "null"], "maximum": 30}
    path.write_text(json.dumps(schema), encoding="utf-8")
    found = traced(FLOW, AT_0810, open_registry(settings), store, secrets)
    assert found.verdict == "refused"
    assert any("$.speed" in why.en and "36.0" in why.en for why in found.why)
    assert found.made is not None
    assert [one.what.en for one in found.made.versions if one.is_other] == ["structure of the raw record"]


def test_bytes_that_were_changed_in_landing_are_found(registry: Registry, store: Store, secrets: Secrets) -> None:
    landing = DeltaTable(store.landing("transport_info", "section_flow").uri)
    landing.update(new_values={"sha256_stored": "0" * 64}, predicate="batch = 1")
    found = traced(FLOW, AT_0810, registry, store, secrets)
    assert found.verdict == "altered"


def test_a_row_whose_page_has_expired_is_told_as_far_as_it_can_be(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    DeltaTable(store.landing("transport_info", "section_flow").uri).delete("batch = 1")
    found = traced(FLOW, AT_0810, registry, store, secrets)
    assert (found.verdict, found.came, found.raw) == ("expired", None, None)
    assert column(found, "speed_mps").how.en == "km/h × 5/18 → m/s"
    assert found.made is not None


def test_a_row_of_a_stream_that_no_longer_fills_the_dataset_is_told_so(
    settings: Settings, store: Store, secrets: Secrets
) -> None:
    path = settings.root / "mappings" / "transport_info" / "section_flow.yaml"
    path.write_text(path.read_text(encoding="utf-8").split("  - dataset: road_segment")[0], encoding="utf-8")
    with pytest.raises(AskedWrongly, match="no longer fills road_segment"):
        traced("road_segment", "L1", open_registry(settings), store, secrets)


def test_the_time_of_publishing_is_that_of_the_ledger(registry: Registry, store: Store, secrets: Secrets) -> None:
    found = traced("road_segment", "L1", registry, store, secrets)
    assert found.made is not None
    assert datetime(2026, 3, 18, tzinfo=UTC) < found.made.published_at <= datetime.now(UTC)
