"""The figures are those of the lake, and cost it little."""

from __future__ import annotations

import re
import shutil
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from click.testing import CliRunner
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from hutong.budget import BOUNDLESS
from hutong.cli.metrics import metrics
from hutong.metrics import DESCRIBED, LakeCollector, exposition
from hutong.model.batch import Sequence
from hutong.pauses import pause
from hutong.pipeline import land_new, publish_waiting
from hutong.registry import Registry, open_registry
from hutong.settings import Settings, read
from hutong.store.paths import Store
from tests.hutong.extract.speaking import says, speaking
from tests.hutong.lineage.test_events import BAD, RECORDS, secrets
from tests.peers.declared import declare

SEQUENCE = Sequence("s_plain", "facility", "500000")
PLACE = {"platform": "s_plain", "stream": "facility", "city": "500000"}

Figures = dict[str, dict[frozenset[tuple[str, str]], float]]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A lake of one stream: six records, of which one is quarantined, and a second batch that is not published."""
    with speaking(lambda asked: says({"rows": [*RECORDS, BAD]})) as server:
        connector = {"address": server.address, "cadences": {"live": "*/5 * * * *"}}
        declare(tmp_path / "root", "s_plain", connector, {"endpoint": "/things", "data_selector": "rows"})
        found = read({"HUTONG_ROOT": str(tmp_path / "root")})
        registry, store = open_registry(found), Store(found.lake)
        source = registry.source("s_plain", "facility")
        land_new(source, SEQUENCE, store, secrets, BOUNDLESS)
        list(publish_waiting(source, SEQUENCE, registry, store, secrets))
        land_new(source, SEQUENCE, store, secrets, BOUNDLESS)
    return found


@pytest.fixture
def registry(settings: Settings) -> Registry:
    return open_registry(settings)


def figures(text: bytes) -> Figures:
    found: Figures = {}
    for family in text_string_to_metric_families(text.decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[frozenset(sample.labels.items())] = sample.value
    return found


def of(found: Figures, name: str, **labels: str) -> float:
    return found[name][frozenset(labels.items())]


def test_figures_are_those_of_the_lake(settings: Settings, registry: Registry) -> None:
    pause("s_plain", "a test", registry, Store(settings.lake))
    found = figures(exposition(registry, Store(settings.lake), settings))
    assert of(found, "hutong_dataset_rows", dataset="roadside_facility", city="500000") == 5
    assert of(found, "hutong_records_received_total", **PLACE) == 6
    assert of(found, "hutong_records", **PLACE, fate="published") == 5
    assert of(found, "hutong_records", **PLACE, fate="quarantined") == 1
    assert sum(found["hutong_quarantine_open_records"].values()) == 1
    assert of(found, "hutong_batches_waiting", **PLACE) == 1
    assert of(found, "hutong_landing_pages", **PLACE) == 2
    assert of(found, "hutong_platform_paused", platform="s_plain") == 1
    assert of(found, "hutong_gate_decisions_waiting", platform="s_plain") == 0
    assert of(found, "hutong_dataset_late", dataset="roadside_facility", **PLACE) == 0
    observed = of(found, "hutong_dataset_newest_observed_timestamp_seconds", dataset="roadside_facility", city="500000")
    assert observed == 1773792000  # 08:00 of 18 March 2026 in the city
    assert found["hutong_lake_readable"] == {frozenset(): 1}


def test_names_and_labels_are_as_prometheus_wants_them_and_bounded(settings: Settings, registry: Registry) -> None:
    for family in text_string_to_metric_families(exposition(registry, Store(settings.lake), settings).decode()):
        name = family.name + ("_total" if family.type == "counter" else "")
        described = DESCRIBED[name]
        assert re.fullmatch(r"hutong_[a-z_]+", name)
        assert described.kind == family.type
        assert all(set(sample.labels) == set(described.labels) for sample in family.samples)
    assert all(name.endswith("_total") == (family.kind == "counter") for name, family in DESCRIBED.items())
    text = exposition(registry, Store(settings.lake), settings).decode()
    assert "N9" not in text
    assert "设施" not in text, "no value of a record"


def test_a_lake_that_cannot_be_read_is_said_and_nothing_else(settings: Settings, registry: Registry) -> None:
    broken = Path(settings.lake) / "ledger" / "s_plain" / "_delta_log"
    for file in broken.glob("*.json"):
        file.write_text("{")
    found = figures(exposition(registry, Store(settings.lake), settings))
    assert set(found) == {"hutong_lake_readable", "hutong_lake_read_seconds"}
    assert found["hutong_lake_readable"] == {frozenset(): 0}


def told(reader: LakeCollector) -> dict[str, Metric]:
    return {one.name: one for one in reader.collect()}


def test_who_asks_again_soon_is_told_the_same(settings: Settings, registry: Registry) -> None:
    reader = LakeCollector(registry, Store(settings.lake), settings)
    first = told(reader)
    shutil.rmtree(settings.lake)
    assert told(reader) == first


def test_a_file_of_a_ledger_is_read_once(settings: Settings, registry: Registry) -> None:
    sums = LakeCollector(registry, Store(settings.lake), settings)._ledgers
    place = Store(settings.lake).ledger("s_plain")
    first = sums.of(place)
    assert first is not None
    for file in (Path(settings.lake) / "ledger" / "s_plain").rglob("*.parquet"):
        file.unlink()
    again = sums.of(place)
    assert again is not None
    assert again.equals(first)


def command(settings: Settings, *arguments: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    monkeypatch.setenv("HUTONG_ROOT", str(settings.root))
    result = CliRunner().invoke(metrics, arguments)
    return result.exit_code, str(result.exception or "")


def test_a_file_is_written_in_one_step_for_others_to_read(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "textfile" / "hutong.prom"
    assert "cannot be written" in command(settings, "--out", str(out), monkeypatch=monkeypatch)[1]
    out.parent.mkdir()
    assert command(settings, "--out", str(out), monkeypatch=monkeypatch) == (0, "")
    assert [one.name for one in out.parent.iterdir()] == ["hutong.prom"]
    assert out.stat().st_mode & 0o777 == 0o644
    assert figures(out.read_bytes())["hutong_lake_readable"] == {frozenset(): 1}
    assert "choose one" in command(settings, "--out", str(out), "--port", "1", monkeypatch=monkeypatch)[1]


def test_a_port_answers_until_it_is_told_to_end(settings: Settings) -> None:
    asked = [sys.executable, "-P", "-m", "hutong.cli", "metrics", "--port", "0"]
    environment = {"HUTONG_ROOT": str(settings.root), "PYTHONPATH": ":".join(sys.path), "HUTONG_LANG": "en"}
    with subprocess.Popen(asked, env=environment, stderr=subprocess.PIPE, text=True) as server:
        assert server.stderr is not None
        address = server.stderr.readline().strip()
        with urllib.request.urlopen(address, timeout=60) as answer:
            assert b"hutong_lake_readable 1.0" in answer.read()
        server.send_signal(signal.SIGTERM)
        assert server.wait(20) == 0
