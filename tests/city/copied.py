"""Copies of the declared files, for tests that change a line of them."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.conftest import ROOT

FOLDERS = ("connectors", "schemas", "mappings")


def registry_copy(folder: Path) -> Path:
    """connectors/, schemas/ and mappings/ copied into `folder`, which serves as HUTONG_ROOT."""
    for name in FOLDERS:
        shutil.copytree(ROOT / name, folder / name)
    return folder


def change(path: Path, old: str, new: str) -> int:
    """Put `new` in place of the only `old` in the file. Returns the line at which the change begins."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{path}: {old!r} stands there {text.count(old)} times"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1
