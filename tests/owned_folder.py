"""A folder for a server that refuses to be root."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any


@contextlib.contextmanager
def owned_by(user: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    """A folder of `user`, and how `subprocess` runs a server as its owner."""
    # Not under a test's own folder, into which only its owner can look.
    folder = Path(tempfile.mkdtemp(prefix="hutong-server-"))
    as_user: dict[str, Any] = {}
    if os.geteuid() == 0:
        shutil.chown(folder, user, user)
        as_user = {"user": user, "group": user, "extra_groups": []}
    try:
        yield folder, as_user
    finally:
        shutil.rmtree(folder, ignore_errors=True)
