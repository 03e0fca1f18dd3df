"""Whether a table got a commit, asked so cheaply that it can be asked before every request of a pull."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from hutong.store import s3
from hutong.store.failures import told
from hutong.store.paths import Place

_NEXT = "_delta_log/{:020}.json"


def moved_since(place: Place) -> Callable[[int | None], bool]:
    """A function that says whether the table at `place` has a commit behind a version (None: whether it is there).

    Some microseconds on disk, one request to an object store. Only for versions that were the newest some hours ago at
    most: it looks for the very next commit, and old ones are cleared away. Raises StoreError when the store fails.
    """
    if place.uri.startswith(s3.SCHEME):
        files, root = s3.filesystem(place.options), place.uri.removeprefix(s3.SCHEME)

        def is_object(path: str) -> bool:
            return bool(files.get_file_info(f"{root}/{path}").is_file)

        is_there = is_object
    else:
        folder = Path(place.uri).absolute()

        def is_file(path: str) -> bool:
            try:  # `exists` would say no as well where it may not look
                os.stat(f"{folder}/{path}")
            except FileNotFoundError:
                return False
            return True

        is_there = is_file

    def has_moved(version: int | None) -> bool:
        with told(place):
            return is_there(_NEXT.format(0 if version is None else version + 1))

    return has_moved
