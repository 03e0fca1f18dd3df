"""Design rule 5 with true gates: batch n fails, n+1 to n+3 arrive, and a person ends it either way."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner
from deltalake import DeltaTable

from hutong.cli.gates import gates
from hutong.lake import query
from hutong.redo import accept, reject
from hutong.registry import Registry, open_registry
from hutong.release.make import release
from hutong.secrets import Secrets, resolver
from hutong.settings import Settings, read
from hutong.store.paths import Store
from hutong.verify import verify
from tests.conftest import ROOT
from tests.hutong.publish.conftest import flow, registry, secrets, store, without_gates
from tests.hutong.redo.conftest import LIVE, land_in, publish_in, rebuild, seen

__all__ = ["registry", "secrets", "store"]

NAME = "transport_info/section_flow/500000#2"
# Within China both ways, but not within the city: axes swapped.
SWAPPED = {"polyline": "99.561235,36.563310;99.553012,36.563288"}


@pytest.fixture(scope="session")
def gated_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five batches, the second with its axes swapped. Of all contracts only road_segment has its gates."""
    root = tmp_path_factory.mktemp("gated")
    for name in ("connectors", "schemas", "mappings"):
        shutil.copytree(ROOT / name, root / name)
    for contract in (root / "schemas").glob("*.yaml"):
        if contract.name != "road_segment.odcs.yaml":
            contract.write_text(without_gates(contract.read_text(encoding="utf-8")), encoding="utf-8")
    settings = read({"HUTONG_ROOT": str(root), "HUTONG_LAKE": str(root / "lake")})
    declared, lake = open_registry(settings), Store(settings.lake)
    for number in range(5):
        changes: dict[str, Any] = SWAPPED if number == 1 else {}
        rows = [flow(f"L{number}{n}", statTime=f"2026-03-18 08:{15 + 5 * number}:00", **changes) for n in range(3)]
        land_in(LIVE, rows, declared, lake, 300 * number)
        (published,) = publish_in(LIVE, declared, lake, resolver(settings))
        assert published.fates == ({"refused": 3} if number == 1 else {"published": 3})
    return root


@pytest.fixture
def settings(gated_once: Path, tmp_path: Path) -> Settings:
    shutil.copytree(gated_once, tmp_path, dirs_exist_ok=True)
    return read({"HUTONG_ROOT": str(tmp_path), "HUTONG_LAKE": str(tmp_path / "lake")})


def asked(sql: str, registry: Registry, store: Store, at: str = "now") -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in query(sql, registry, store, at=at).to_pylist()]


def batches(registry: Registry, store: Store, at: str = "now") -> dict[str, list[int]]:
    """Which batches a reader sees rows of, in each view of both datasets."""
    views = ("traffic_flow", "traffic_flow_main", "road_segment", "road_segment_all", "road_segment_main")
    return {
        view: [row[0] for row in asked(f"SELECT DISTINCT batch FROM {view} ORDER BY 1", registry, store, at)]
        for view in views
    }


def test_batch_n_fails_the_next_three_are_published_and_no_reader_sees_batch_n(
    registry: Registry, store: Store, secrets: Secrets
) -> None:
    release("summer", "to look at", registry, store)
    for at in ("now", "summer"):
        seen_batches = batches(registry, store, at)
        assert {2} & {batch for found in seen_batches.values() for batch in found} == set()
        assert seen_batches["traffic_flow"] == [1, 3, 4, 5]
    # Whoever opens the files without hutong sees none of it either.
    for dataset in ("traffic_flow", "road_segment"):
        table = DeltaTable(store.base(registry.dataset(dataset).table).uri)
        assert table.transaction_version(LIVE.id) == 5
        assert 2 not in pl.read_delta(table)["batch"]
    assert verify(registry, store, secrets).problems == []


def test_what_each_gate_said_is_a_table(registry: Registry, store: Store) -> None:
    failed = asked(
        """SELECT target, dataset, gate, severity, observed, expected, rows, title_zh <> '', title_en <> ''
           FROM gate_result WHERE outcome = 'failed' ORDER BY gate""",
        registry,
        store,
    )
    assert failed == [
        (NAME, "road_segment", "lat_in_city", "critical", "3/3", "lat ∈ [28, 32.5] ≥ 95 %", 3, True, True),
        (NAME, "road_segment", "lon_in_city", "critical", "3/3", "lon ∈ [105, 110.5] ≥ 95 %", 3, True, True),
    ]
    by_batch = asked("SELECT batch, count(*) FROM gate_result GROUP BY ALL ORDER BY 1", registry, store)
    assert [batch for batch, _ in by_batch] == [1, 2, 3, 4, 5]
    assert len({count for _, count in by_batch}) == 1


def test_accepted_it_is_published_with_the_finding_attached(registry: Registry, store: Store, secrets: Secrets) -> None:
    published = accept(NAME, "the platform moved", registry, store, secrets)
    assert published is not None
    assert {one.gate for one in published.gates if not one.passed} == {"lon_in_city", "lat_in_city"}
    assert batches(registry, store)["traffic_flow"] == [1, 2, 3, 4, 5]
    decided = """SELECT gate, action, reason FROM gate_result JOIN operations USING (target)
                 WHERE outcome = 'failed' ORDER BY gate"""
    assert asked(decided, registry, store) == [
        ("lat_in_city", "accept", "the platform moved"),
        ("lon_in_city", "accept", "the platform moved"),
    ]
    assert verify(registry, store, secrets).problems == []
    before = seen(registry, store)
    shutil.rmtree(store.base(registry.dataset("road_segment").table).uri)
    rebuild("road_segment", registry, store, secrets)
    assert seen(registry, store) == before


def test_rejected_it_stays_out(registry: Registry, store: Store, secrets: Secrets) -> None:
    reject(NAME, "sent again as batch 3", registry, store)
    assert rebuild("road_segment", registry, store, secrets).is_equal
    assert batches(registry, store)["traffic_flow"] == [1, 3, 4, 5]
    assert verify(registry, store, secrets).problems == []


def test_the_command_shows_gates_and_writes_data_docs(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HUTONG_ROOT", str(settings.root))
    monkeypatch.setenv("HUTONG_LAKE", settings.lake)
    run = CliRunner()
    (row,) = json.loads(run.invoke(gates, ["--json"]).stdout)
    assert (row["batch"], row["gates"]) == (NAME, "road_segment.lat_in_city, road_segment.lon_in_city")
    failed = json.loads(run.invoke(gates, ["--failed", "--json"]).stdout)
    assert [one["gate"] for one in failed] == ["lat_in_city", "lon_in_city"]
    done = run.invoke(gates, ["docs", NAME, "--out", str(tmp_path / "out")])
    assert done.exit_code == 0
    assert done.stdout.split() == [str(tmp_path / "out" / "road_segment" / "index.html")]
