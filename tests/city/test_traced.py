"""Published rows of every stream lead back to their bytes, and by the reference path those give the rows again."""

from __future__ import annotations

import pytest

from hutong.lake import query
from hutong.trace import trace
from tests.conftest import CityLake

pytestmark = pytest.mark.xdist_group("city")

ROWS = 2
FILLED = [
    ("cim.building", "building"),
    ("cim.building_model", "building"),
    ("cim.junction", "junction"),
    ("cim.lane", "lane"),
    ("cim.parking_lot", "parking_facility"),
    ("cim.road_segment", "road_segment"),
    ("cim.roadside_asset", "roadside_facility"),
    ("cloud_control.rsm", "participant_observation"),
    ("cloud_control.rsu", "roadside_facility"),
    ("traffic_safety.accident", "traffic_event"),
    ("transport_info.section_flow", "traffic_flow"),
    ("transport_info.section_flow", "road_segment"),
]


def test_these_are_all_that_streams_fill(city_lake: CityLake) -> None:
    sources = city_lake.registry.sources.values()
    assert sorted(FILLED) == sorted((source.id, name) for source in sources for name in source.datasets)


@pytest.mark.parametrize(("stream", "name"), FILLED)
def test_rows_are_reproduced_by_the_reference_path(stream: str, name: str, city_lake: CityLake) -> None:
    registry, store = city_lake.registry, city_lake.store
    of_stream = f"SELECT * FROM {name} WHERE source_platform || '.' || source_stream = $stream"
    sql = f"{of_stream} ORDER BY hash(source_id) LIMIT {ROWS}"
    rows = query(sql, registry, store, {"stream": stream}).to_pylist()
    assert len(rows) == ROWS
    for row in rows:
        found = trace(registry.dataset(name), row, registry, store, city_lake.secrets)
        assert (found.verdict, found.changed) == ("reproduced", [])
        assert found.came is not None
        assert found.came.is_intact
        assert all(kept.is_kept is not False for column in found.columns for kept in column.kept)
        assert found.made is not None
        assert not any(version.is_other for version in found.made.versions)
        # A gate that looks at the batches before has nothing to say of the first.
        assert found.made.gates
        assert {gate.name for gate in found.made.gates} <= {gate.name for gate in registry.dataset(name).gates}
        assert all(gate.observed is not None and gate.words.zh and gate.words.en for gate in found.made.gates)
