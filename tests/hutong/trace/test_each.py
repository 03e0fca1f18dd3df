"""A row that is made from one element of a record's list leads back to that element."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hutong.normalise import compile_source, normalise_records
from hutong.pages import records_of
from hutong.registry import open_registry
from hutong.secrets import resolver
from hutong.settings import Settings, read
from hutong.store.landing import read_batch
from hutong.store.paths import Store
from hutong.trace import trace
from tests.hutong.publish.conftest import flow, land_flow, settings_in
from tests.hutong.trace.conftest import column

MAPPING = """stream: transport_info.section_flow
version: 2
rows:
  - dataset: traffic_flow
    each: lanes[]
    fields:
      source_id: {rule: id, from: [^.linkId, laneNo]}
      observed_at: {rule: time, from: [^.statTime, ^.period], form: interval_end, zone: Asia/Shanghai}
      target_kind: {rule: const, value: lane}
      target_id: {rule: id, from: [^.linkId, laneNo]}
      period_start: {rule: time, from: [^.statTime, ^.period], form: interval_end, zone: Asia/Shanghai}
      period_end: {rule: time, from: ^.statTime, form: local, zone: Asia/Shanghai}
      vehicle_count: {rule: number, from: flow}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A stream whose records hold the flow of each lane."""
    settings = settings_in(tmp_path)
    lane = {"type": "object", "properties": {"laneNo": {"type": "integer"}, "flow": {"type": "integer"}}}
    path = tmp_path / "connectors" / "transport_info" / "section_flow.schema.json"
    schema = json.loads(path.read_text(encoding="utf-8"))
    schema["properties"]["lanes"] = {"type": "array", "items": lane}
    path.write_text(json.dumps(schema), encoding="utf-8")
    (tmp_path / "mappings" / "transport_info" / "section_flow.yaml").write_text(MAPPING, encoding="utf-8")
    return read({"HUTONG_ROOT": str(tmp_path), "HUTONG_LAKE": settings.lake})


def test_the_element_and_what_encloses_it_are_shown_by_the_paths_of_the_mapping(settings: Settings) -> None:
    registry, store, secrets = open_registry(settings), Store(settings.lake), resolver(settings)
    source, dataset = registry.source("transport_info", "section_flow"), registry.dataset("traffic_flow")
    land_flow(registry, store, [flow("L1"), flow("L2", lanes=[{"laneNo": 1, "flow": 7}, {"laneNo": 2, "flow": 9}])])
    records = list(records_of(read_batch(store, source.sequences[0], 1, None), source.stream))
    made = normalise_records(records, source.sequences[0], 1, compile_source(source, None))
    rows = made.frames["traffic_flow"].to_dicts()
    assert [row["source_id"] for row in rows] == ["L2/1", "L2/2"]
    for number, row in enumerate(rows, start=1):
        found = trace(dataset, row, registry, store, secrets)
        assert (found.verdict, found.record) == ("reproduced", 1)
        assert dict(column(found, "source_id").raw) == {"^.linkId": '"L2"', "laneNo": str(number)}
        assert dict(column(found, "vehicle_count").raw) == {"flow": str(row["vehicle_count"])}
