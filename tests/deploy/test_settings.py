"""What deploy/ names is what hutong and Airflow know, and its units are units."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from airflow.configuration import conf

from hutong import settings
from tests.cluster.settings import ADDED, CHANGED, CONTROL, DEPLOY, read, shipped
from tests.cluster.topology import COMMANDS

FILES = ("hutong.env", "control.env")
LIBRARIES = frozenset(
    {"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MPLBACKEND", "GX_ANALYTICS_ENABLED", "SCARF_ANALYTICS"}
)
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))


def known_to_airflow() -> set[str]:
    """Every option that Airflow and its providers document, as a variable, and the form that runs a command."""
    described = conf.configuration_description
    names = {
        f"AIRFLOW__{section}__{name}".upper() for section, all_of in described.items() for name in all_of["options"]
    }
    commands = {f"AIRFLOW__{section}__{name}_CMD".upper() for section, name in conf.sensitive_config_values}
    # Options for whichever broker it is, which Airflow hands on as they are.
    return names | commands | {"AIRFLOW_HOME", "AIRFLOW__CELERY_BROKER_TRANSPORT_OPTIONS__VISIBILITY_TIMEOUT"}


def unknown(names: set[str]) -> set[str]:
    """Those that neither hutong, nor Airflow, nor a library that we name knows."""
    ours = set(re.findall(r"^HUTONG_[A-Z_]+", settings.__doc__ or "", re.M))
    return names - ours - known_to_airflow() - LIBRARIES


def test_what_is_written_lies_where_the_units_may_write() -> None:
    told = shipped("api-server")
    for name in (
        "AIRFLOW_HOME",
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE",
    ):
        assert Path(told[name]).is_relative_to("/var/lib/hutong"), name
    assert all("StateDirectory=hutong\n" in unit.read_text(encoding="utf-8") for unit in UNITS)


@pytest.mark.parametrize("file", FILES)
def test_every_variable_is_one_that_hutong_or_airflow_knows(file: str) -> None:
    named = set(read(DEPLOY / file))
    assert len(named) > 5
    assert unknown(named) == set()


def test_a_variable_that_nobody_knows_is_found() -> None:
    assert unknown({"HUTONG_LAKES", "AIRFLOW__CELERY__WORKER_CONCURENCY", "HUTONG_LAKE"}) == {
        "HUTONG_LAKES",
        "AIRFLOW__CELERY__WORKER_CONCURENCY",
    }


def test_the_cluster_of_the_tests_changes_what_is_shipped_and_adds_only_what_is_known() -> None:
    assert set(CHANGED) <= set(shipped("scheduler"))
    assert not set(ADDED) & set(shipped("scheduler"))
    assert unknown(set(ADDED)) == set()


def test_no_secret_stands_in_a_settings_file() -> None:
    for file in FILES:
        for name, value in read(DEPLOY / file).items():
            secret = re.search(r"KEY|SECRET|PASSWORD|URL|CONN|BACKEND", name)
            is_place = value.startswith(("cat /etc/hutong/", "/etc/hutong/", "/var/lib/hutong/", "http://"))
            assert not secret or name in LIBRARIES or is_place or value.isdecimal(), name


def test_a_worker_is_told_of_neither_airflows_database_nor_its_keys() -> None:
    said = " ".join(shipped("worker").values())
    for name in ("sql_alchemy_conn", "fernet_key", "jwt_secret"):
        assert name not in said
        assert name in " ".join(shipped("scheduler").values())


def test_every_secret_that_a_file_names_is_in_the_page() -> None:
    page = (DEPLOY / "README.md").read_text(encoding="utf-8")
    for file in FILES:
        for name in re.findall(r"/etc/hutong/(airflow/[\w.]+)", (DEPLOY / file).read_text(encoding="utf-8")):
            assert f"`{name}`" in page


def test_a_line_that_is_no_variable_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "some.env"
    file.write_text("A=1\nexport B=2\n")
    with pytest.raises(ValueError, match=r"some\.env:2"):
        read(file)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_is_told_what_its_role_needs_and_may_do_little(unit: Path) -> None:
    text, role = unit.read_text(), unit.stem.removeprefix("hutong-")
    assert ("EnvironmentFile=/etc/hutong/control.env" in text) == (role in CONTROL)
    for line in (
        "User=hutong",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "EnvironmentFile=/etc/hutong/hutong.env",
    ):
        assert f"{line}\n" in text
    if role in COMMANDS:
        assert f"ExecStart=/opt/hutong/.venv/bin/airflow {' '.join(COMMANDS[role])}\n" in text


def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path) -> None:
    if (analyze := shutil.which("systemd-analyze")) is None:
        pytest.skip("there is no systemd-analyze here: apt-get install systemd")
    airflow = Path(sys.executable).with_name("airflow")
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/hutong/.venv/bin/airflow", str(airflow)))
    files = [*map(str, tmp_path.glob("*.service")), *map(str, (DEPLOY / "systemd").glob("*.timer"))]
    said = subprocess.run([analyze, "verify", "--man=no", *files], capture_output=True, text=True)
    assert (said.returncode, said.stderr) == (0, "")
