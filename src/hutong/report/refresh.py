"""Write the report where others read it."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path

from hutong.registry import Registry
from hutong.report.answer import answer
from hutong.report.draw import draw
from hutong.report.page import page
from hutong.secrets import Secrets
from hutong.store.paths import Store

log = logging.getLogger(__name__)


def refresh(registry: Registry, store: Store, secrets: Secrets, folder: Path) -> Path:
    """Ask the lake and write index.html and, when there is a city to draw, city.svg into `folder`; returns the page.

    A reader finds either the old file or the new one, never a part. Raises what `answer` and `draw` raise.
    """
    found = answer(registry, store, secrets)
    picture = None if found.picture is None else draw(found.picture)
    folder.mkdir(parents=True, exist_ok=True)
    if picture is not None:
        _replace(folder / "city.svg", picture)
    index = folder / "index.html"
    _replace(index, page(found, picture).encode())
    log.info("report refreshed accidents=%d streams=%d", len(found.knew_first.accidents), len(found.streams))
    return index


def _replace(path: Path, content: bytes) -> None:
    """Write beside `path`, then take its place in one step."""
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        # Temporary files are for their owner alone, but a report is there to be read.
        os.chmod(beside, 0o644)
        os.replace(beside, path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
