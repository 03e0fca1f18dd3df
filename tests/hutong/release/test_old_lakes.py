"""A lake that an earlier release of hutong wrote knows nothing of releases, and can be released all the same."""

import tarfile
from pathlib import Path

from hutong.changes import changes
from hutong.lake import query
from hutong.registry import Registry
from hutong.release import pins, release, releases
from hutong.store.paths import Store
from tests.conftest import ROOT


def test_a_lake_of_0_1_0_is_released_and_compared(registry: Registry, tmp_path: Path) -> None:
    with tarfile.open(ROOT / "tests" / "lakes" / "0.1.0.tar.gz") as packed:
        packed.extractall(tmp_path, filter="data")
    store = Store(str(tmp_path / "lake"))
    assert (releases(store), pins(store)) == ([], {})
    assert query("FROM junction", registry, store, at="2020-01-01T00:00:00+08:00").num_rows == 0
    made = release("first", "the oldest there is", registry, store)
    assert {pin.contract_version for pin in made.pins if pin.table == "junction"} == {"1.0.0"}
    listed = query("FROM junction", registry, store, at="first").num_rows
    (junctions,) = changes("2020-01-01T00:00:00+08:00", "first", registry, store, "junction")
    assert junctions.added == listed > 0
    assert all(one.are_none for one in changes("first", "now", registry, store))
