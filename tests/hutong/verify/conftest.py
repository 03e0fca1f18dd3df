"""A small lake with two batches, to plant faults in."""

import pytest

from hutong.registry import Registry
from hutong.secrets import Secrets
from hutong.store.paths import Store
from tests.hutong.publish.conftest import flow, land_flow, publish_flow, registry, secrets, settings, store

__all__ = ["registry", "secrets", "settings", "store"]


@pytest.fixture
def lake(registry: Registry, store: Store, secrets: Secrets) -> Store:
    """Two published batches of transport_info.section_flow, with a quarantined record and a duplicate."""
    land_flow(registry, store, [flow("L1"), flow("L2"), flow("L3", speed="fast")])
    land_flow(registry, store, [flow("L1"), flow("L4")])
    publish_flow(registry, store, secrets)
    return store
