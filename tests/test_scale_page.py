"""docs/scale.md: its tables are what benchmarks/scale/sizing.py works out, and its streams are those declared."""

import importlib.util
import sys
from collections import Counter
from pathlib import Path
from types import ModuleType

import pytest

from hutong.registry import open_registry
from hutong.settings import read

REPOSITORY = Path(__file__).parents[1]


@pytest.fixture
def sizing(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    found = importlib.util.spec_from_file_location("scale_sizing", REPOSITORY / "benchmarks" / "scale" / "sizing.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    # Its dataclasses look their module up by name.
    monkeypatch.setitem(sys.modules, found.name, module)
    found.loader.exec_module(module)
    return module


def test_the_tables_of_the_page_are_those_that_are_worked_out(sizing: ModuleType) -> None:
    page = (REPOSITORY / "docs" / "scale.md").read_text(encoding="utf-8")
    missing = [line for line in sizing.lines() if line not in page.splitlines()]
    assert missing == [], "print them with `python -m benchmarks.scale.sizing`"


def test_an_area_twice_as_large_needs_twice_as_much_and_larger_batches_fewer_commits(sizing: ModuleType) -> None:
    one, two = (sizing.needs(sizing.Area("somewhere", rsus, 1)) for rsus in (1_000, 2_000))
    assert two.participants_per_s == 2 * one.participants_per_s == 2_000 * sizing.MEASURED.participants_per_rsu_s
    assert two.json_bytes_a_day == pytest.approx(86_400 * two.participants_per_s * sizing.MEASURED.json_bytes)
    assert two.commits_per_s == pytest.approx(two.participants_per_s * sizing.MEASURED.json_bytes / (8 * 2**20))
    assert sizing.needs(sizing.Area("somewhere", 2_000, 1), 32).commits_per_s == pytest.approx(two.commits_per_s / 4)


def test_the_live_streams_that_are_counted_are_those_of_the_connectors(sizing: ModuleType) -> None:
    sources = open_registry(read({"HUTONG_ROOT": str(REPOSITORY)})).sources
    live = Counter(one.connector.platform for one in sources.values() if one.stream.cadence == "live")
    assert dict(live) == sizing.LIVE_STREAMS
