"""The dialects in variants/: ready to be copied beside the standard connectors, and none that no city speaks."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from citysim.cities import members
from citysim.views.city import PLATFORMS, STANDARD
from hutong.registry import open_registry
from hutong.settings import read
from tests.conftest import ROOT

DIALECTS = sorted(path.name for path in (ROOT / "variants" / "connectors").iterdir())
CROSSWALKS = sorted(ROOT.glob("**/mappings/*/codes/gbt2260.csv"))


def test_the_dialects_are_declared_without_a_problem_for_cities_that_speak_them(tmp_path: Path) -> None:
    for folder in ("connectors", "mappings", "schemas"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copytree(ROOT / "variants", tmp_path, dirs_exist_ok=True)
    registry = open_registry(read({"HUTONG_ROOT": str(tmp_path)}))
    assert sorted(registry.connectors) == sorted([*PLATFORMS, *DIALECTS])
    for connector in registry.connectors.values():
        for city in connector.cities:
            spoken = members()[city].variants[connector.source_platform]
            dialect = "" if spoken == STANDARD else f"-{spoken}"
            assert connector.platform == f"{connector.source_platform}{dialect}"


@pytest.mark.parametrize("name", DIALECTS)
def test_a_dialect_is_one_that_a_simulated_city_speaks(name: str) -> None:
    platform, _, dialect = name.partition("-")
    assert platform in PLATFORMS
    assert dialect in {member.variants[platform] for member in members().values()} - {STANDARD}


@pytest.mark.parametrize("path", CROSSWALKS, ids=lambda path: path.parent.parent.name)
def test_every_district_of_every_simulated_city_is_known_to_every_platform(path: Path) -> None:
    with path.open(encoding="utf-8", newline="") as lines:
        known = {row["code"] for row in csv.DictReader(lines)}
    assert {district for member in members().values() for district in member.districts} <= known
