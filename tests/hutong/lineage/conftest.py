"""A catalogue that only writes down what it is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hutong.lineage import sending

Told = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """The events that were told since the test began."""
    file = tmp_path / "events.ndjson"
    for name, value in {"TYPE": "file", "LOG_FILE_PATH": str(file), "APPEND": "true"}.items():
        monkeypatch.setenv(f"OPENLINEAGE__TRANSPORT__{name}", value)
    sending._post.cache_clear()

    def events() -> list[dict[str, Any]]:
        sending.flush()
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    return events
