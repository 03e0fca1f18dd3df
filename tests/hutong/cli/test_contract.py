import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.hutong.cli.conftest import Run

FLOW = ROOT / "schemas" / "traffic_flow.odcs.yaml"


@pytest.fixture
def changed(tmp_path: Path) -> Callable[..., str]:
    """The contract of traffic_flow with texts replaced, as a file."""

    def write(*pairs: tuple[str, str]) -> str:
        text = FLOW.read_text(encoding="utf-8")
        for old, new in pairs:
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / "new.odcs.yaml"
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def test_a_breaking_change_is_said_field_by_field_with_the_version_it_needs(
    hutong: Run, changed: Callable[..., str]
) -> None:
    done = hutong(
        "contract", "diff", str(FLOW), changed(("value: m/s", "value: km/h"), ("maximum: 70", "maximum: 250"))
    )
    assert done.returncode == 1
    assert [line.split()[0] for line in done.stdout.splitlines()] == ["place", "speed_mps", "speed_mps"]
    assert "m/s      km/h      breaking  the same number means something else" in done.stdout
    assert "breaking; raise the version from 1.3.0 to 2.0.0, it is 1.3.0" in done.stderr


def test_an_additive_change_is_no_finding(hutong: Run, changed: Callable[..., str]) -> None:
    new = changed(("maximum: 70", "maximum: 80"), ("version: 1.3.0", "version: 1.4.0"))
    done = hutong("contract", "diff", str(FLOW), new, "--json")
    assert done.returncode == 0
    (said,) = json.loads(done.stdout)
    assert (said["place"], said["kind"], said["effect"]) == ("speed_mps", "limits_widened", "additive")
    assert "additive; 1.3.0 -> 1.4.0 says so" in done.stderr


def test_the_same_contract_has_no_differences(hutong: Run) -> None:
    done = hutong("contract", "diff", str(FLOW), str(FLOW), "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])
    assert "the two say the same" in done.stderr


def test_it_speaks_chinese(hutong: Run, changed: Callable[..., str]) -> None:
    done = hutong("contract", "diff", str(FLOW), changed(("value: m/s", "value: km/h")), HUTONG_LANG="zh")
    assert "单位变化" in done.stdout
    assert "版本号应由 1.3.0 升为 2.0.0" in done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((str(FLOW), str(ROOT / "schemas" / "junction.odcs.yaml")), "name two versions of one contract"),
        ((str(FLOW), str(ROOT / "LICENSE")), "mend the file, or name another"),
        ((str(FLOW), "nowhere.yaml"), "nowhere.yaml"),
        ((str(FLOW),), "NEW"),
    ],
)
def test_what_is_asked_wrongly_is_said_in_one_line(words: tuple[str, ...], said: str, hutong: Run) -> None:
    done = hutong("contract", "diff", *words)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
