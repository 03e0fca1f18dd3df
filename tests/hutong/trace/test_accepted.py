"""A row of a batch that a person accepted leads back to the decision."""

from __future__ import annotations

from pathlib import Path

import pytest

from hutong.redo.decide import accept
from hutong.registry import Registry
from hutong.secrets import Secrets
from hutong.settings import Settings
from hutong.store.paths import Store
from tests.hutong.publish.conftest import flow, land_flow, publish_flow, registry, secrets, settings_in, store
from tests.hutong.trace.conftest import traced

__all__ = ["registry", "secrets", "store"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A stream of which a new field refuses the whole batch."""
    settings = settings_in(tmp_path)
    path = tmp_path / "connectors" / "transport_info" / "connector.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("  section_flow:\n", "  section_flow:\n    drift: freeze\n"), encoding="utf-8")
    return settings


def test_who_accepted_the_batch_and_why_is_told(registry: Registry, store: Store, secrets: Secrets) -> None:
    land_flow(registry, store, [flow("L1", novelty=1)])
    (published,) = publish_flow(registry, store, secrets)
    assert published.fates == {"refused": 1}
    accept("transport_info/section_flow/500000#1", "the new field means nothing to us", registry, store, secrets)
    found = traced("traffic_flow", "L1", registry, store, secrets)
    assert (found.verdict, found.sequence, found.batch) == ("reproduced", "transport_info/section_flow/500000", 1)
    assert found.made is not None
    assert found.made.sequence == "transport_info/section_flow/500000/accept/1"
    assert found.made.decision is not None
    assert (found.made.decision.verdict, found.made.decision.reason) == ("accept", "the new field means nothing to us")
