"""`hutong trace` as an analyst meets it, within this process: it starts slowly."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from deltalake import DeltaTable

from hutong.cli.trace import VERDICTS, trace
from hutong.errors import AskedWrongly
from hutong.registry import Registry
from hutong.settings import Settings
from hutong.store.paths import Store
from tests.conftest import ROOT
from tests.hutong.redo.conftest import filled_once, registry, settings, store

__all__ = ["filled_once", "registry", "settings", "store"]

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def hutong_trace(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Exit code, standard output and standard error."""
    monkeypatch.setenv("HUTONG_ROOT", str(settings.root))
    monkeypatch.setenv("HUTONG_LAKE", settings.lake)

    def run(*words: str) -> tuple[int, str, str]:
        code = 0
        try:
            trace.main(list(words), standalone_mode=False)
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_the_screen_says_in_its_second_line_whether_the_row_is_reproduced(hutong_trace: Run) -> None:
    code, said, _ = hutong_trace("road_segment", "L1")
    first, verdict, *rest = said.splitlines()
    assert code == 0
    assert "source_id=L1" in first
    assert verdict.startswith("✓ every column comes out the same")
    (free,) = [line for line in rest if line.startswith("free_speed_mps")]
    assert " ".join(free.split()) == "free_speed_mps 15.0 m/s freeSpeed=54.0 km/h × 5/18 → m/s 30 1 … 70 ✓"
    assert '"roadName": "金山大道"' in said


def test_several_rows_are_listed_with_keys_that_work(hutong_trace: Run) -> None:
    code, said, complaint = hutong_trace("traffic_flow", "L1", "--json")
    assert (code, "2 rows" in complaint) == (2, True)
    for hit in json.loads(said):
        code, said, _ = hutong_trace("traffic_flow", hit["KEY"], "--json")
        assert (code, json.loads(said)["verdict"]) == (0, "reproduced")


def test_a_row_that_is_not_reproduced_ends_with_one_and_names_the_column(
    hutong_trace: Run, registry: Registry, store: Store
) -> None:
    table = DeltaTable(store.base(registry.dataset("road_segment").table).uri)
    table.update(updates={"length_m": "1.0"}, predicate="source_id = 'L1'")
    code, said, _ = hutong_trace("road_segment", "L1")
    assert code == 1
    assert said.splitlines()[1].endswith("other values in: length_m")
    assert "1.0 m ≠ 812.0" in said
    found = json.loads(hutong_trace("road_segment", "L1", "--json")[1])
    assert (found["verdict"], found["changed"]) == ("differs", ["length_m"])


def test_a_row_that_is_not_there_names_what_to_do(hutong_trace: Run) -> None:
    with pytest.raises(AskedWrongly, match=r"no row with source_id=L9; .*hutong query"):
        hutong_trace("road_segment", "L9")
    with pytest.raises(AskedWrongly, match="did you mean 'road_segment'"):
        hutong_trace("road_segmnt", "L1")


def test_the_page_about_it_shows_what_the_command_says(hutong_trace: Run) -> None:
    page = (ROOT / "docs" / "trace.md").read_text(encoding="utf-8")
    shown = page.split("```console\n")[1].split("```")[0].splitlines()
    command, *lines = [" ".join(line.split()) for line in shown if line]
    assert command == "$ hutong trace road_segment L1"
    said = {" ".join(line.split()) for line in hutong_trace("road_segment", "L1")[1].splitlines()}
    assert [line for line in lines if line not in said] == []
    assert set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) == set(VERDICTS)
