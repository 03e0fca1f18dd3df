"""Published rows of every stream lead back to their bytes, and by the reference path those give the rows again."""

from __future__ import annotations

import pytest

from hutong.lake import query
from hutong.registry import open_registry
from hutong.settings import read
from hutong.trace import trace
from tests.conftest import ROOT, CityLake

pytestmark = pytest.mark.xdist_group("city")

ROWS = 2
FILLED = sorted(
    (source.id, name)
    for source in open_registry(read({"HUTONG_ROOT": str(ROOT)})).sources.values()
    for name in source.datasets
)
"""Every stream and what it fills."""


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
