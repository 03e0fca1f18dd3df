from __future__ import annotations

import stat
from pathlib import Path

import pytest

from hutong.machine.place import KEYS, Place
from hutong.secrets import resolver
from hutong.settings import read
from tests.conftest import CREDENTIALS


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "demo")


def test_a_demo_and_a_longer_stay_lie_in_the_root_unless_the_environment_says_otherwise(tmp_path: Path) -> None:
    root, elsewhere = {"HUTONG_ROOT": str(tmp_path)}, str(tmp_path / "elsewhere")
    assert read(root).demo == tmp_path / "demo"
    assert read(root).home == tmp_path / "up"
    assert read(root | {"HUTONG_DEMO": elsewhere}).demo == tmp_path / "elsewhere"
    assert read(root | {"HUTONG_HOME": elsewhere}).home == tmp_path / "elsewhere"


def test_secrets_are_for_their_owner_alone_and_read_by_the_engine(place: Place) -> None:
    place.write_secrets()
    files = sorted(place.secrets.iterdir())
    assert [file.name for file in files] == sorted({*KEYS, *CREDENTIALS})
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    secrets = resolver(read({"HUTONG_SECRETS": str(place.secrets)}), {})
    assert {name: secrets(name).reveal() for name in CREDENTIALS} == CREDENTIALS
    assert {len(bytes.fromhex(secrets(name).reveal())) for name in KEYS} == {32}


def test_keys_are_made_once_and_differ(place: Place) -> None:
    place.write_secrets()
    first = [(place.secrets / name).read_text() for name in KEYS]
    place.write_secrets()
    assert [(place.secrets / name).read_text() for name in KEYS] == first
    assert len(set(first)) == len(KEYS)


def test_a_second_demo_goes_on_in_the_half_hour_that_the_lake_holds(place: Place) -> None:
    place.lake.mkdir(parents=True)
    assert place.recording_start() is None
    place.keep_recording_start("2026-03-18T08:00:00+08:00")
    assert place.recording_start() == "2026-03-18T08:00:00+08:00"


def test_a_new_lake_begins_a_new_half_hour(place: Place) -> None:
    place.folder.mkdir()
    place.keep_recording_start("2026-03-18T08:00:00+08:00")
    assert place.recording_start() is None


def test_a_half_written_note_is_no_recording(place: Place) -> None:
    place.lake.mkdir(parents=True)
    (place.folder / "city.json").write_text('{"recording')
    assert place.recording_start() is None
