"""`hutong connector` as an operator meets it, and what a sync says of a paused platform, within this process."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hutong.cli.backfill import backfill
from hutong.cli.connector import connector
from hutong.cli.sync import sync
from hutong.errors import AskedWrongly
from tests.conftest import ROOT

Run = Callable[..., tuple[str, str]]
DAY = ("--from", "2026-03-17T00:00+08:00", "--to", "2026-03-18T00:00+08:00")


@pytest.fixture
def hutong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A command; what it says on standard output and on standard error."""
    for name, folder in (("HUTONG_LAKE", "lake"), ("HUTONG_BUDGET", "budget")):
        monkeypatch.setenv(name, str(tmp_path / folder))
    monkeypatch.setenv("HUTONG_ROOT", str(ROOT))
    # Nobody listens there: a request would show as a failure.
    monkeypatch.setenv("HUTONG_ADDRESS_TRANSPORT_INFO", "http://127.0.0.1:1")

    def run(*words: str) -> tuple[str, str]:
        commands = {"connector": connector, "sync": sync, "backfill": backfill}
        commands[words[0]].main(list(words[1:]), standalone_mode=False)
        said = capsys.readouterr()
        return said.out, said.err

    return run


def test_a_platform_is_paused_listed_left_alone_and_resumed(hutong: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert hutong("connector", "pause", "transport_info", "--reason", "works on the line")[1] == (
        "transport_info is paused\n"
    )
    listed = {one["platform"]: one for one in json.loads(hutong("connector", "list", "--json")[0])}
    assert [name for name, one in listed.items() if one["is_paused"]] == ["transport_info"]
    one = listed["transport_info"]
    assert (one["reason"], one["concurrency"], one["under_way"]) == ("works on the line", 2, 0)
    assert one["by"]

    said = hutong("sync", "transport_info", "section_flow")[1]
    assert "(works on the line); `hutong connector resume transport_info --reason TEXT`" in said
    assert "nothing new" not in said
    with pytest.raises(SystemExit, match="1"):
        hutong("backfill", "transport_info", "section_flow", *DAY)
    assert "works on the line" in capsys.readouterr().err

    hutong("connector", "resume", "transport_info", "--reason", "done")
    shown = hutong("connector", "list", "transport_info")[0].splitlines()[1]
    assert shown.split()[:2] == ["transport_info", "open"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("connector", "pause", "cmi", "--reason", "works"), "did you mean 'cim'?"),
        (("connector", "pause", "cim", "--reason", " "), "the reason is empty"),
        (("connector", "list", "cmi"), "did you mean 'cim'?"),
    ],
)
def test_a_mistake_is_one_clear_line(words: tuple[str, ...], said: str, hutong: Run) -> None:
    with pytest.raises(AskedWrongly) as met:
        hutong(*words)
    assert said in str(met.value)


def test_a_share_that_is_no_number_is_said_to_be_none(hutong: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUTONG_BUDGET_SLOTS", "two")
    with pytest.raises(AskedWrongly, match="HUTONG_BUDGET_SLOTS is no number of pulls: 'two'"):
        hutong("connector", "list")
