import importlib.util
from pathlib import Path

import pytest

from citysim.__main__ import main


@pytest.mark.parametrize("command", ["serve", "record", "verify"])
def test_help_says_what_a_command_does(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([command, "--help"])
    assert stopped.value.code == 0
    assert "usage: python -m citysim " + command in capsys.readouterr().out


@pytest.mark.parametrize(
    "wrong",
    [
        ["--ports", "1,2"],
        ["--ports", "0,0,0,99999"],
        ["--speed", "0"],
        ["--hz", "5"],
        ["--faults", "2"],
        ["--clock-start", "yesterday"],
        ["--row-cap", "0"],
        ["--city", "990000"],
        ["--city", "460200,460200"],
    ],
)
def test_a_wrong_option_ends_with_code_2(wrong: list[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["serve", *wrong])
    assert stopped.value.code == 2


def test_each_city_takes_four_ports(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--city", "500000,460200", "--ports", "0,0,0,0"]) == 2
    assert "8 in all" in capsys.readouterr().err


def test_serving_a_folder_without_a_recording_ends_with_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["serve", "--recording", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err


def test_the_recording_that_ships_is_verified(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify"]) == 0
    assert capsys.readouterr().out == ""


def test_a_folder_without_a_recording_is_not_verified(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(tmp_path)]) == 1
    assert str(tmp_path) in capsys.readouterr().out


@pytest.mark.skipif(importlib.util.find_spec("sumo") is not None, reason="SUMO is installed")
def test_recording_without_sumo_ends_with_code_2_and_names_the_next_step(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["record", "--out", str(tmp_path)]) == 2
    assert "pip install 'hutong[sim]'" in capsys.readouterr().err
