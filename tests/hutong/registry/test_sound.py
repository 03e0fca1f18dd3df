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
