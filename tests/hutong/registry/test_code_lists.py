"""The code lists that this repository declares: complete in both languages, each code with where it comes from."""

from __future__ import annotations

import csv
import re

import pytest

from hutong.registry import Registry, open_registry
from hutong.settings import read
from tests.conftest import ROOT

LISTS = sorted(path.stem for path in (ROOT / "mappings" / "codes").glob("*.csv"))
MEMBERS = {
    "110000", "310000", "150600", "210100", "220100", "320100", "320500", "320200", "330100", "330483", "330521",
    "340100", "350100", "370100", "420100", "420300", "430100", "440100", "440300", "460100", "460200", "469002",
    "500000", "510100",
}  # fmt: skip
"""Of the twenty pilots, two of which are consortia."""
WITHOUT_DISTRICTS = {"330483", "330521", "469002"}
"""Counties themselves."""
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="module")
def registry() -> Registry:
    return open_registry(read({"HUTONG_ROOT": str(ROOT)}))


@pytest.mark.parametrize("name", LISTS)
def test_every_code_stands_once_with_both_names_its_source_and_edition(name: str, registry: Registry) -> None:
    with (ROOT / "mappings" / "codes" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["code"] for row in rows}) == len(rows)
    for code in registry.codes[name].values():
        assert all((code.zh.strip(), code.en.strip(), code.source.strip(), code.edition.strip())), code
        assert not CHINESE.search(code.en), code


def test_the_members_of_the_pilots_are_listed_with_their_districts_and_an_edition(registry: Registry) -> None:
    codes = registry.codes["gbt2260"]
    assert set(codes) >= MEMBERS
    for member in MEMBERS - WITHOUT_DISTRICTS:
        province = member[:2] if member.endswith("0000") else member[:4]
        assert len([code for code in codes if code.startswith(province) and not code.endswith("00")]) >= 4
    # Those of municipalities have no level between, and 500100 stands for no place.
    assert "500100" not in codes
    assert {"150603", "500156", "320214", "440311"} <= set(codes)
    assert "2019-04" in codes["110101"].edition
    assert "2021" in codes["330113"].edition


@pytest.mark.parametrize("platform", ["cim", "cloud_control", "traffic_safety"])
def test_each_platform_that_names_districts_knows_them_all(platform: str, registry: Registry) -> None:
    walk = next(one for one in registry.sources.values() if one.connector.platform == platform).crosswalks["gbt2260"]
    districts = {code for code in registry.codes["gbt2260"] if code.isdigit() and not code.endswith("00")}
    assert districts <= set(walk.values())
    assert all(raw.startswith(code) for raw, code in walk.items() if raw.isdigit())
