"""The newcomer's path, in a checkout of its own: every command of the README.

The slow tests among them come in this order on purpose: the first `make demo` that runs to its end has two killed ones
behind it, the second one, of the Chinese README, finds a full lake.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.city.searching import Searcher, everything_in
from tests.conftest import ROOT

pytestmark = [pytest.mark.xdist_group("demo"), pytest.mark.timeout(600)]

SEED = random.SystemRandom().randrange(10_000)
STEP_OF_A_SYNC = re.compile(rb"\d+/\d+")


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of this checkout in a new folder, with the environment that is installed already."""
    folder = tmp_path_factory.mktemp("checkout")
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
    )
    for name in filter(None, listed.stdout.decode().split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    (folder / ".venv").symlink_to(ROOT / ".venv")
    return folder


def start_demo(checkout: Path) -> subprocess.Popen[bytes]:
    """`make demo` in a process group of its own; its standard error can be read."""
    return subprocess.Popen(
        ["make", "demo"], cwd=checkout, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
    )


def wait_for_a_sync(demo: subprocess.Popen[bytes]) -> None:
    """Until the first line that tells of a sync's progress."""
    assert demo.stderr is not None
    for line in demo.stderr:
        if STEP_OF_A_SYNC.search(line):
            return
    raise AssertionError(f"the demo ended before it synced anything: {demo.wait()}")


def leader_of(demo: subprocess.Popen[bytes]) -> int:
    """The process `hutong demo` below make."""
    found = subprocess.run(["pgrep", "-P", str(demo.pid)], capture_output=True, text=True, check=True)
    return int(found.stdout.split()[0])


def hutong(checkout: Path, *words: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "HUTONG_LAKE": "demo/lake", "HUTONG_SECRETS": "demo/secrets", "HUTONG_LANG": "en"}
    return subprocess.run(
        [".venv/bin/hutong", *words], cwd=checkout, env=env, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("who", ["the whole group", "only the leader"])
def test_a_demo_can_be_killed_at_any_moment(who: str, checkout: Path) -> None:
    """What it leaves behind is judged by the tests below: the next demo must end as if nothing had happened."""
    after_s = random.Random(f"{SEED} {who}").uniform(0, 20)
    demo = start_demo(checkout)
    try:
        wait_for_a_sync(demo)
        time.sleep(after_s)
        if who == "the whole group":
            os.killpg(demo.pid, signal.SIGKILL)
        else:
            os.kill(leader_of(demo), signal.SIGKILL)
        assert demo.wait(30) != 0, f"seed {SEED}: it was over before it was killed"
    finally:
        if demo.poll() is None:
            os.killpg(demo.pid, signal.SIGKILL)


def blocks(readme: str, language: str) -> list[str]:
    """The fenced blocks of `language` in a README of this checkout."""
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / readme).read_text(encoding="utf-8"), re.M | re.S)


def test_both_readmes_name_the_same_commands() -> None:
    """So that by default one language of them will do."""
    assert commands("README.zh-CN.md") == commands("README.md")


def commands(readme: str) -> list[str]:
    """The commands of a README, but for the language, reasons and names, which each language has of its own."""
    return [
        re.sub(
            r'--reason "[^"]*"|\bspring\b|2026-春',
            "…",
            line.removeprefix("export HUTONG_LANG=zh").removeprefix("export").strip(),
        )
        for block in blocks(readme, "sh")
        for line in block.splitlines()
    ]


@pytest.mark.parametrize("readme", ["README.md", pytest.param("README.zh-CN.md", marks=pytest.mark.slow)])
def test_every_command_of_the_readme_runs_as_it_stands(readme: str, checkout: Path) -> None:
    lang = "zh" if "zh" in readme else "en"
    screens: list[str] = []
    for block in blocks(readme, "sh"):
        # This very test is part of `make test`, so here it is only asked what it would do.
        script = block.replace("make test\n", "make --dry-run test > /dev/null\n")
        env = {**os.environ, "HUTONG_LANG": lang}
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=checkout,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"seed {SEED}\n{block}\n{done.stdout}\n{done.stderr}"
        screens.append(done.stdout)
    shown = shape_of(screens[0])
    for line in shape_of(blocks(readme, "text")[0]):
        assert line in shown, "the README's screen is not the demo's any more"


def shape_of(screen: str) -> list[str]:
    """The sentences of a screen, without numbers, paths and rows of accidents: those change with the hour."""
    lines = (re.sub(r"\s+", " ", re.sub(r"\d+", "#", line)).strip() for line in screen.splitlines())
    return [line for line in lines if line and not line.startswith(("#", "...", "……")) and "/" not in line]


def test_demos_and_killed_ones_left_each_record_once(checkout: Path) -> None:
    keys = {
        "participant_observation": "observed_at",
        "traffic_flow": "period_start",
        "traffic_event": "city",
        "road_segment": "city",
        "junction": "city",
        "roadside_facility": "city",
    }
    by_key = "SELECT '{name}', count(*), count(DISTINCT (source_platform, source_stream, source_id, {key})) FROM {name}"
    sql = " UNION ALL ".join(by_key.format(name=name, key=key) for name, key in keys.items())
    lines = hutong(checkout, "query", "--format", "csv", sql).stdout.splitlines()[1:]
    assert len(lines) == len(keys)
    for name, rows, distinct in (line.split(",") for line in lines):
        assert int(rows) == int(distinct) > 0, name


def test_no_credential_of_the_demo_lies_beside_its_folder_of_secrets(checkout: Path) -> None:
    """Not in the lake, the report, Airflow's database, logs and rendered fields, nor in the services' own logs."""
    demo = checkout / "demo"
    values = {path.name: path.read_text() for path in (demo / "secrets").iterdir()}
    # A user's name is a word like any other: the demo's is `hutong`.
    wanted = {value: name for name, value in values.items() if name not in ("cloud_control_username",)}
    places = [one for one in everything_in(demo) if not one[0].startswith("secrets/")]
    assert any(place.endswith("airflow.db") for place, _ in places)
    assert any(place.startswith("report/") for place, _ in places)
    searcher = Searcher(wanted)
    assert {text for _, text, _ in searcher.found([("control", " ".join(wanted).encode())])} == set(wanted)
    assert {(place, wanted[text]) for place, text, _ in searcher.found(places)} == set()


def test_the_demo_left_nothing_running(checkout: Path) -> None:
    ours = [
        path.parent.name
        for path in Path("/proc").glob("[0-9]*/environ")
        if str(checkout).encode() in read_quietly(path)
    ]
    assert ours == []


def read_quietly(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
