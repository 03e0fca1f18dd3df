"""A platform that fails: one clear line, exit code 1, the other streams go on, and what stood in the lake stays."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from citysim.services.process import RunningCity, running
from hutong.lake import rows_of
from hutong.registry import Registry, open_registry
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.paths import Store
from tests.conftest import CITY_SEED, command_environment, environment_for, sync_all, write_secrets

from .copied import registry_copy

pytestmark = pytest.mark.xdist_group("small_cities")

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


@dataclass(frozen=True)
class Filled:
    """A lake that the small platforms have filled, and the environment of commands on it."""

    city: RunningCity
    registry: Registry
    store: Store
    environment: dict[str, str]

    def rows(self, dataset: str) -> pl.DataFrame:
        found = pl.from_arrow(rows_of(self.registry.dataset(dataset), self.registry, self.store).to_table())
        assert isinstance(found, pl.DataFrame)
        return found


@pytest.fixture(scope="module")
def lake(impatient: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Filled]:
    folder = tmp_path_factory.mktemp("failing")
    write_secrets(folder / "secrets")
    with running(seed=CITY_SEED) as live:
        environment = environment_for(folder, live) | {"HUTONG_ROOT": str(impatient)}
        settings = read(environment)
        registry, store = open_registry(settings), Store(settings.lake)
        sync_all(registry, store, resolver(settings), platforms=("cim",))
        yield Filled(live, registry, store, command_environment(environment))


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
        pytest.param("short", ("cut short",), marks=pytest.mark.slow),
        pytest.param("503", ("HTTP 503", "tries"), marks=pytest.mark.slow),
    ],
)
def test_a_broken_answer_gives_one_line_and_the_rest_stays(lake: Filled, how: str, words: tuple[str, ...]) -> None:
    environment = lake.environment
    before = lake.rows("road_segment")
    with ailing(lake.city.cim, "/road_segment/", how) as address:
        done = sync(environment | {"HUTONG_ADDRESS_CIM": address}, "cim", "road_segment")
    assert_one_clear_line(done, "cim.road_segment", *words)
    assert len(complaints(done)) == 1
    after = lake.rows("road_segment")
    assert after.height > 300
    assert after.sort("source_id").equals(before.sort("source_id"))


def test_the_other_streams_of_the_platform_go_on(lake: Filled) -> None:
    environment = lake.environment
    with ailing(lake.city.cim, "/road_segment/", "html") as address:
        done = sync(environment | {"HUTONG_ADDRESS_CIM": address}, "cim", "--json")
    assert_one_clear_line(done, "cim.road_segment", "HTML")
    assert "cim/junction/500000" in done.stdout
    assert "cim/road_segment/500000" not in done.stdout


def test_a_platform_that_is_down_is_named_with_every_stream(
    lake: Filled,
) -> None:
    environment = lake.environment
    with socket.socket() as taken:
        # Bound but not listening: nobody else can take the port, and nobody answers.
        taken.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        done = sync(environment | {"HUTONG_ADDRESS_CIM": address}, "cim")
    sources = [source for source in lake.registry.sources if source.startswith("cim.")]
    for source in sources:
        assert_one_clear_line(done, source)
    said = complaints(done)
    unreached = [line for line in said if "cannot be reached" in line and address.removeprefix("http://") in line]
    spared = [line for line in said if "requests in a row failed; nobody asks it until" in line]
    assert len(unreached) > 1
    assert len(said) == len(unreached) + len(spared) == len(sources)


@pytest.mark.parametrize(
    ("source", "secret"),
    [
        ("cloud_control.rsu", "cloud_control_password"),
        pytest.param("traffic_safety.accident", "traffic_safety_licence", marks=pytest.mark.slow),
        pytest.param("transport_info.section_flow", "transport_info_secret", marks=pytest.mark.slow),
    ],
)
def test_a_refused_credential_is_named_and_never_shown(lake: Filled, source: str, secret: str) -> None:
    environment = lake.environment
    wrong = {f"HUTONG_SECRET_{secret.upper()}": PLANTED}
    done = sync(environment | wrong, *source.split("."))
    assert_one_clear_line(done, source, "refuse", secret)
    assert len(complaints(done)) == 1


@pytest.mark.slow
def test_a_secret_that_is_not_there_is_named_with_both_its_places(lake: Filled, tmp_path: Path) -> None:
    environment = lake.environment
    done = sync(environment | {"HUTONG_SECRETS": str(tmp_path)}, "transport_info")
    assert done.returncode == 1
    assert "HUTONG_SECRET_TRANSPORT_INFO_" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("how", "word"), [("html", "HTML"), pytest.param("cut", "cut short", marks=pytest.mark.slow)])
def test_the_police_platform_fails_as_clearly_in_soap(lake: Filled, how: str, word: str) -> None:
    environment = lake.environment
    with ailing(lake.city.traffic_safety, "/services/", how) as address:
        done = sync(environment | {"HUTONG_ADDRESS_TRAFFIC_SAFETY": address}, "traffic_safety")
    assert_one_clear_line(done, "traffic_safety.accident", word)
