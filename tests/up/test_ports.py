"""Which port Airflow gets."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from hutong.errors import AskedWrongly
from hutong.orchestrate.local import HOST, free_port
from hutong.up.ports import USUAL, is_free, ports_from
from hutong.up.state import Told


def test_the_port_of_last_time_is_taken_again(tmp_path: Path) -> None:
    last = free_port()
    Told(tmp_path, 1).ready(f"http://{HOST}:{last}")
    assert ports_from(tmp_path, None)() == last


def test_without_one_it_is_the_usual_port_or_any_free_one(tmp_path: Path) -> None:
    expects_usual = is_free(USUAL)
    assert (ports_from(tmp_path, None)() == USUAL) == expects_usual


def test_a_port_of_last_time_that_is_in_use_is_left_to_its_user(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as taken:
        last = taken.getsockname()[1]
        Told(tmp_path, 1).ready(f"http://{HOST}:{last}")
        assert ports_from(tmp_path, None)() != last


def test_a_port_that_is_asked_for_and_in_use_is_refused(tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(AskedWrongly, match=rf"port {port} is in use; name another with --port"):
            ports_from(tmp_path, port)()


def test_a_port_taken_meanwhile_makes_way_for_another(tmp_path: Path) -> None:
    ports = ports_from(tmp_path, None)
    assert ports() != ports()
