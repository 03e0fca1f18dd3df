from pathlib import Path

import pytest

from tests.hutong.lineage.catalogue import Told, catalogue


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """The events that were told since the test began."""
    return catalogue(tmp_path / "events.ndjson", monkeypatch)
