"""A catalogue that only writes down what it is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hutong.lineage import sending

Told = Callable[[], list[dict[str, Any]]]


def writing_to(file: Path) -> dict[str, str]:
    """The variables by which events are written to `file`, one a line."""
    words = {"TYPE": "file", "LOG_FILE_PATH": str(file), "APPEND": "true"}
    return {f"OPENLINEAGE__TRANSPORT__{name}": value for name, value in words.items()}


def written_in(file: Path) -> list[dict[str, Any]]:
    """The events that were written to `file`."""
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def catalogue(file: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """Has events written to `file` from now on. Gives those that were."""
    for name, value in writing_to(file).items():
        monkeypatch.setenv(name, value)
    sending._post.cache_clear()

    def events() -> list[dict[str, Any]]:
        sending.flush()
        return written_in(file)

    return events
