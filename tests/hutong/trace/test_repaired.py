"""A row that a repair let pass is made again with the repair, which is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from hutong.registry import open_registry
from hutong.secrets import resolver
from hutong.settings import Settings
from hutong.store.paths import Store
from tests.hutong.publish.conftest import flow, land_flow, publish_flow, settings_in
from tests.hutong.trace.conftest import column, traced

REPAIR = """repair: map_code
stream: transport_info.section_flow
from: status
refused_for: [congestion_level_unmapped]
codes: {"9": free}
reason: 9 stands for free on the new detectors, the owner says
author: engineer
date: 2026-03-19
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = settings_in(tmp_path)
    folder = tmp_path / "mappings" / "transport_info" / "repairs" / "section_flow"
    folder.mkdir(parents=True)
    (folder / "nine_is_free.yaml").write_text(REPAIR, encoding="utf-8")
    return settings


def test_the_repair_is_named_where_it_acted_and_nowhere_else(settings: Settings) -> None:
    registry, store, secrets = open_registry(settings), Store(settings.lake), resolver(settings)
    land_flow(registry, store, [flow("L1", status=9), flow("L2")])
    publish_flow(registry, store, secrets)
    repaired = traced("traffic_flow", "L1", registry, store, secrets)
    level = column(repaired, "congestion_level")
    assert (repaired.verdict, repaired.repairs, level.value) == ("reproduced", ("nine_is_free",), "free")
    assert level.how.en.endswith("; repair nine_is_free")
    assert "repair" not in column(repaired, "speed_mps").how.en
    plain = traced("traffic_flow", "L2", registry, store, secrets)
    assert (plain.verdict, plain.repairs) == ("reproduced", ())
