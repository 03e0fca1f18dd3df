"""`hutong replay` and `hutong rebuild` as a data engineer meets them, within this process: it starts slowly."""

import json
from collections.abc import Callable

import pytest
from deltalake import DeltaTable

from hutong.cli.rebuild import rebuild
from hutong.cli.replay import replay
from hutong.errors import AskedWrongly, HutongError, SecretMissing, StoreError
from hutong.registry import Registry
from hutong.settings import Settings
from hutong.store.paths import Store
from tests.hutong.redo.conftest import filled_once, read_131_as_missing, registry, settings, store

__all__ = ["filled_once", "registry", "settings", "store"]

Run = Callable[..., tuple[str, str]]
REPLAY = ("replay", "transport_info", "section_flow")


@pytest.fixture
def hutong(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A command run on the filled lake; what it says on standard output and on standard error."""
    monkeypatch.setenv("HUTONG_ROOT", str(settings.root))
    monkeypatch.setenv("HUTONG_LAKE", settings.lake)

    def run(*words: str) -> tuple[str, str]:
        # Not through the group, which would set up logging for every test after this one.
        {"rebuild": rebuild, "replay": replay}[words[0]].main(list(words[1:]), standalone_mode=False)
        said = capsys.readouterr()
        return said.out, said.err

    return run


def test_a_replay_shows_the_difference_and_then_publishes_it(settings: Settings, hutong: Run) -> None:
    read_131_as_missing(settings)
    shown, progress = hutong(*REPLAY, "--dry-run")
    assert ["quarantined", "occupancy_range", "3", "0"] in [line.split() for line in shown.splitlines()]
    assert "3/3 transport_info/section_flow/500000 batch 2" in progress
    assert "/replay/" not in progress
    (told,) = json.loads(hutong(*REPLAY, "--reason", "131 stands for no value", "--json")[0])
    assert told["published"] == "transport_info/section_flow/500000/replay/1"
    assert {one["dataset"]: one["added"] for one in told["datasets"]} == {"road_segment": 2, "traffic_flow": 2}
    (again,) = json.loads(hutong(*REPLAY, "--reason", "once more", "--json")[0])
    assert (again["published"], again["fates"]) == (None, [])


def test_examples_of_changed_fields_are_shown(settings: Settings, hutong: Run) -> None:
    path = settings.root / "mappings" / "transport_info" / "section_flow.yaml"
    path.write_text(path.read_text().replace("name: {rule: text, from: roadName", "name: {rule: text, from: direction"))
    shown = [line.split() for line in hutong(*REPLAY, "--dry-run")[0].splitlines()]
    assert ["road_segment", "name", "2"] in shown
    assert ["road_segment", "500000/transport_info/section_flow/L1", "name", "金山大道", "由东向西"] in shown


def test_a_rebuild_restores_what_is_missing_and_says_so(hutong: Run, store: Store, registry: Registry) -> None:
    DeltaTable(store.base(registry.dataset("road_segment").table).uri).delete("source_id = 'L2'")
    looked, done, again = (
        json.loads(hutong("rebuild", "road_segment", "--json", *more)[0])[0] for more in (["--dry-run"], [], [])
    )
    assert [one["restored"] for one in (looked, done, again)] == [1, 1, 0]


@pytest.mark.parametrize(
    ("words", "kind", "said"),
    [
        (REPLAY, AskedWrongly, "--reason"),
        ((*REPLAY, "--dry-run", "--city", "110000"), AskedWrongly, "no city of transport_info '110000'"),
        (("replay", "transport_info", "section_flw", "--dry-run"), AskedWrongly, "did you mean 'section_flow'?"),
        (("replay", "cim", "junction", "--dry-run"), StoreError, "run `hutong sync cim junction`"),
        (("replay", "cloud_control", "rsm", "--dry-run"), StoreError, "run `hutong sync cloud_control rsm`"),
        (("replay", "traffic_safety", "accident", "--dry-run"), SecretMissing, "HUTONG_SECRET_PSEUDONYM_KEY"),
        (("rebuild", "trafic_flow"), AskedWrongly, "did you mean 'traffic_flow'?"),
        (("rebuild", "ledger"), AskedWrongly, "no mapping fills 'ledger'"),
    ],
)
def test_a_mistake_is_told_with_the_next_step(
    words: tuple[str, ...], kind: type[HutongError], said: str, hutong: Run
) -> None:
    with pytest.raises(kind, match=said):
        hutong(*words)
