"""Web servers that are not hutong's, run from an environment of their own (`make peers`)."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.conftest import ROOT

PEERS = ROOT / ".venv-peers" / "bin"


@contextlib.contextmanager
def datasette(folder: Path, table: str, rows: list[tuple[Any, ...]]) -> Iterator[str]:
    """datasette over a SQLite file with one table, made by the statement `table`. Yields its address."""
    file, port = folder / "city.db", _free_port()
    database = sqlite3.connect(file)
    database.execute(table)
    database.executemany(f"INSERT INTO facility VALUES ({', '.join('?' * len(rows[0]))})", rows)
    database.commit()
    database.close()
    command = [_program("datasette"), "serve", str(file), "-h", "127.0.0.1", "-p", str(port)]
    with _running(command, folder, {}, f"http://127.0.0.1:{port}/-/versions.json"):
        yield f"http://127.0.0.1:{port}"


@contextlib.contextmanager
def pygeoapi(folder: Path, features: list[dict[str, Any]]) -> Iterator[str]:
    """pygeoapi over a GeoJSON file, as the collection `facility`. Yields its address."""
    port = _free_port()
    address = f"http://127.0.0.1:{port}"
    data, config, openapi = folder / "facility.geojson", folder / "pygeoapi.yml", folder / "openapi.yml"
    data.write_text(json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False), "utf-8")
    config.write_text(yaml.safe_dump(_declared(address, port, data)), encoding="utf-8")
    named = {"PYGEOAPI_CONFIG": str(config), "PYGEOAPI_OPENAPI": str(openapi)}
    made = [_program("pygeoapi"), "openapi", "generate", str(config), "--output-file", str(openapi)]
    subprocess.run(made, env={**os.environ, **named}, check=True, capture_output=True, cwd=folder)
    command = [_program("flask"), "--app", "pygeoapi.flask_app:APP", "run", "-p", str(port)]
    with _running(command, folder, named, f"{address}/conformance"):
        yield address


def _declared(address: str, port: int, data: Path) -> dict[str, Any]:
    return {
        "server": {
            "bind": {"host": "127.0.0.1", "port": port},
            "url": address,
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "languages": ["en-US"],
            "limits": {"default_items": 20, "max_items": 500},
            "map": {"url": "http://127.0.0.1/{z}/{x}/{y}.png", "attribution": "none"},
            "admin": False,
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {
                "title": "Facilities",
                "description": "Facilities",
                "keywords": ["facility"],
                "keywords_type": "theme",
                "terms_of_service": "none",
                "url": address,
            },
            "license": {"name": "none", "url": address},
            "provider": {"name": "none", "url": address},
            "contact": {"name": "none"},
        },
        "resources": {
            "facility": {
                "type": "collection",
                "title": "Facilities",
                "description": "Facilities",
                "keywords": ["facility"],
                "links": [],
                "extents": {"spatial": {"bbox": [-180, -90, 180, 90]}},
                "providers": [{"type": "feature", "name": "GeoJSON", "data": str(data), "id_field": "no"}],
            }
        },
    }


def _program(name: str) -> str:
    path = PEERS / name
    if not path.exists():
        pytest.skip(f"{name} is not installed here: make peers")
    return str(path)


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        return int(held.getsockname()[1])


@contextlib.contextmanager
def _running(command: list[str], folder: Path, named: Mapping[str, str], probe: str) -> Iterator[None]:
    """Run `command` until `probe` answers, and for as long as it is needed."""
    with (
        (folder / "log").open("wb") as log,
        subprocess.Popen(command, stdout=log, stderr=log, cwd=folder, env={**os.environ, **named}) as process,
    ):
        try:
            ends = time.monotonic() + 60
            while not _answers(probe):
                assert process.poll() is None, (folder / "log").read_text()
                assert time.monotonic() < ends, "the server does not come up"
                time.sleep(0.1)
            yield
        finally:
            process.kill()


def _answers(probe: str) -> bool:
    try:
        return requests.get(probe, timeout=5).ok
    except requests.RequestException:
        return False
