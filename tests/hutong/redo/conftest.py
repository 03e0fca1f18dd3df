"""The same small lake as the tests of publishing, with a backfill, a change of the mapping, and what readers see."""

from __future__ import annotations

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hutong.lake import rows_of
from hutong.land.stage import land
from hutong.model.batch import Page, Published, Sequence
from hutong.pipeline import publish_waiting
from hutong.redo import Rebuilt, rebuilding, replaying
from hutong.redo.replay import Replayed
from hutong.registry import Registry, open_registry
from hutong.secrets import Secrets, resolver
from hutong.settings import Settings, read
from hutong.store.paths import Store
from tests.hutong.making import START
from tests.hutong.publish.conftest import flow, registry, secrets, settings_in, store

__all__ = ["registry", "secrets", "store"]

LIVE = Sequence("transport_info", "section_flow", "500000")
BACKFILL = Sequence("transport_info", "section_flow", "500000", "backfill/march")
BASE = ("traffic_flow", "road_segment")

FIRST = [flow("L1"), flow("L1"), flow("L2"), flow("L3", speed="fast"), flow("L4", occupancy=131)]
SECOND = [flow("L1", roadName="金山大道", statTime="2026-03-18 08:20:00"), flow("L2"), flow("L4", occupancy=131)]
FILLED = [flow("L2", statTime="2026-03-17 08:10:00"), flow("L1"), flow("L5", occupancy=131)]


def land_in(
    sequence: Sequence, rows: list[dict[str, Any]], registry: Registry, store: Store, later_s: float = 0
) -> None:
    """Land `rows` as one batch of `sequence`, fetched `later_s` after START."""
    source = registry.source("transport_info", "section_flow")
    body = json.dumps({"code": "0000", "data": {"total": len(rows), "rows": rows}}).encode()
    at = START + timedelta(seconds=later_s)
    page = Page("http://127.0.0.1/flow", 200, "application/json", body, at, 0.1, 1, len(rows), None, None, "proven")
    land(sequence, source.stream, [page], store, None)


def publish_in(sequence: Sequence, registry: Registry, store: Store, secrets: Secrets) -> list[Published]:
    source = registry.source("transport_info", "section_flow")
    return list(publish_waiting(source, sequence, registry, store, secrets))


def fill(registry: Registry, store: Store, secrets: Secrets) -> None:
    """A live sequence of two batches and a backfill between them, with duplicates, a correction and refused records."""
    for sequence, rows, later_s in ((LIVE, FIRST, 0), (BACKFILL, FILLED, 60), (LIVE, SECOND, 300)):
        land_in(sequence, rows, registry, store, later_s)
        publish_in(sequence, registry, store, secrets)


@pytest.fixture(scope="session")
def filled_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root with declared files and a filled lake, for copying."""
    root = tmp_path_factory.mktemp("filled")
    settings = settings_in(root)
    fill(open_registry(settings), Store(settings.lake), resolver(settings))
    return root


@pytest.fixture
def settings(filled_once: Path, tmp_path: Path) -> Settings:
    """A root of the test's own, its lake filled."""
    shutil.copytree(filled_once, tmp_path, dirs_exist_ok=True)
    return read({"HUTONG_ROOT": str(tmp_path), "HUTONG_LAKE": str(tmp_path / "lake")})


def change_mapping(settings: Settings, old: str, new: str, version: int) -> Registry:
    """The registry after `old` became `new` in the mapping of section_flow."""
    path = settings.root / "mappings" / "transport_info" / "section_flow.yaml"
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new).replace(f"version: {version - 1}\n", f"version: {version}\n"))
    return open_registry(settings)


def read_131_as_missing(settings: Settings, version: int = 2) -> Registry:
    """Under this mapping the records with an occupancy of 131 % pass, without it."""
    old = 'occupancy: {rule: quantity, from: occupancy, unit: "%", missing: [-1, 255]}'
    return change_mapping(settings, old, old.replace("255]", "255, 131]"), version)


def seen(registry: Registry, store: Store, *names: str) -> dict[str, list[dict[str, Any]]]:
    """What readers see, without the moments at which it was written."""
    volatile = {"published_at", "first_seen", "settled_at", "acted_at", "actor"}
    found: dict[str, list[dict[str, Any]]] = {}
    for name in names or (*BASE, "ledger", "quarantine", "platform_service"):
        rows = rows_of(registry.dataset(name), registry, store).to_table().to_pylist()
        found[name] = sorted(({k: v for k, v in row.items() if k not in volatile} for row in rows), key=str)
    return found


def rebuild(name: str, registry: Registry, store: Store, secrets: Secrets) -> Rebuilt:
    """`name` rebuilt, and what was found."""
    with rebuilding(name, registry, store, secrets) as found:
        found.restore()
    return found


def replay(registry: Registry, store: Store, secrets: Secrets, publish: bool = True) -> Replayed:
    """The stream replayed, and what was found."""
    source = registry.source("transport_info", "section_flow")
    with replaying(source, "500000", registry, store, secrets) as found:
        if publish:
            found.publish("the platform writes 131 for no value")
    return found
