import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from starlette.testclient import TestClient

from citysim.__main__ import main
from citysim.services.credentials import credentials
from citysim.services.tiles import tiled
from citysim.tiles import Rendered, Tiles, TilesUnreadable, render
from citysim.truth import Truth
from citysim.views import cloud_control as view
from citysim.views.city import City

from .conftest import RECORDING_START

START_MS = round(RECORDING_START.timestamp() * 1000)
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def city(truth: Truth) -> City:
    return City(truth, truth.seed, RECORDING_START, is_all_sensing=True)


@pytest.fixture(scope="module")
def folder(city: City, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two minutes of one tile at one frame a second."""
    made = tmp_path_factory.mktemp("tile")
    render(city, 2, made, lambda minute: None)
    return made


def shown(tiles: Tiles, begin_s: int, end_s: int) -> list[dict[str, Any]]:
    total, texts = tiles.page(START_MS + begin_s * 1000, START_MS + end_s * 1000, 0, 1_000_000)
    assert len(texts) == total
    return [json.loads(text) for text in texts]


def test_the_first_tile_is_the_city_itself_under_other_serial_numbers(city: City, folder: Path) -> None:
    recorded = [json.loads(one.text) for one in view.rsm(city, 0).envelopes]
    tile = shown(Tiles(folder, 1, RECORDING_START), 0, 60)
    assert [one["rsms"][0]["participants"] for one in tile] == [one["rsms"][0]["participants"] for one in recorded]
    assert [(one["timestamp"], one["moy"]) for one in tile] == [(one["timestamp"], one["moy"]) for one in recorded]
    assert {one["rsuEsn"] for one in tile}.isdisjoint(one["rsuEsn"] for one in recorded)
    assert all(bytes.fromhex(one["rsms"][0]["id"]).decode() == one["rsuEsn"][1:] for one in tile)


def test_no_record_of_a_tile_is_one_of_another(folder: Path) -> None:
    tiles = shown(Tiles(folder, 3, RECORDING_START), 0, 10)
    per_tile = [[one for one in tiles if one["rsuEsn"].startswith(f"R00{number}")] for number in range(3)]
    assert all(len(one) > 500 for one in per_tile)
    envelopes = {(one["rsuEsn"], one["timestamp"]) for one in tiles}
    assert len(envelopes) == len(tiles)
    assert len({one["messageId"] for one in tiles}) == len(tiles)
    assert Rendered(**json.loads((folder / "tile.json").read_text())).rsus == 129


def test_each_tile_is_a_minute_ahead_of_the_one_before_and_repeats_it(folder: Path) -> None:
    def seen(tile: int, begin_s: int) -> list[Any]:
        found = shown(Tiles(folder, 1, RECORDING_START, first=tile), begin_s, begin_s + 5)
        return [one["rsms"][0]["participants"] for one in found]

    assert seen(1, 0) == seen(0, 60) != seen(0, 0)
    assert seen(1, 60) == seen(0, 0)


def test_pages_are_the_whole_window_once(folder: Path) -> None:
    tiles = Tiles(folder, 2, RECORDING_START)
    window = (START_MS + 50_000, START_MS + 63_000)
    total, whole = tiles.page(*window, 0, 1_000_000)
    pages = [tiles.page(*window, first, 700) for first in range(0, total, 700)]
    assert [text for _, page in pages for text in page] == whole
    assert {count for count, _ in pages} == {total}
    stamps = {json.loads(text)["timestamp"] for text in whole}
    assert (min(stamps), max(stamps)) == (window[0], window[1] - 1000)
    assert tiles.page(START_MS + 120_000, START_MS + 180_000, 0, 100) == (0, [])


def test_participants_are_as_the_source_contract_wants_them_but_for_those_made_bad(city: City, folder: Path) -> None:
    schema = json.loads((REPOSITORY / "connectors" / "cloud_control" / "rsm.schema.json").read_text())
    valid = jsonschema.Draft202012Validator(schema)
    later = RECORDING_START + timedelta(days=300)
    texts = Tiles(folder, 1, later, first=998).page(START_MS, round(later.timestamp() * 1000) + 2000, 0, 10_000)[1]
    records = [
        {**participant, **{name: one[name] for name in ("rsuEsn", "moy", "timestamp")}}
        for one in map(json.loads, texts)
        for message in one["rsms"]
        for participant in message["participants"]
    ]
    made_bad = [fault for one in view.rsm(city, 0).envelopes[: len(texts)] for fault in one.fault_ids]
    assert len(records) > 500
    assert sum(not valid.is_valid(record) for record in records) <= len(made_bad) < len(records) / 50
    assert {record["rsuEsn"][:4] for record in records} == {"R998"}


def test_the_service_is_paged_and_guarded_as_the_platform_is(folder: Path) -> None:
    client = TestClient(tiled(Tiles(folder, 2, RECORDING_START), credentials({})))
    asked = {"from_date": START_MS // 1000, "to_date": START_MS // 1000 + 1, "limit": 50}
    assert client.get("/api/v1/rsm", params=asked).status_code == 401
    login = client.post("/api/v1/login", json={"username": "hutong", "password": "city-cloud-password"}).json()
    token = {"Authorization": f"Bearer {login['data']['access_token']}"}
    pages = [client.get("/api/v1/rsm", params={**asked, "offset": page}, headers=token).json() for page in (1, 2, 3, 9)]
    assert {page["code"] for page in pages} == {0}
    total = pages[0]["count"]
    assert [len(page["data"]) for page in pages] == [50, 50, 50, 0]
    assert total > 150


def test_what_is_rendered_is_used_again_and_the_command_says_that_tiles_repeat(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder / "00.bodies").stat().st_mtime_ns
    assert main(["tile", "68", "--out", str(folder), "--minutes", "2", "--hz", "1"]) == 0
    said = capsys.readouterr().out
    assert "8,772 RSUs" in said
    assert "Tiles repeat" in said
    assert (folder / "00.bodies").stat().st_mtime_ns == before


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (["1001"], "tiles have numbers from 0 to 999"),
        (["1", "--start", "2026-03-18T08:00:30"], "whole minute"),
        (["1", "--minutes", "31"], "the recording has 30"),
    ],
)
def test_what_cannot_be_laid_out_ends_with_code_2(
    wrong: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["tile", *wrong, "--out", str(tmp_path)]) == 2
    assert said in capsys.readouterr().err


def test_a_folder_without_a_rendered_tile_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TilesUnreadable, match="holds no rendered tile"):
        Tiles(tmp_path, 1, RECORDING_START)
