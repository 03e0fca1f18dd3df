"""Whether there is anybody to tell, and under which name."""

from __future__ import annotations

import os
from pathlib import Path


def is_configured() -> bool:
    """Whether openlineage-python would find somebody to tell: its own places, asked without importing it."""
    if os.environ.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return False
    if os.environ.get("OPENLINEAGE_URL") or any(name.startswith("OPENLINEAGE__TRANSPORT") for name in os.environ):
        return True
    files = (os.environ.get("OPENLINEAGE_CONFIG"), "openlineage.yml", "~/.openlineage/openlineage.yml")
    return any(Path(file).expanduser().is_file() for file in files if file)


def namespace(default: str) -> str:
    """The namespace of jobs: OPENLINEAGE_NAMESPACE, by which OpenLineage's other producers are told too."""
    return os.environ.get("OPENLINEAGE_NAMESPACE") or default
