"""Three whole cities in one gateway, which between them speak every dialect: all streams, held against the truth.

Slow: a minute and a half of two cores.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from citysim.cities import member
from citysim.city_file import read as city_of
from citysim.score.lake import Lake
from citysim.score.stage import Score, score
from citysim.services import running_cities
from citysim.views.city import PLATFORMS, STANDARD
from hutong import settings
from hutong.lake import rows_of
from hutong.registry import Registry, open_registry
from hutong.secrets import Secrets, resolver
from hutong.store.paths import Store
from hutong.verify import verify
from tests.conftest import ROOT, sync_all, write_secrets

CITIES = ("500000", "460200", "320200")

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]


@dataclass(frozen=True)
class Whole:
    """A lake of all three cities. folder: with the lake and the logs of what was served."""

    folder: Path
    registry: Registry
    store: Store
    secrets: Secrets


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    connectors = _declare(folder)
    write_secrets(folder / "secrets")
    with running_cities(*CITIES, log_dir=folder / "served") as cities:
        environment = {
            f"HUTONG_ADDRESS_{name.upper().replace('-', '__')}_{code}": getattr(cities[code], name.partition("-")[0])
            for name, codes in connectors.items()
            for code in codes
        }
        now = settings.read(
            {"HUTONG_ROOT": str(folder), "HUTONG_LAKE": str(folder / "lake"), "HUTONG_SECRETS": str(folder / "secrets")}
            | environment
        )
        registry, store, secrets = open_registry(now), Store(now.lake), resolver(now)
        sync_all(registry, store, secrets, registry.connectors)
    return Whole(folder, registry, store, secrets)


def _declare(root: Path) -> Mapping[str, list[str]]:
    """The repository's declared files and its dialects, each connector with those of CITIES that speak so."""
    for folder in ("schemas", "mappings", "connectors"):
        shutil.copytree(ROOT / folder, root / folder)
    for folder in ("mappings", "connectors"):
        shutil.copytree(ROOT / "variants" / folder, root / folder, dirs_exist_ok=True)
    speaking: dict[str, list[str]] = {}
    for code in CITIES:
        for platform in PLATFORMS:
            dialect = member(code).variants[platform]
            speaking.setdefault(platform if dialect == STANDARD else f"{platform}-{dialect}", []).append(code)
    for path in list((root / "connectors").glob("*/connector.yaml")):
        if path.parent.name not in speaking:  # a dialect of other cities
            for folder in ("mappings", "connectors"):
                shutil.rmtree(root / folder / path.parent.name)
            continue
        codes = ", ".join(f'"{code}"' for code in speaking[path.parent.name])
        text = re.sub(r"^cities: .*$", f"cities: [{codes}]", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
        path.write_text(text, encoding="utf-8")
    return speaking


def test_every_platform_of_every_city_is_read_by_a_connector(whole: Whole) -> None:
    read = {
        (connector.source_platform, city)
        for connector in whole.registry.connectors.values()
        for city in connector.cities
    }
    assert read == {(platform, city) for platform in PLATFORMS for city in CITIES}


def test_the_accounts_balance(whole: Whole) -> None:
    assert verify(whole.registry, whole.store, whole.secrets).problems == []


@pytest.mark.parametrize("code", CITIES)
def test_base_datasets_say_what_the_city_showed(whole: Whole, code: str) -> None:
    folder = whole.folder / "served" / code
    scores: list[Score] = list(score(Lake(whole.folder / "lake"), folder, city_of(folder)))
    assert {one.stream: list(one.missed()) for one in scores if list(one.missed())} == {}


def test_rows_of_each_city_carry_its_code(whole: Whole) -> None:
    for name in ("junction", "road_segment"):
        table = rows_of(whole.registry.dataset(name), whole.registry, whole.store).to_table()
        assert set(table.column("city").to_pylist()) == set(CITIES)
