"""A batch is ended with what it was begun with."""

from pathlib import Path

import pytest

from hutong.errors import StoreError
from hutong.registry import Registry, open_registry
from hutong.secrets import Secrets
from hutong.settings import Settings
from hutong.store.paths import Store
from hutong.verify import verify
from tests.hutong.publish.conftest import flow, land_flow, publish_flow


def begin(registry: Registry, store: Store, secrets: Secrets) -> None:
    """Land a batch, and leave it begun and not ended."""
    land_flow(registry, store, [flow("L1"), flow("L2", speed="fast")])
    in_the_way = Path(store.base("platform_service").uri)
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("no table can be made here, so the batch is begun and not ended")
    with pytest.raises(StoreError):
        publish_flow(registry, store, secrets)
    in_the_way.unlink()


def test_a_batch_begun_under_another_mapping_waits_for_that_mapping(
    settings: Settings, registry: Registry, store: Store, secrets: Secrets
) -> None:
    begin(registry, store, secrets)
    mapping = settings.root / "mappings" / "transport_info" / "section_flow.yaml"
    first = mapping.read_text()
    mapping.write_text(first.replace("version: 1\n", "version: 2\n"))
    with pytest.raises(StoreError, match=r"batch 1 of transport_info/section_flow/500000 .* mapping 1 \(now 2\)"):
        publish_flow(open_registry(settings), store, secrets)
    mapping.write_text(first)
    (published,) = publish_flow(open_registry(settings), store, secrets)
    assert published.fates == {"published": 1, "quarantined": 1}
    assert verify(registry, store, secrets).problems == []


def test_a_batch_begun_under_another_drift_mode_waits_for_that_mode(
    settings: Settings, registry: Registry, store: Store, secrets: Secrets
) -> None:
    begin(registry, store, secrets)
    connector = settings.root / "connectors" / "transport_info" / "connector.yaml"
    first = connector.read_text()
    connector.write_text(first.replace("  section_flow:\n", "  section_flow:\n    drift: discard_row\n"))
    with pytest.raises(StoreError, match="structure_digest"):
        publish_flow(open_registry(settings), store, secrets)
    connector.write_text(first)
    (published,) = publish_flow(open_registry(settings), store, secrets)
    assert published.fates == {"published": 1, "quarantined": 1}
    assert verify(registry, store, secrets).problems == []
