"""A lake as it would be if all that happened to it had happened earlier."""

from __future__ import annotations

import json
import os
from datetime import timedelta
from pathlib import Path
from typing import Any

_MOMENTS = {"timestamp", "modificationTime", "deletionTimestamp"}


def age(folder: Path | str, by: timedelta) -> None:
    """Set every file under `folder`, and every moment that a commit names, back by `by`.

    Checkpoints are left as they are inside: write them afterwards, or remember what they forget.
    """
    for path in Path(folder).rglob("*"):
        if not path.is_file():
            continue
        written_at = path.stat().st_mtime - by.total_seconds()
        if path.parent.name == "_delta_log" and path.suffix == ".json":
            lines = [json.dumps(_earlier(json.loads(line), by)) for line in path.read_text().splitlines()]
            path.write_text("\n".join(lines) + "\n")
        os.utime(path, (written_at, written_at))


def _earlier(value: Any, by: timedelta) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        name: inner - int(by.total_seconds() * 1000) if name in _MOMENTS else _earlier(inner, by)
        for name, inner in value.items()
    }


def bytes_under(folder: Path | str) -> dict[str, bytes]:
    """Every file under `folder`, by its path."""
    root = Path(folder)
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}
