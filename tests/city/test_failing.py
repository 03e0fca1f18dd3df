"""A platform that fails: one clear line, exit code 1, the other streams go on, and what stood in the lake stays."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from hutong.store.paths import Store
from tests.conftest import CityLake

from .conftest import frame_of
from .copied import registry_copy

pytestmark = pytest.mark.xdist_group("city")

PLANTED = "planted-Secret-5f1e"
HTML = b"<!DOCTYPE html><html><head><title>Maintenance</title></head><body>We will be back soon.</body></html>"


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The declared files, but whoever fails is asked only once more."""
    root = registry_copy(tmp_path_factory.mktemp("impatient"))
    for path in root.glob("connectors/*/connector.yaml"):
        path.write_text(path.read_text(encoding="utf-8").replace("\nstreams:", "\nretries: 1\nstreams:", 1))
    return root


class Ailing(BaseHTTPRequestHandler):
    """Breaks the answers to paths that hold `breaks`, and passes the rest on to the real service."""

    real = ""
    breaks = ""
    how = ""

    def do_GET(self) -> None:
        if self.breaks not in self.path:
            with urllib.request.urlopen(self.real + self.path) as answer:
                # Links of the real service lead past this one.
                body = answer.read().replace(self.real.encode(), f"http://{self.headers['Host']}".encode())
                self._say(answer.status, answer.headers["Content-Type"], body)
        elif self.how == "html":
            self._say(200, "text/html; charset=utf-8", HTML)
        elif self.how == "short":
            self._say(200, "application/geo+json", b'{"type":"FeatureCollection"', claimed=4096)
        else:
            self._say(int(self.how), "text/plain", b"")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if self.how == "html":
            self._say(200, "text/html; charset=utf-8", HTML)
        else:
            self._say(200, "text/xml; charset=GBK", '<?xml version="1.0" encoding="GBK"?><soapenv:Env'.encode("gbk"))

    def _say(self, status: int, kind: str, body: bytes, claimed: int | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(claimed or len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


@contextlib.contextmanager
def ailing(real: str, breaks: str, how: str) -> Iterator[str]:
    handler = type("Handler", (Ailing,), {"real": real, "breaks": breaks, "how": how})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def lake(city_lake: CityLake, impatient: Path, tmp_path: Path) -> tuple[Store, dict[str, str]]:
    """A copy of the filled lake, and the environment of commands on it."""
    folder = shutil.copytree(city_lake.settings.lake, tmp_path / "lake")
    changed = {"HUTONG_LAKE": str(folder), "HUTONG_ROOT": str(impatient)}
    return Store(str(folder)), city_lake.command_environment | changed


def sync(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "hutong.cli", "sync", *words]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)


def complaints(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Lines on stderr, without those that only say what is being asked."""
    return [line for line in done.stderr.splitlines() if ": asking " not in line]


def assert_one_clear_line(done: subprocess.CompletedProcess[str], source: str, *words: str) -> None:
    assert done.returncode == 1, done.stderr
    (line,) = [line for line in complaints(done) if line.startswith(f"{source}: ")]
    said, _, next_step = line.partition("; ")
    assert len(said) > len(source) + 10
    assert len(next_step) > 10, line
    for word in words:
        assert word in line
    for unfit in ("Traceback", "Error(", "Exception", "object at 0x", PLANTED, "<html", "HTTPConnectionPool"):
        assert unfit not in done.stderr + done.stdout


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ("html", ("HTML",)),
        ("short", ("cut short",)),
        ("503", ("HTTP 503", "tries")),
    ],
)
def test_a_broken_answer_gives_one_line_and_the_rest_stays(
    city_lake: CityLake, lake: tuple[Store, dict[str, str]], how: str, words: tuple[str, ...]
) -> None:
    store, environment = lake
    before = frame_of(city_lake, "road_segment")
    with ailing(city_lake.running.cim, "/road_segment/", how) as address:
        done = sync(environment | {"HUTONG_ADDRESS_CIM": address}, "cim", "road_segment")
    assert_one_clear_line(done, "cim.road_segment", *words)
    assert len(complaints(done)) == 1
    after = frame_of(replace(city_lake, store=store), "road_segment")
    assert after.sort("source_id").equals(before.sort("source_id"))


def test_the_other_streams_of_the_platform_go_on(city_lake: CityLake, lake: tuple[Store, dict[str, str]]) -> None:
    _, environment = lake
    with ailing(city_lake.running.cim, "/road_segment/", "html") as address:
        done = sync(environment | {"HUTONG_ADDRESS_CIM": address}, "cim", "--json")
    assert_one_clear_line(done, "cim.road_segment", "HTML")
    assert "cim/junction/500000" in done.stdout
    assert "cim/road_segment/500000" not in done.stdout


def test_a_platform_that_is_down_is_named_with_every_stream(
    lake: tuple[Store, dict[str, str]],
) -> None:
    _, environment = lake
    with socket.socket() as taken:
        # Bound but not listening: nobody else can take the port, and nobody answers.
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        done = sync(environment | {"HUTONG_ADDRESS_CIM": address}, "cim")
    for source in ("cim.road_segment", "cim.junction"):
        assert_one_clear_line(done, source, "cannot be reached", address.removeprefix("http://"))
    assert len(complaints(done)) == 2


@pytest.mark.parametrize(
    ("source", "secret"),
    [
        ("cloud_control.rsu", "cloud_control_password"),
        ("traffic_safety.accident", "traffic_safety_licence"),
        ("transport_info.section_flow", "transport_info_secret"),
    ],
)
def test_a_refused_credential_is_named_and_never_shown(
    lake: tuple[Store, dict[str, str]], source: str, secret: str
) -> None:
    _, environment = lake
    wrong = {f"HUTONG_SECRET_{secret.upper()}": PLANTED}
    done = sync(environment | wrong, *source.split("."))
    assert_one_clear_line(done, source, "refuse", secret)
    assert len(complaints(done)) == 1


def test_a_secret_that_is_not_there_is_named_with_both_its_places(
    lake: tuple[Store, dict[str, str]], tmp_path: Path
) -> None:
    _, environment = lake
    done = sync(environment | {"HUTONG_SECRETS": str(tmp_path)}, "transport_info")
    assert done.returncode == 1
    assert "HUTONG_SECRET_TRANSPORT_INFO_" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("how", "word"), [("html", "HTML"), ("cut", "cut short")])
def test_the_police_platform_fails_as_clearly_in_soap(
    city_lake: CityLake, lake: tuple[Store, dict[str, str]], how: str, word: str
) -> None:
    _, environment = lake
    with ailing(city_lake.running.traffic_safety, "/services/", how) as address:
        done = sync(environment | {"HUTONG_ADDRESS_TRAFFIC_SAFETY": address}, "traffic_safety")
    assert_one_clear_line(done, "traffic_safety.accident", word)
