"""A registry without gates (Great Expectations takes six seconds to import) and pages of two streams made by hand."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from hutong.land.stage import land
from hutong.model.batch import Page, Published
from hutong.pipeline import publish_waiting
from hutong.registry import Registry, open_registry
from hutong.secrets import Secrets, resolver
from hutong.settings import Settings, read
from hutong.store.paths import Store
from tests.conftest import ROOT
from tests.hutong.making import START

DECLARED = ("connectors", "schemas", "mappings")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Declared files copied to a root of the test's own, the gates taken out of the contracts."""
    return settings_in(tmp_path)


def settings_in(root: Path) -> Settings:
    """The same with `root` for its root."""
    declare_without_gates(root)
    return read({"HUTONG_ROOT": str(root), "HUTONG_LAKE": str(root / "lake")})


def declare_without_gates(folder: Path) -> Path:
    """The declared files copied to `folder`, the gates taken out of the contracts."""
    for name in DECLARED:
        shutil.copytree(ROOT / name, folder / name)
    for contract in (folder / "schemas").glob("*.yaml"):
        contract.write_text(without_gates(contract.read_text(encoding="utf-8")), encoding="utf-8")
    return folder


@cache
def without_gates(contract: str) -> str:
    """The text of a contract with its Great Expectations entries removed."""
    import yaml

    found = yaml.load(contract, Loader=yaml.CSafeLoader)
    table = found["schema"][0]
    table["quality"] = [entry for entry in table.get("quality", []) if entry["engine"] != "greatExpectations"]
    return yaml.dump(found, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False)


@pytest.fixture
def registry(settings: Settings) -> Registry:
    """What the files below the test's root say; files that stand in many roots are read once."""
    declared = hashlib.sha256(repr(sorted(settings.addresses.items())).encode())
    for name in DECLARED:
        for path in sorted((settings.root / name).rglob("*.*")):
            declared.update(repr(path.relative_to(settings.root)).encode() + path.read_bytes())
    digest = declared.hexdigest()
    if digest not in _read:
        _read[digest] = open_registry(settings)
    return replace(_read[digest], root=settings.root)


_read: dict[str, Registry] = {}


@pytest.fixture
def store(settings: Settings) -> Store:
    return Store(settings.lake)


@pytest.fixture
def secrets(settings: Settings) -> Secrets:
    return resolver(settings)


def flow(link: str, **changes: Any) -> dict[str, Any]:
    """A section's five minutes, as the transport platform tells them."""
    return {
        "linkId": link,
        "roadName": "金开大道",
        "direction": "由东向西",
        "angle": 180,
        "length": 812,
        "speed": 36.0,
        "freeSpeed": 54.0,
        "status": 1,
        "tpi": 1.5,
        "flow": 25,
        "largeVehFlow": 2,
        "period": 300,
        "occupancy": 31.0,
        "statTime": "2026-03-18 08:15:00",
        "polyline": "106.561235,29.563310;106.553012,29.563288",
        "crs": "WGS84",
        **changes,
    }


def flow_page(rows: list[dict[str, Any]], mark: str | None = None, fetched_at: datetime = START) -> Page:
    """`rows` as a page of transport_info.section_flow, of a pull that began at the cursor `mark`."""
    body = json.dumps({"code": "0000", "data": {"total": len(rows), "rows": rows}}).encode()
    return Page(
        "http://127.0.0.1/flow",
        200,
        "application/json",
        body,
        fetched_at,
        0.1,
        1,
        len(rows),
        None,
        None,
        "proven",
        mark=mark,
    )


def land_flow(registry: Registry, store: Store, rows: list[dict[str, Any]], mark: str | None = None) -> None:
    """Land `rows` as one batch of transport_info.section_flow, of a pull that began at the cursor `mark`."""
    source = registry.source("transport_info", "section_flow")
    land(source.sequences[0], source.stream, [flow_page(rows, mark)], store, None)


def publish_flow(registry: Registry, store: Store, secrets: Secrets) -> list[Published]:
    """Publish what waits of transport_info.section_flow."""
    source = registry.source("transport_info", "section_flow")
    return list(publish_waiting(source, source.sequences[0], registry, store, secrets))
