"""`hutong codes` as a data engineer meets it: a code without a match, accepted, and gone after a replay."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hutong.cli.codes import codes
from hutong.cli.replay import replay
from hutong.errors import AskedWrongly, RegistryError
from hutong.lake import query
from hutong.registry import open_registry
from hutong.settings import Settings
from hutong.store.paths import Store
from hutong.unmapped import review
from tests.hutong.redo.conftest import filled_once, registry, secrets, settings, store

__all__ = ["filled_once", "registry", "secrets", "settings", "store"]

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def hutong(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A command on a lake in which the crosswalk of congestion lacks the code 1; its exit code and what it says."""
    monkeypatch.setenv("HUTONG_ROOT", str(settings.root))
    monkeypatch.setenv("HUTONG_LAKE", settings.lake)
    path = crosswalk(settings)
    path.write_text(path.read_text().replace("1,free,\n", ""))
    commands = {"codes": codes, "replay": replay}

    def run(name: str, *words: str) -> tuple[int, str, str]:
        code = 0
        try:
            commands[name].main(list(words), standalone_mode=False)
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def crosswalk(settings: Settings) -> Path:
    return settings.root / "mappings" / "transport_info" / "codes" / "congestion_level.csv"


def test_a_code_without_a_match_is_accepted_and_replayed(hutong: Run, settings: Settings) -> None:
    hutong("replay", "transport_info", "section_flow", "--reason", "free flow is not to be trusted")
    code, said, _ = hutong("codes", "review", "--json")
    (met,) = json.loads(said)
    assert code == 1
    assert met.pop("rows") > 0
    assert met == {
        "list": "congestion_level", "platform": "transport_info", "stream": "section_flow",
        "dataset": "traffic_flow", "field": "congestion_level", "raw": "1",
        "first_batch": "transport_info/section_flow/500000#1", "last_batch": "transport_info/section_flow/500000#2",
    }  # fmt: skip

    accept = ("accept", "congestion_level", "1", "--as", "free", "--reason", "the guide says so, page 7")
    code, said, _ = hutong("codes", *accept)
    assert code == 0
    *_, line = crosswalk(settings).read_text().splitlines()
    assert line.startswith('1,free,"accepted 20')
    assert "the guide says so" in line

    (command,) = (words for line in said.splitlines() if (words := shlex.split(line))[3] == "section_flow")
    assert command[:3] == ["hutong", "replay", "transport_info"]
    hutong(*command[1:])
    assert hutong("codes", "review", "--json")[:2] == (0, "[]\n")

    sql = "SELECT actor, action, target, reason FROM operations WHERE action = 'accept_code'"
    (row,) = query(sql, open_registry(settings), Store(settings.lake)).to_pylist()
    assert (row["target"], row["reason"]) == (
        "transport_info/congestion_level: 1 -> free", "the guide says so, page 7",
    )  # fmt: skip
    assert row["actor"]


REFUSED = (
    (("congestion_levle", "1", "--as", "free"), "did you mean 'congestion_level'?"),
    (("congestion_level", "1", "--as", "fre"), "did you mean 'free'?"),
    (("congestion_level", "1", "--as", "unmapped"), "no code of"),
    (("congestion_level", "9", "--as", "free"), "nowhere in the published data"),
    (("congestion_level", "2", "--as", "free", "--platform", "transport_info"), "says already"),
    (("congestion_level", "9", "--as", "free", "--platform", "cim"), "no stream of cim uses"),
    (("congestion_level", "1", "--as", "free", "--reason", " "), "needs its reason"),
)


def test_what_cannot_be_accepted_is_refused_and_changes_nothing(hutong: Run, settings: Settings) -> None:
    before = crosswalk(settings).read_bytes()
    for words, said in REFUSED:
        with pytest.raises(AskedWrongly, match=said.replace("?", r"\?")):
            hutong("codes", "accept", "--reason", "because", *words)
    # Nor does a line stay for which something else declared does not fit.
    (settings.root / "mappings" / "transport_info" / "stray.yaml").write_text("stream: transport_info.stray\n")
    with pytest.raises(RegistryError):
        hutong("codes", "accept", "congestion_level", "1", "--as", "free", "--reason", "because",
               "--platform", "transport_info")  # fmt: skip
    assert crosswalk(settings).read_bytes() == before


def test_what_it_says_to_run_runs_whatever_the_code_holds(hutong: Run) -> None:
    odd = "'; echo $(id) '"
    because = ("--as", "free", "--reason", "because", "--platform", "transport_info")
    _, said, _ = hutong("codes", "accept", "congestion_level", odd, *because)
    assert shlex.split(said.splitlines()[0])[-2:] == ["--reason", f"congestion_level: {odd} -> free"]


def test_a_crosswalk_that_a_dialect_shares_is_changed_for_both(hutong: Run, settings: Settings) -> None:
    connector = settings.root / "connectors" / "transport_info" / "connector.yaml"
    dialect = settings.root / "connectors" / "transport_info-odd" / "connector.yaml"
    dialect.parent.mkdir()
    text = connector.read_text().replace("platform: transport_info", "platform: transport_info-odd")
    dialect.write_text(text.replace('cities: ["500000"]', 'cities: ["460200"]'))
    _, said, _ = hutong("codes", "accept", "congestion_level", "1", "--as", "free", "--reason", "because",
                        "--platform", "transport_info")  # fmt: skip
    assert {shlex.split(line)[2] for line in said.splitlines()} == {"transport_info", "transport_info-odd"}


def test_what_is_no_longer_served_waits_for_nobody(hutong: Run, settings: Settings) -> None:
    hutong("replay", "transport_info", "section_flow", "--reason", "free flow is not to be trusted")
    registry, store = open_registry(settings), Store(settings.lake)
    assert review(registry, store)
    over = replace(registry.dataset("traffic_flow"), ends=datetime(2020, 1, 1, tzinfo=UTC))
    assert review(replace(registry, datasets={**registry.datasets, "traffic_flow": over}), store) == []
