"""What is wrong with one platform stops that platform alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hutong.errors import RegistryError
from hutong.registry import open_sound
from hutong.settings import Settings, read
from tests.conftest import ROOT


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    for name in ("connectors", "schemas", "mappings"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return read({"HUTONG_ROOT": str(tmp_path)})


def spoil(file: Path, word: str, other: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert word in text
    file.write_text(text.replace(word, other), encoding="utf-8")


@pytest.mark.parametrize(
    ("file", "word", "other", "said"),
    [
        ("connectors/cim/connector.yaml", "tier: regional", "tier: remote", r"connector.yaml:5: tier: 'remote'"),
        ("connectors/cim/connector.yaml", "streams:", "streams: [", r"connector.yaml:\d+: not YAML"),
        ("mappings/cim/lane.yaml", "stream: cim.lane", "stream: cim.land", r"lane.yaml:\d+: the file maps 'cim.lane'"),
    ],
)
def test_the_others_are_read_and_the_broken_one_says_what_is_wrong(
    settings: Settings, file: str, word: str, other: str, said: str
) -> None:
    spoil(settings.root / file, word, other)
    sound = open_sound(settings)
    assert set(sound.connectors) == {"cloud_control", "traffic_safety", "transport_info"}
    assert {source.connector.platform for source in sound.sources.values()} == set(sound.connectors)
    assert list(sound.broken) == ["cim"]
    with pytest.raises(RegistryError, match=said):
        sound.source("cim", "lane")


def test_what_platforms_share_stops_them_all(settings: Settings) -> None:
    spoil(settings.root / "schemas" / "lane.odcs.yaml", "status: active", "state: active")
    with pytest.raises(RegistryError, match=r"lane.odcs.yaml:\d+: unknown key 'state'"):
        open_sound(settings)


def test_where_nothing_is_wrong_nothing_is_left_out(settings: Settings) -> None:
    sound = open_sound(settings)
    assert (set(sound.connectors), sound.broken) == ({"cim", "cloud_control", "traffic_safety", "transport_info"}, {})


def test_a_platform_that_is_asked_for_is_read_without_the_mappings_of_others(settings: Settings) -> None:
    whole = open_sound(settings)
    (settings.root / "mappings" / "cim" / "lane.yaml").write_text("not: [yaml", encoding="utf-8")
    sound = open_sound(settings, lambda connector: connector.platform == "cloud_control")
    assert set(sound.connectors) == {"cloud_control"}
    assert sound.sources == {name: one for name, one in whole.sources.items() if name.startswith("cloud_control.")}
    assert (sound.datasets, sound.broken) == (whole.datasets, {})


def test_one_city_is_not_served_twice_by_dialects_whoever_is_asked_for(settings: Settings) -> None:
    folder = shutil.copytree(settings.root / "connectors" / "cim", settings.root / "connectors" / "cim-other")
    spoil(folder / "connector.yaml", "platform: cim", "platform: cim-other")
    sound = open_sound(settings, lambda connector: connector.platform == "cim-other")
    assert "'cim' serves 500000 already" in str(sound.broken["cim-other"])
    assert sound.connectors == {}


def test_a_day_that_never_comes_stops_its_platform_alone(settings: Settings) -> None:
    spoil(settings.root / "connectors" / "cim" / "connector.yaml", 'daily: "30 2 * * *"', 'daily: "0 0 31 2 *"')
    sound = open_sound(settings)
    assert "there is no such day" in str(sound.broken["cim"])
    assert len(sound.connectors) == 3
