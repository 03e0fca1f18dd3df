"""One mistake in the declared files: `hutong check` says in which file, on which line, and which word was meant.

Those of mappings are files of their own, see `test_mistakes.py`.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from hutong.cli.check import check

from .city.copied import change, registry_copy


@dataclass(frozen=True)
class Mistake:
    """In `path`, `old` becomes `new`; the complaint is about a line `lines_on` further, and holds `words`."""

    name: str
    path: str
    old: str
    new: str
    words: tuple[str, ...]
    lines_on: int = 0


RSM, FLOW, ACCIDENT = (
    "mappings/cloud_control/rsm.yaml",
    "mappings/transport_info/section_flow.yaml",
    "mappings/traffic_safety/accident.yaml",
)
CONNECTOR = "connectors/transport_info/connector.yaml"

MISTAKES = [
    Mistake("unknown key in a connector", CONNECTOR, "tier: regional", "teir: regional", ("'teir'", "'tier'")),
    Mistake(
        "unknown key deep in a connector",
        CONNECTOR,
        "lateness: PT1M             #",
        "latenes: PT1M             #",
        ("'latenes'", "'lateness'"),
    ),
    Mistake(
        "unknown zone",
        ACCIDENT,
        "from: gxsj, form: local, zone: Asia/Shanghai",
        "from: gxsj, form: local, zone: Asia/Shanghia",
        ("'Asia/Shanghia'", "Asia/Shanghai"),
    ),
    Mistake(
        "what is cut would take the records along",
        "connectors/traffic_safety/connector.yaml",
        "never_keep: [sfzmhm",
        "never_keep: [item, sfzmhm",
        ("'item'", "records cannot be found"),
    ),
    Mistake("broken YAML", RSM, "version: 1\n", "version: [1\n", ("YAML",), lines_on=1),
    Mistake("no unit at all", RSM, "unit: 0.02 m/s", "unit: 0.02 knotts", ("knotts",)),
    Mistake(
        "a code that no list has",
        "mappings/cloud_control/codes/sensor_source.csv",
        "\n3,video,",
        "\n3,vidoe,",
        ("'vidoe'", "'video'"),
        lines_on=1,
    ),
    Mistake(
        "a code of a constant",
        FLOW,
        "grain: {rule: const, value: section}",
        "grain: {rule: const, value: sectoin}",
        ("'sectoin'", "'section'"),
    ),
    Mistake(
        "a contract's key", "schemas/traffic_flow.odcs.yaml", "kind: DataContract", "kindd: DataContract", ("kind",)
    ),
    Mistake(
        "a credential that the transport does not carry",
        CONNECTOR,
        "auth: {type: hmac_signature, app_key: transport_info_app_key, secret: transport_info_secret}",
        "auth: {type: licence, secret: transport_info_secret}",
        ("'licence'", "http", "hmac_signature"),
    ),
    Mistake(
        "a credential among the headers",
        CONNECTOR,
        "headers: {Accept: application/json}",
        "headers: {Accept: application/json, authorization: Basic dXNlcg==}",
        ("'authorization'", "`auth`"),
    ),
    Mistake("a certificate for plain http", CONNECTOR, "tier: regional", "tls: {certificate: a, key: b}", ("https",)),
    Mistake("half a certificate", CONNECTOR, "tier: regional", "tls: {certificate: a}", ("`key`", "together")),
    Mistake(
        "a digest without a secret",
        CONNECTOR,
        "secret: transport_info_secret}",
        "secret: transport_info_secret, algorithm: md5}",
        ("md5", "{secret}"),
    ),
    Mistake(
        "a secret in place of its name",
        CONNECTOR,
        "secret: transport_info_secret}",
        "secret: Planted-7F31}",
        ("secret", "name of a secret"),
    ),
    Mistake(
        "a page larger than the owner allows",
        CONNECTOR,
        "tier: regional",
        "tier: regional\nbudget: {max_page_size: 50}",
        ("'section_flow' asks for 100", "page_size: 50"),
        lines_on=19,
    ),
    Mistake(
        "quiet hours without an hour",
        CONNECTOR,
        "tier: regional",
        "tier: regional\nbudget: {quiet_hours: ['07:00-09:00', '22:00-22:00']}",
        ("22:00-22:00", "hutong connector pause"),
        lines_on=1,
    ),
    Mistake(
        "a cron expression without an hour of the day",
        CONNECTOR,
        'daily: "30 2 * * *"',
        'daily: "30 24 * * *"',
        ("daily", "five fields", "30 24"),
    ),
    Mistake(
        "a cadence that is not declared",
        CONNECTOR,
        "cadence: live\n    endpoint: /openapi/v1/section/flow",
        "cadence: lvie\n    endpoint: /openapi/v1/section/flow",
        ("'lvie'", "'live'"),
    ),
    Mistake(
        "a stream that does not say its cadence",
        CONNECTOR,
        "    cadence: live\n    endpoint: /openapi/v1/section/flow",
        "    endpoint: /openapi/v1/section/flow",
        ("'section_flow'", "live, daily"),
        lines_on=-2,
    ),
    Mistake(
        "a cadence that no stream has",
        CONNECTOR,
        'cadences: {live: "*/5 * * * *", ',
        'cadences: {live: "*/5 * * * *", weekly: "0 3 * * 1", ',
        ("'weekly'",),
    ),
    Mistake("an unknown coordinate system", ACCIDENT, "crs: GCJ-02", "crs: GCJ02", ("'GCJ02'", "GCJ-02")),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.name)
def test_a_mistake_is_named_with_file_line_and_the_word_that_was_meant(
    mistake: Mistake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = registry_copy(tmp_path)
    line = change(root / mistake.path, mistake.old, mistake.new) + mistake.lines_on
    said, code = checked(root, monkeypatch)
    assert code == 1
    place = re.escape(mistake.path)
    about = [one for one in said.splitlines() if re.match(rf"{place}:{line}: ", one)]
    assert any(all(word in one for word in mistake.words) for one in about), said
    assert "Planted" not in said
    assert "dXNlcg" not in said
    assert_only_problems(said)


def test_a_stream_without_a_mapping_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = registry_copy(tmp_path)
    (root / "mappings" / "cim" / "junction.yaml").unlink()
    said, code = checked(root, monkeypatch)
    connector = (root / "connectors" / "cim" / "connector.yaml").read_text(encoding="utf-8").splitlines()
    line = connector.index("  junction:") + 1
    assert code == 1
    assert said.startswith(f"connectors/cim/connector.yaml:{line}: ")
    assert "mappings/cim/junction.yaml" in said
    assert_only_problems(said)


def test_all_mistakes_are_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = registry_copy(tmp_path)
    change(root / RSM, "list: sensor_source", "list: sensor_sources")
    change(root / FLOW, "      vehicle_count:", "      vehicel_count:")
    said, code = checked(root, monkeypatch)
    assert code == 1
    assert {one.split(":")[0] for one in said.splitlines()} == {RSM, FLOW}


def test_the_declared_files_are_all_right(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said, code = checked(registry_copy(tmp_path), monkeypatch)
    assert (code, said) == (0, "")


def test_every_command_refuses_a_bad_registry_in_the_same_words(tmp_path: Path) -> None:
    root = registry_copy(tmp_path)
    change(root / RSM, "list: sensor_source", "list: sensor_sources")
    environment = os.environ | {"HUTONG_ROOT": str(root), "HUTONG_LAKE": str(tmp_path / "lake")}
    for words in (["check"], ["sync", "cim"]):
        done = subprocess.run(
            [sys.executable, "-m", "hutong.cli", *words], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 1
        assert RSM in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    assert not (tmp_path / "lake").exists()


def checked(root: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[str, int]:
    """What `hutong check` prints about the files below `root`, and its exit code."""
    monkeypatch.setenv("HUTONG_ROOT", str(root))
    done = CliRunner().invoke(check, [])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.stdout, done.exit_code


def assert_only_problems(said: str) -> None:
    """Every line is `path:line: message`, and no message shows the inside of a program."""
    assert said.strip()
    for line in said.splitlines():
        assert re.match(r"[\w./]+\.(ya?ml|csv|json):\d+: \S", line), line
        for unfit in ("Traceback", "<class", "object at 0x", "pydantic", "input_value", "hutong.model"):
            assert unfit not in line
