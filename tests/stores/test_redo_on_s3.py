"""A table on S3 that lost a file is mended, and a stream replayed, as in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from hutong.model.dataset import TableName
from hutong.registry import open_registry
from hutong.secrets import resolver
from hutong.store.tables import filesystem_of, sizes_at
from hutong.verify import verify
from tests.hutong.publish.conftest import settings_in
from tests.hutong.redo.conftest import fill, read_131_as_missing, rebuild, replay, seen
from tests.stores.seaweed import RunningS3

pytestmark = pytest.mark.xdist_group("s3")


@pytest.mark.slow
def test_a_lost_file_is_made_good_and_a_changed_mapping_replayed(s3: RunningS3, tmp_path: Path) -> None:
    settings, store = settings_in(tmp_path), s3.store("redo")
    registry, secrets = open_registry(settings), resolver(settings)
    fill(registry, store, secrets)
    before = seen(registry, store)
    place = store.base(TableName("traffic_flow"))
    lost = next(path for path in sorted(sizes_at(place)) if path.startswith("city="))
    filesystem_of(place).delete_file(lost)
    assert rebuild("traffic_flow", registry, store, secrets).difference.lost_files == 1
    assert seen(registry, store) == before
    changed = read_131_as_missing(settings)
    replay(changed, store, secrets)
    assert not replay(changed, store, secrets).is_needed
    assert verify(changed, store, secrets).problems == []
