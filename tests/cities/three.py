"""What a gateway of three cities declares: the recorded one, Sanya, whose platforms speak dialects, and Wuxi, whose
city model does.
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from pathlib import Path

from citysim.cities import member
from tests.conftest import PLATFORMS, ROOT

RECORDED, SANYA, WUXI = "500000", "460200", "320200"
CITIES = (RECORDED, SANYA, WUXI)


def declare(root: Path, cities: Collection[str] = CITIES) -> None:
    """What the repository declares, the dialects too, each connector for those of `cities` that speak so, if any."""
    for folder in ("connectors", "schemas", "mappings"):
        shutil.copytree(ROOT / folder, root / folder)
    spoken = {connector_of(code, platform) for code in cities for platform in PLATFORMS}
    for folder in ("connectors", "mappings"):
        shutil.copytree(ROOT / "variants" / folder, root / folder, dirs_exist_ok=True)
        for path in (root / folder).glob("*/"):
            if path.name not in (*spoken, "codes"):
                shutil.rmtree(path)
    for platform in spoken & set(PLATFORMS):
        path = root / "connectors" / platform / "connector.yaml"
        own = ", ".join(f'"{code}"' for code in cities if connector_of(code, platform) == platform)
        text = path.read_text(encoding="utf-8")
        assert 'cities: ["500000"]' in text
        path.write_text(text.replace('cities: ["500000"]', f"cities: [{own}]"), encoding="utf-8")


def connector_of(code: str, platform: str) -> str:
    """The connector that speaks as this platform of that city does."""
    dialect = member(code).variants[platform]
    return platform if dialect == "standard" else f"{platform}-{dialect}"


def addresses(live: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """HUTONG_ADDRESS_* for `live`: city -> platform -> address. Each is its own city's alone."""
    return {
        f"HUTONG_ADDRESS_{connector_of(code, one).replace('-', '__').upper()}_{code}": platforms[one]
        for code, platforms in live.items()
        for one in PLATFORMS
    }
