"""A small lake that publishes fast, filled at any moment of the past."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hutong.land.stage import land
from hutong.model.batch import Page, Sequence
from hutong.operations import write_down
from hutong.registry import Registry, open_registry
from hutong.secrets import Secrets, resolver
from hutong.settings import read
from hutong.store.contracted import table_of
from hutong.store.paths import Place, Store
from hutong.store.tables import Change, Counts, commit
from tests.hutong.publish.conftest import declare_without_gates, flow, publish_flow

NOW = datetime.now(UTC)
FLOW = Sequence("transport_info", "section_flow", "500000")
SPEEDS = range(10, 130, 10)


@pytest.fixture(scope="session")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """The declared files without gates, since Great Expectations takes six seconds to import."""
    folder = declare_without_gates(tmp_path_factory.mktemp("declared"))
    return open_registry(read({"HUTONG_ROOT": str(folder)}))


@pytest.fixture(scope="session")
def secrets() -> Secrets:
    return resolver(read({}))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "lake"))


@pytest.fixture(scope="session")
def twelve_corrections(tmp_path_factory: pytest.TempPathFactory, registry: Registry, secrets: Secrets) -> Path:
    """A lake of thirteen batches: a page of 400 days ago, and a row that is corrected to each of `SPEEDS`."""
    store = Store(str(tmp_path_factory.mktemp("corrected") / "lake"))
    land_at(registry, store, [flow("L0")], 400)
    correct(registry, store, secrets, *SPEEDS)
    write_down("pause", "cim", "so that there is a table of operations", registry, store)
    return Path(store.root)


@pytest.fixture
def corrected(twelve_corrections: Path, store: Store) -> Store:
    """A copy of that lake for one test."""
    shutil.copytree(twelve_corrections, store.root)
    return store


def land_at(
    registry: Registry,
    store: Store,
    rows: list[dict[str, Any]],
    days_ago: float,
    resume: str | None = None,
    sequence: Sequence = FLOW,
) -> None:
    """Land `rows` as one batch that was fetched `days_ago`, which is also what its cursor says."""
    body = json.dumps({"code": "0000", "data": {"total": len(rows), "rows": rows}}).encode()
    fetched_at, cursor = NOW - timedelta(days=days_ago), f"{days_ago} days ago"
    page = Page(
        "http://127.0.0.1/flow", 200, "application/json", body, fetched_at, 0.1, 1, len(rows), cursor, resume, "proven"
    )
    land(sequence, registry.source(sequence.platform, sequence.stream).stream, [page], store, None)


def correct(registry: Registry, store: Store, secrets: Secrets, *speeds: float) -> None:
    """Publish a batch for each of `speeds`, each correcting the same row."""
    for speed in speeds:
        land_at(registry, store, [flow("L1", speed=speed), flow(f"S{speed}")], 1)
        publish_flow(registry, store, secrets)


def commit_nothing(registry: Registry, dataset: str, sequence: str, place: Place, counts: Counts) -> None:
    """Commit batch 1 of `sequence` without rows."""
    table = table_of(registry.dataset(dataset), place)
    commit(table, sequence, 1, lambda _: Change(table.schema.empty_table(), counts))
