"""The command as a user meets it: a process with arguments, an exit code and two streams."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from hutong.cli.main import GROUPS
from tests.hutong.cli.conftest import Run


def test_help_has_its_groups_and_a_line_for_each_command(hutong: Run) -> None:
    said = hutong("--help").stdout
    names = [name for commands in GROUPS.values() for name in commands]
    for word in ("Declare:", "Run:", "Look:", "Version:", "Prove:", *names):
        assert word in said


def test_help_speaks_chinese_when_asked_or_by_the_locale(hutong: Run) -> None:
    assert "台账" in hutong("--help", HUTONG_LANG="zh").stdout
    assert "台账" in hutong("--help", HUTONG_LANG="", LC_ALL="zh_CN.UTF-8").stdout


def test_help_imports_nothing_heavy() -> None:
    heavy = [
        "polars",
        "pandas",
        "pyarrow",
        "deltalake",
        "duckdb",
        "airflow",
        "great_expectations",
        "pint",
        "pydantic",
        "jsonschema",
        "requests",
    ]
    code = (
        "import sys\n"
        "from hutong.cli.main import cli\n"
        "try:\n    cli(['--help'])\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == "[]"


@pytest.mark.parametrize("command", [name for commands in GROUPS.values() for name in commands])
def test_every_command_has_help_in_both_languages(command: str, hutong: Run) -> None:
    english, chinese = hutong(command, "--help"), hutong(command, "--help", HUTONG_LANG="zh")
    assert english.returncode == chinese.returncode == 0
    assert english.stdout != chinese.stdout


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["chekc"], 2, "did you mean 'check'?"),
        (["sync", "cmi"], 2, "did you mean 'cim'?"),
        (["sync", "cim", "junctoin"], 2, "did you mean 'junction'?"),
        (["datasets", "trafic_flow"], 2, "did you mean 'traffic_flow'?"),
        (["backfill", "cim", "junction", "--from", "2026-03-18T08:00", "--to", "2026-03-19T08:00Z"], 2, "+08:00"),
        (["backfill", "cim", "junction", "--from", "yesterday", "--to", "2026-03-19T08:00Z"], 2, "2026-03-18T08:00"),
        (["backfill", "cim", "junction", "--from", "2026-03-19T08Z", "--to", "2026-03-18T08Z"], 2, "exchange"),
        (["backfill", "cim", "junction", "--from", "2026-03-18T08Z", "--to", "2026-03-19T08Z"], 2, "hutong sync"),
        (["query", "SELECT 1"], 1, "hutong sync"),
        (["verify"], 1, "hutong sync"),
        (["release"], 1, "hutong sync"),
        (["release", "spring"], 2, "--reason"),
        (["query", "--format", "parquet", "SELECT 1"], 2, "--out"),
        (["query", "--format", "xml", "SELECT 1"], 2, "parquet"),
    ],
)
def test_a_mistake_is_one_clear_line_with_the_next_step(words: list[str], code: int, said: str, hutong: Run) -> None:
    done = hutong(*words)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_folder_that_is_no_root_is_said_to_be_none(hutong: Run, tmp_path: Path) -> None:
    done = hutong("check", HUTONG_ROOT=str(tmp_path))
    assert done.returncode == 1
    assert "there is no folder connectors/ here" in done.stdout + done.stderr


def test_check_finds_the_declared_files_right(hutong: Run) -> None:
    done = hutong("check")
    assert (done.returncode, done.stdout) == (0, "")
    assert "all right" in done.stderr


def test_datasets_are_listed_with_both_names_before_there_is_a_lake(hutong: Run) -> None:
    rows = json.loads(hutong("datasets", "--json").stdout)
    assert {"dataset": "junction", "中文": "路口", "rows": 0}.items() <= next(
        r for r in rows if r["dataset"] == "junction"
    ).items()


def test_columns_of_a_dataset_have_both_names_and_units(hutong: Run) -> None:
    rows = json.loads(hutong("datasets", "traffic_flow", "--json").stdout)
    speed = next(row for row in rows if row["column"] == "speed_mps")
    assert (speed["中文"], speed["unit"]) == ("平均速度", "m/s")
