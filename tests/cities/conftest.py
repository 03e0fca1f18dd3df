"""One gateway and several simulated cities, of which one is down and one speaks a dialect.

Only the crossings of the city model are synced, and only city models are served, from this process: what is shown here
is the same for every stream.
"""

from __future__ import annotations

import contextlib
import logging
import os
import shutil
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
import uvicorn
from click.testing import CliRunner, Result

from citysim.clock import CityClock, default_recording_start
from citysim.derived import city
from citysim.services.cim import cim
from citysim.services.serve import listening
from citysim.services.served import ServedLog
from hutong.cli.main import cli
from hutong.registry import Registry, open_registry
from hutong.settings import read
from hutong.store.paths import Store
from tests.conftest import ROOT, write_secrets

RECORDED, WUHAN, NANJING = "500000", "420100", "320100"
DIALECT = "cim-copied"


@dataclass(frozen=True)
class Gateway:
    """A lake that was synced once, and how to ask it. addresses: of the city models.

    said: what the sync of each connector said, and its exit code.
    """

    environment: Mapping[str, str]
    registry: Registry
    store: Store
    addresses: Mapping[str, str]
    said: Mapping[str, Result]

    def hutong(self, *arguments: str) -> Result:
        """A `hutong` command on this lake."""
        return _hutong(self.environment, *arguments)


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """cim serves the recorded city, and Nanjing at an address where nobody answers; cim-copied serves Wuhan."""
    folder = tmp_path_factory.mktemp("cities")
    _declare(folder)
    write_secrets(folder / "secrets")
    with _served(RECORDED, folder) as recorded, _served(WUHAN, folder) as wuhan, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and not listening: whoever connects is refused
        environment = {
            "HUTONG_ROOT": str(folder),
            "HUTONG_LAKE": str(folder / "lake"),
            "HUTONG_SECRETS": str(folder / "secrets"),
            "HUTONG_BUDGET": str(folder / "budget"),
            "HUTONG_LANG": "en",
            "HUTONG_ADDRESS_CIM": recorded,
            f"HUTONG_ADDRESS_CIM_{NANJING}": f"http://127.0.0.1:{nobody.getsockname()[1]}",
            "HUTONG_ADDRESS_CIM__COPIED": wuhan,
        }
        said = {name: _hutong(environment, "sync", name, "junction") for name in ("cim", DIALECT)}
        settings = read(environment)
        addresses = {RECORDED: recorded, WUHAN: wuhan}
        yield Gateway(environment, open_registry(settings), Store(settings.lake), addresses, said)


@contextlib.contextmanager
def _served(code: str, folder: Path) -> Iterator[str]:
    """The address of a city's model, for which the whole recording has happened."""
    now = datetime.now(UTC)
    shown = city(code, default_recording_start(now))
    log = ServedLog("cim", CityClock(shown.recording_start, now), folder / "served" / code)
    (listener,) = listening("127.0.0.1", [0])
    server = uvicorn.Server(
        uvicorn.Config(cim(shown, CityClock(shown.recording_start, now), log), log_config=None, lifespan="off")
    )
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        log.close()


def _declare(root: Path) -> None:
    """The repository's city model with these cities, and a dialect that is no other than the standard."""
    for folder in ("schemas", "mappings/codes", "mappings/cim", "connectors/cim"):
        shutil.copytree(ROOT / folder, root / folder)
    connector = root / "connectors" / "cim" / "connector.yaml"
    text = connector.read_text(encoding="utf-8")
    assert 'cities: ["500000"]' in text
    for folder in ("mappings", "connectors"):
        shutil.copytree(root / folder / "cim", root / folder / DIALECT)
    for path in (root / "mappings" / DIALECT).glob("*.yaml"):
        mapping = path.read_text(encoding="utf-8")
        path.write_text(mapping.replace("stream: cim.", f"stream: {DIALECT}."), encoding="utf-8")
    several = text.replace('cities: ["500000"]', f'cities: ["{NANJING}", "{RECORDED}"]\nretries: 0')
    connector.write_text(several, encoding="utf-8")
    own = text.replace("platform: cim", f"platform: {DIALECT}").replace('["500000"]', f'["{WUHAN}"]')
    (root / "connectors" / DIALECT / "connector.yaml").write_text(own, encoding="utf-8")


def _hutong(environment: Mapping[str, str], *arguments: str) -> Result:
    gone = {name: None for name in os.environ if name.startswith("HUTONG_") and name not in environment}
    with _logging_as_it_was():
        return CliRunner().invoke(cli, arguments, env={**gone, **environment})


@contextlib.contextmanager
def _logging_as_it_was() -> Iterator[None]:
    """The command sets up logging for a process of its own; here other tests go on in the same one."""
    root, urllib3 = logging.getLogger(), logging.getLogger("urllib3")
    handlers, levels = root.handlers[:], (root.level, urllib3.level)
    # Taken off beforehand, since the command closes those that it finds.
    root.handlers.clear()
    try:
        yield
    finally:
        root.handlers[:] = handlers
        root.setLevel(levels[0])
        urllib3.setLevel(levels[1])
