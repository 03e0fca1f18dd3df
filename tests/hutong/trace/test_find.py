"""KEY, as a person writes it."""

from __future__ import annotations

import pytest

from hutong.errors import AskedWrongly
from hutong.registry import Registry
from hutong.store.paths import Store
from hutong.trace import find
from tests.hutong.trace.conftest import AT_0810


def test_a_key_of_a_hit_singles_it_out(registry: Registry, store: Store) -> None:
    flow = registry.dataset("traffic_flow")
    hits = find(flow, "L1", registry, store)
    assert len(hits) == 2
    assert hits[0].row["observed_at"] > hits[1].row["observed_at"]
    for hit in hits:
        assert [again.row for again in find(flow, hit.key, registry, store)] == [hit.row]


def test_an_instant_is_the_same_whatever_its_offset(registry: Registry, store: Store) -> None:
    flow = registry.dataset("traffic_flow")
    assert len(find(flow, AT_0810, registry, store)) == 1
    assert len(find(flow, AT_0810.replace("08:10:00+08:00", "00:10:00Z"), registry, store)) == 1


def test_a_text_is_an_id_whatever_it_holds(registry: Registry, store: Store) -> None:
    segment = registry.dataset("road_segment")
    assert find(segment, "L1,L2' OR 1=1 --", registry, store) == []
    assert find(segment, "source_id=L1,name=a,b,c", registry, store) == []
    assert len(find(segment, "source_id=L1,name=金山大道", registry, store)) == 1


@pytest.mark.parametrize(
    ("dataset", "key", "said"),
    [
        ("traffic_flow", "period_start=2026-03-18T08:10:00", "an instant with its offset"),
        ("traffic_flow", "vehicle_count=many", "which 'many' is not"),
        ("traffic_flow", "sourceid=L1", "did you mean 'source_id'"),
        ("road_segment", "geometry=00", "no column to look a row up by"),
        ("ledger", "x", "made by hutong itself"),
        ("operations", "x", "made by hutong itself"),
    ],
)
def test_a_key_that_means_nothing_says_what_to_write(
    dataset: str, key: str, said: str, registry: Registry, store: Store
) -> None:
    with pytest.raises(AskedWrongly, match=said):
        find(registry.dataset(dataset), key, registry, store)
