"""The servers that connectors are tried against, each started once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.peers import servers


@pytest.fixture(scope="session")
def postgresql() -> Iterator[servers.Server]:
    with servers.postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[servers.Server]:
    with servers.mariadb() as server:
        yield server
