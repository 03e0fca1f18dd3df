import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hutong.lineage import sending
from tests.hutong.lineage.catalogue import Told, catalogue


@pytest.fixture(autouse=True)
def _nobody_afterwards() -> Iterator[None]:
    """openlineage-python adds variables of its own to the environment: tests that follow would be told of as well."""
    before = set(os.environ)
    yield
    for name in set(os.environ) - before:
        if name.startswith("OPENLINEAGE__"):
            del os.environ[name]
    sending._post.cache_clear()


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """The events that were told since the test began."""
    return catalogue(tmp_path / "events.ndjson", monkeypatch)
