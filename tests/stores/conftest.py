"""One S3 server for the tests of this folder, and a registry whose batches publish fast."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hutong.registry import Registry, open_registry
from hutong.settings import read
from tests.hutong.publish.conftest import declare_without_gates
from tests.stores.seaweed import RunningS3, running_s3


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningS3]:
    with running_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The declared files without gates, since Great Expectations takes six seconds to import."""
    return declare_without_gates(tmp_path_factory.mktemp("declared"))


@pytest.fixture(scope="session")
def registry(root: Path) -> Registry:
    return open_registry(read({"HUTONG_ROOT": str(root)}))
