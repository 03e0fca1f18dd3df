"""A small lake per test, over declared files that are read once: none of these tests changes them."""

from __future__ import annotations

from pathlib import Path

import pytest

from hutong.registry import Registry, open_registry
from hutong.secrets import Secrets, resolver
from hutong.settings import Settings, read
from hutong.store.paths import Store
from tests.hutong.publish.conftest import declare_without_gates


@pytest.fixture(scope="session")
def declared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The declared files with the gates taken out, as Great Expectations takes six seconds to import."""
    return declare_without_gates(tmp_path_factory.mktemp("declared"))


@pytest.fixture(scope="session")
def registry(declared: Path) -> Registry:
    return open_registry(read({"HUTONG_ROOT": str(declared)}))


@pytest.fixture
def settings(declared: Path, tmp_path: Path) -> Settings:
    return read({"HUTONG_ROOT": str(declared), "HUTONG_LAKE": str(tmp_path / "lake")})


@pytest.fixture
def store(settings: Settings) -> Store:
    return Store(settings.lake)


@pytest.fixture(scope="session")
def secrets(declared: Path) -> Secrets:
    return resolver(read({"HUTONG_ROOT": str(declared)}))
