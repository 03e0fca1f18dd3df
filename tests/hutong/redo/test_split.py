"""A mapping that opened the wrong list: a replay moves the records it left empty, and back; both equations hold."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from hutong.redo import rebuilding, replaying
from hutong.registry import Registry, open_registry
from hutong.secrets import Secrets
from hutong.settings import Settings
from hutong.store.paths import Store
from hutong.store.tables import existing
from hutong.verify import verify
from tests.hutong.publish.conftest import land_flow, publish_flow, registry, secrets, settings_in, store
from tests.hutong.publish.splitting import MAPPING, counted, declare, measured, sent

__all__ = ["registry", "secrets", "store"]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = settings_in(tmp_path)
    declare(tmp_path)
    return settings


def opening(settings: Settings, name: str, version: int) -> Registry:
    """The registry when the mapping opens the list `name`."""
    path = settings.root / "mappings" / "transport_info" / "section_flow.yaml"
    path.write_text(MAPPING.replace("parts[]", name).replace("version: 1", f"version: {version}"), encoding="utf-8")
    return open_registry(settings)


def replayed(registry: Registry, store: Store, secrets: Secrets) -> dict[str, int]:
    """The fates of all batches after a replay; both equations hold."""
    source = registry.source("transport_info", "section_flow")
    with replaying(source, "500000", registry, store, secrets) as found:
        found.publish("the mapping opened another list")
    assert verify(registry, store, secrets).problems == []
    ledger = existing(store.ledger("transport_info"))
    assert ledger is not None
    fates = pl.scan_delta(ledger).filter(pl.col("kind") == "record").group_by("outcome").agg(pl.col("count").sum())
    return {fate: count for fate, count in fates.collect().iter_rows() if count}


def test_records_move_between_empty_and_published_and_never_count_twice(
    settings: Settings, store: Store, secrets: Secrets
) -> None:
    registry = opening(settings, "spare[]", 1)
    land_flow(registry, store, [sent("A", counted("L1"), measured("L1")), sent("B", counted("L2")), sent("C")])
    publish_flow(registry, store, secrets)
    assert verify(registry, store, secrets).problems == []
    right = opening(settings, "parts[]", 2)
    assert replayed(right, store, secrets) == {"published": 2, "empty": 1}
    assert replayed(opening(settings, "spare[]", 3), store, secrets) == {"empty": 3}


def test_a_rebuild_finds_nothing_to_mend(
    settings: Settings, registry: Registry, store: Store, secrets: Secrets
) -> None:
    land_flow(registry, store, [sent("A", counted("L1"), counted("L1", 99), measured("L1")), sent("B")])
    land_flow(registry, store, [sent("A", counted("L1", 99)), sent("C", measured("L1", 900.0))])
    publish_flow(registry, store, secrets)
    for dataset in ("traffic_flow", "road_segment"):
        with rebuilding(dataset, registry, store, secrets) as found:
            assert found.difference.is_none
