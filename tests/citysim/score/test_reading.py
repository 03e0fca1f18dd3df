"""What the score reads: the services' logs, and the description of the city beside them."""

from dataclasses import replace
from pathlib import Path

import pytest

from citysim import city_file
from citysim.clock import CityClock
from citysim.score.logs import LogMissing, served
from citysim.services.served import ServedLog
from citysim.views.city import City


def write(log: ServedLog, path: str, body: bytes, record_ids: list[str], status: int = 200) -> None:
    log.write(method="GET", path=path, query={}, status=status, record_ids=record_ids, fault_ids=[], body=body)


def test_answers_are_found_by_their_bodies_even_behind_a_line_that_was_cut(tmp_path: Path, city: City) -> None:
    clock = CityClock(city.recording_start, city.recording_start)
    log = ServedLog("cim", clock, tmp_path)
    write(log, "/lamps", b"a", ["A"])
    log.close()
    path = tmp_path / "cim.served.jsonl"
    path.write_bytes(path.read_bytes() + b'{"city_time":"2026')
    log = ServedLog("cim", clock, tmp_path)
    write(log, "/lamps", b"b", ["B", "x/C"])
    write(log, "/lamps", b"refused", ["D"], status=503)
    log.close()
    found = served(tmp_path, "cim")
    assert sorted(answer.record_ids for answer in found.answers.values()) == [("A",), ("B", "x/C")]
    assert found.record_ids([("/lamps", "")], "") == {"A", "B", "x/C"}
    assert found.record_ids([("/lamps", "")], "x/") == {"x/C"}


def test_a_log_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(LogMissing, match=r"cim\.served\.jsonl: .* --log-dir"):
        served(tmp_path, "cim")


def test_the_city_is_made_again_from_what_was_written_down(tmp_path: Path, city: City) -> None:
    changed = replace(city, seed=11, fault_share=0.25, is_all_sensing=True)
    city_file.write(changed, None, tmp_path)
    again = city_file.read(tmp_path)
    told = ("seed", "recording_start", "fault_share", "is_all_sensing", "hz", "code", "variants", "gk_epsg", "name_zh")
    assert [getattr(again, name) for name in told] == [getattr(changed, name) for name in told]
    assert again.truth.manifest == city.truth.manifest
    assert city_file.folders(tmp_path) == city_file.folders(tmp_path, "500000") == [tmp_path]


@pytest.mark.parametrize("text", ["", "{}", '{"seed": 7}', "[]"])
def test_a_description_that_is_none_is_named(text: str, tmp_path: Path) -> None:
    (tmp_path / "city.json").write_text(text)
    with pytest.raises(city_file.CityUnreadable, match="--log-dir"):
        city_file.read(tmp_path)
