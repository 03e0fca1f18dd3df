"""Syncing again: nothing twice, late news told once, and what was said before corrected in its place."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest

from hutong.model.batch import Published
from hutong.store.paths import Store
from hutong.verify import verify
from tests.conftest import CityLake, sync_all

from .conftest import frame_of
from .handed import STREAMS

pytestmark = [pytest.mark.xdist_group("city"), pytest.mark.slow]

Again = tuple[CityLake, dict[str, list[Published]]]


@pytest.fixture(scope="module")
def again(city_lake: CityLake, tmp_path_factory: pytest.TempPathFactory) -> Again:
    """A copy of the lake, synced a second time from the same city."""
    folder = shutil.copytree(city_lake.settings.lake, tmp_path_factory.mktemp("again") / "lake")
    lake = replace(city_lake, store=Store(str(folder)))
    return lake, sync_all(lake.registry, lake.store, lake.secrets)


def test_a_second_sync_publishes_nothing_new(again: Again) -> None:
    _, published = again
    assert {stream.sequence for stream in STREAMS} <= set(published)
    for sequence, batches in published.items():
        fates = {fate for batch in batches for fate, count in batch.fates.items() if count}
        assert fates <= {"unchanged", "duplicate", "quarantined"}, sequence
    # Every stream did ask again: the small ones for everything, the others for what may have come late.
    asked = {sequence: sum(batch.received for batch in batches) for sequence, batches in published.items()}
    assert all(asked.values()), asked
    assert asked["cloud_control/rsm/500000"] < 5_000
    rows = {row for batches in published.values() for batch in batches for rows in batch.rows.values() for row in rows}
    assert "written" not in rows
    assert "corrected" not in rows


def test_a_second_sync_leaves_every_row_and_no_key_twice(city_lake: CityLake, again: Again) -> None:
    lake, _ = again
    for dataset in sorted({stream.dataset for stream in STREAMS}):
        before, after = frame_of(city_lake, dataset), frame_of(lake, dataset)
        key = list(lake.registry.dataset(dataset).key)
        assert after.height == before.height == after.select(key).n_unique()
        names = [name for name in before.columns if name not in ("received_at", "batch", "record")]
        assert after.select(names).sort(key).equals(before.select(names).sort(key))


def test_after_a_second_sync_the_account_still_balances(again: Again) -> None:
    lake, _ = again
    assert verify(lake.registry, lake.store, lake.secrets).problems == []
