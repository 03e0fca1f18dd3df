"""`hutong freshness` as an operator meets it, within this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from hutong.cli.freshness import freshness
from hutong.registry import Registry
from hutong.secrets import Secrets
from hutong.settings import Settings
from hutong.store.paths import Store
from tests.hutong.publish.conftest import flow, land_flow, publish_flow

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def hutong(
    settings: Settings,
    registry: Registry,
    store: Store,
    secrets: Secrets,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """The command over a lake with one batch of March; its status, what it says and what it adds."""
    land_flow(registry, store, [flow("L1")])
    publish_flow(registry, store, secrets)
    monkeypatch.setenv("HUTONG_ROOT", str(settings.root))
    monkeypatch.setenv("HUTONG_LAKE", settings.lake)

    def run(*words: str) -> tuple[int, str, str]:
        status = 0
        try:
            freshness.main(list(words), standalone_mode=False)
        except SystemExit as end:
            status = int(str(end.code))
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def test_what_is_late_stands_first_and_is_found(hutong: Run) -> None:
    status, out, said = hutong()
    first, second = out.splitlines()[1:3]
    assert status == 1
    assert {line.split()[1] for line in (first, second)} == {"traffic_flow", "road_segment"}
    assert "transport_info.section_flow" in first
    assert "late" in said
    assert "nothing yet" in said


def test_programs_read_all_of_it(hutong: Run) -> None:
    _, out, _ = hutong("--json")
    found = json.loads(out)
    (late,) = (one for one in found if one["state"] == "late" and one["dataset"] == "traffic_flow")
    assert (late["newest"], late["late_from"]) == ("2026-03-18T00:15:00+00:00", "2026-03-18T00:30:00+00:00")
    assert late["latency"] == 600
    assert datetime.fromisoformat(late["late_from"]).tzinfo == UTC
    assert {one["state"] for one in found if one["platform"] == "cim"} == {"never"}
