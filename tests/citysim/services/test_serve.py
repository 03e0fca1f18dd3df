import contextlib
import signal
import socket
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
import requests

from citysim.services import CityDidNotStart, running
from citysim.services.serve import PortTaken, listening

from .asking import bearer, call_police, call_transport, log_in, signed, window


def test_other_credentials_come_from_the_environment_and_sigterm_ends_in_peace() -> None:
    environment = {
        "CITYSIM_CLOUD_USER": "anna",
        "CITYSIM_CLOUD_PASSWORD": "p-1",
        "CITYSIM_POLICE_LICENCE": "L-1",
        "CITYSIM_TRANSPORT_APP_KEY": "K-1",
        "CITYSIM_TRANSPORT_SECRET": "S-1",
    }
    with running(environment=environment) as city:
        assert log_in(city).status_code == 401
        assert log_in(city, "p-1", user="anna").status_code == 200
        assert ">-1&lt;" not in call_police(city, "", "").text
        assert "-1" in call_police(city, "", "").text
        assert "接口序列号无效" not in call_police(city, "", "", licence="L-1").content.decode("gbk")
        transport = call_transport(city, signed({**window(city), "appKey": "K-1"}, secret="S-1")).json()
        assert transport["code"] == "0000"
        # The default city lies far enough back for all of it to have happened.
        assert datetime.now(UTC) - city.recording_start >= timedelta(minutes=45)
        assert transport["data"]["total"] > 0
        assert city.stop() == 0


def test_without_json_the_addresses_are_printed_for_people_and_ctrl_c_ends_in_peace() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "citysim", "serve"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    lines = [process.stdout.readline().split() for _ in range(5)]
    assert [name for name, _ in lines] == [
        "recording_start", "cloud_control", "traffic_safety", "transport_info", "cim",
    ]  # fmt: skip
    for _, address in lines[1:]:
        assert requests.get(address, timeout=10).status_code in (200, 404)
    process.send_signal(signal.SIGINT)
    assert process.wait(10) == 0
    assert process.stderr.read() == ""
    process.stdout.close()
    process.stderr.close()


def test_a_city_in_the_middle_of_a_long_answer_still_ends_in_peace() -> None:
    with running(rsus="all", hz=10) as city:
        start = int(city.recording_start.timestamp())
        url = f"{city.cloud_control}/api/v1/rsm?from_date={start}&to_date={start + 1800}&limit=2000"
        headers = bearer(city)
        asking = threading.Thread(target=_give_up_on, args=(url, headers))
        asking.start()
        time.sleep(0.5)
        assert city.stop() == 0
        asking.join(10)


def _give_up_on(url: str, headers: dict[str, str]) -> None:
    with contextlib.suppress(requests.ConnectionError):
        requests.get(url, headers=headers, timeout=30)


def test_a_busy_port_is_named_and_ends_with_code_2() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = subprocess.run(
            [sys.executable, "-m", "citysim", "serve", "--ports", f"0,{port},0,0"],
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
    assert done.returncode == 2
    assert f"port {port} on 127.0.0.1 is already in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_one_port_for_two_services_is_a_busy_port() -> None:
    free = listening("127.0.0.1", [0])[0]
    port = free.getsockname()[1]
    free.close()
    with pytest.raises(PortTaken):
        listening("127.0.0.1", [0, port, port])


def test_a_city_that_cannot_start_says_so() -> None:
    with pytest.raises(CityDidNotStart), running(hz=7):
        pass


@pytest.mark.slow
def test_a_city_a_hundred_times_as_fast_publishes_the_first_period_within_a_second() -> None:
    start = datetime(2026, 3, 18, tzinfo=UTC)
    clock_start = start + timedelta(seconds=290)
    with running(recording_start=start, clock_start=clock_start, speed=100, faults=0.0) as city:
        deadline = time.monotonic() + 5
        total = 0
        while not total and time.monotonic() < deadline:
            total = call_transport(city, signed(window(city))).json()["data"]["total"]
            time.sleep(0.05)
        # Second 320 of the recording came within 0.3 s of real time.
        assert total > 0
        crossings = requests.get(f"{city.cim}/collections/intersection/items?limit=1000", timeout=10).json()
    codes = [one["id"] for one in crossings["features"]]
    assert len(set(codes)) == len(codes), "no duplicate where no faults are wanted"
