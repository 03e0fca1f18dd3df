"""Upkeep of a lake on an S3 server: what it lists is what it removes, and everything can be read on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from hutong.lake import query
from hutong.registry import Registry
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.tables import existing, sizes_at
from hutong.upkeep import maintain
from hutong.verify import verify
from tests.hutong.publish.conftest import flow
from tests.hutong.upkeep.conftest import NOW, correct, land_at
from tests.stores.seaweed import RunningS3

pytestmark = [pytest.mark.xdist_group("s3"), pytest.mark.slow]


def test_what_no_promise_needs_goes_from_an_object_store_too(s3: RunningS3, registry: Registry) -> None:
    secrets = resolver(read({}))
    store = s3.store("upkeep")
    land_at(registry, store, [flow("L0")], 400)
    correct(registry, store, secrets, *range(10, 110, 10))
    # Objects cannot be made older, so what is asked is what will be done when all this is more than a month ago.
    later = NOW + timedelta(days=40)
    listed = maintain(registry, store, later, dry_run=True)
    before = {one.table: sizes_at(one.plan.place) for one in listed if one.plan}
    assert maintain(registry, store, later) == listed
    for one in listed:
        assert one.plan is not None
        planned = {*one.plan.leftovers.paths, *(file.path for file in one.plan.log)}
        assert before[one.table].keys() - sizes_at(one.plan.place).keys() == planned
    table = existing(store.base("traffic_flow"))
    assert table is not None
    assert table.history()[-1]["version"] > 1
    assert verify(registry, store, secrets).problems == []
    (found,) = query("SELECT count(*) AS n FROM traffic_flow", registry, store).to_pylist()
    assert found == {"n": 12}
