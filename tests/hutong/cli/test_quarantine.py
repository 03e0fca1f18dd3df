"""`hutong quarantine` as a data engineer meets it, within this process: it starts slowly."""

import json
from collections.abc import Callable

import pytest
from click import ClickException

from hutong.cli.quarantine import quarantine
from hutong.errors import AskedWrongly, HutongError, RegistryError
from hutong.registry import Registry
from hutong.secrets import Secrets
from hutong.settings import Settings
from hutong.store.paths import Store
from hutong.verify import verify
from tests.hutong.redo.conftest import filled_once, registry, secrets, settings, store

__all__ = ["filled_once", "registry", "secrets", "settings", "store"]

Run = Callable[..., tuple[str, str]]
RECORD = "transport_info/section_flow/500000#1/3"
REPAIR = ("repair", "transport_info", "section_flow", "broken", "--from", "occupancy", "--for", "occupancy_range")


@pytest.fixture
def hutong(settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """`hutong quarantine` run on the filled lake; what it says on standard output and on standard error."""
    monkeypatch.setenv("HUTONG_ROOT", str(settings.root))
    monkeypatch.setenv("HUTONG_LAKE", settings.lake)

    def run(*words: str) -> tuple[str, str]:
        quarantine.main(list(words), standalone_mode=False)
        said = capsys.readouterr()
        return said.out, said.err

    return run


def test_the_summary_says_records_share_example_and_next_step(hutong: Run) -> None:
    first, second = json.loads(hutong("--json")[0])
    assert (first["rule"], first["records"], first["is_published"]) == ("occupancy_range", 3, False)
    assert first["share"] == pytest.approx(3 / 11)
    assert "1.31" in first["example"]["what"]
    assert first["example"]["next_step"]
    assert second["rule"] == "speed_type"
    assert json.loads(hutong("summary", "--json")[0]) == [first, second]


def test_codes_that_are_published_as_unmapped_are_part_of_the_queue(settings: Settings, hutong: Run) -> None:
    path = settings.root / "mappings" / "transport_info" / "codes" / "congestion_level.csv"
    path.write_text(path.read_text().replace("1,free,\n", ""))
    hutong("replay", "transport_info", "section_flow", "--reason", "free flow is not to be trusted")
    groups = {one["rule"]: one for one in json.loads(hutong("--json")[0])}
    assert groups["congestion_level_unmapped"]["is_published"]
    assert "1" in groups["congestion_level_unmapped"]["example"]["what"]


@pytest.mark.parametrize(
    ("words", "records"),
    [
        ((), 4),
        (("--rule", "occupancy_range"), 3),
        (("--platform", "cim"), 0),
        (("--platform", "transport_info", "--stream", "section_flow", "--batch", "2"), 1),
        (("--city", "110000"), 0),
        (("--status", "dropped"), 0),
        (("--limit", "1"), 1),
    ],
)
def test_the_list_keeps_to_its_filters(words: tuple[str, ...], records: int, hutong: Run) -> None:
    assert len(json.loads(hutong("list", "--json", *words)[0])) == records


def test_a_record_is_shown_with_raw_origin_and_what_can_be_done(hutong: Run) -> None:
    told = json.loads(hutong("show", RECORD, "--json")[0])
    assert told["raw"]["speed"] == "fast"
    assert (told["url"], told["page"], told["position"]) == ("http://127.0.0.1/flow", 0, 3)
    assert told["reasons"][0]["rule"] == "speed_type"
    shown = hutong("show", RECORD)[0]
    assert f"hutong quarantine drop {RECORD}" in shown


def test_dropped_records_are_counted_and_named(hutong: Run, registry: Registry, store: Store, secrets: Secrets) -> None:
    one = json.loads(hutong("drop", RECORD, "--reason", "broken sensor", "--json")[0])
    assert [told["dropped"] for told in one] == [1]
    words = ("--platform", "transport_info", "--stream", "section_flow", "--rule", "occupancy_range")
    more = json.loads(hutong("drop", *words, "--reason", "broken sensor", "--json")[0])
    assert [told["dropped"] for told in more] == [3]
    assert json.loads(hutong("--json")[0]) == []
    assert len(json.loads(hutong("list", "--status", "dropped", "--json")[0])) == 4
    assert verify(registry, store, secrets).problems == []


@pytest.mark.parametrize(
    ("words", "kind", "said"),
    [
        (("--platform", "cim2"), AskedWrongly, "there is no platform 'cim2'"),
        (("list", "--stream", "junction"), AskedWrongly, "add --platform"),
        (("show", "batch 1"), AskedWrongly, "hutong quarantine list"),
        (("show", "transport_info/section_flow/500000#1/0"), AskedWrongly, "does not have"),
        (("drop", "--reason", "x"), AskedWrongly, "name them, or choose"),
        (("drop", "--platform", "transport_info", "--reason", "x"), AskedWrongly, "add --platform and --stream"),
        (("drop", RECORD, "--rule", "speed_type", "--reason", "x"), AskedWrongly, "name them, or choose"),
        (("drop", RECORD), ClickException, "reason"),
        (("drop", "transport_info/section_flow/500000#1/0", "--reason", "x"), AskedWrongly, "does not wait"),
        (("replay", "transport_info", "section_flow"), AskedWrongly, "needs its reason"),
        ((*REPAIR, "--reason", "x"), AskedWrongly, "a repair does one thing"),
        ((*REPAIR, "--missing", "131", "--zone", "UTC", "--reason", "x"), AskedWrongly, "a repair does one thing"),
        ((*REPAIR, "--code", "131", "--reason", "x"), AskedWrongly, "RAW=CODE"),
        ((*REPAIR, "--swap", "--reason", "x"), RegistryError, "no rule reads 'occupancy' as swap needs it"),
    ],
)
def test_a_mistake_is_told_with_the_next_step(
    words: tuple[str, ...], kind: type[HutongError], said: str, settings: Settings, hutong: Run
) -> None:
    with pytest.raises(kind, match=said.replace("(", r"\(")):
        hutong(*words)
    # What would not fit is not left lying there.
    assert not list(settings.root.glob("mappings/*/repairs/*/*.yaml"))


def test_a_repair_is_not_written_over(hutong: Run) -> None:
    said = hutong(*REPAIR, "--missing", "131", "--reason", "131 stands for no value", "--json")[0]
    assert json.loads(said) == {
        "file": "mappings/transport_info/repairs/section_flow/broken.yaml",
        "waiting": 3,
        "released": 3,
        "gone": 0,
    }
    with pytest.raises(AskedWrongly, match="give this one another name"):
        hutong(*REPAIR, "--missing", "132", "--reason", "132 does too")
