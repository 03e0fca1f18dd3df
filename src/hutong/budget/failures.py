"""What is said when a file of the budget cannot be used. There is no pull without a budget."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from filelock import FileLock, Timeout

from hutong.errors import StoreError

PATIENCE_S = 10.0
"""Longest wait for another process that holds a file: each holds it for some microseconds."""


@contextlib.contextmanager
def told(path: Path) -> Iterator[None]:
    """Raise a StoreError that names `path` and the next step where it cannot be used."""
    try:
        yield
    except Timeout:
        raise _held(path) from None
    except sqlite3.OperationalError as failure:
        if "locked" in str(failure):
            raise _held(path) from None
        raise _unusable(path, str(failure)) from None
    except sqlite3.DatabaseError as failure:
        raise StoreError(
            f"{path}: the file of the budget is damaged ({failure})",
            "see what else writes there, then remove it and wait a minute: what was asked within it is forgotten",
        ) from None
    except OSError as failure:
        raise _unusable(path, failure.strerror or type(failure).__name__) from None


def private_folder(folder: Path) -> Path:
    """`folder`, made for its owner only if it is not there yet. Raises StoreError."""
    with told(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def private_file(path: Path) -> Path:
    """`path`, made empty for its owner only if it is not there yet. Raises StoreError."""
    with told(path):
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    return path


def guard(file: Path) -> FileLock:
    """The lock that lets one process at a time open `file`, the one of pyrate-limiter's own making included."""
    return FileLock(f"{file}.lock", timeout=PATIENCE_S, mode=0o600)


def _held(path: Path) -> StoreError:
    return StoreError(
        f"{path}: another process has held the file of the budget for {PATIENCE_S:g} s",
        "see which (`fuser` names it): a stopped one must go on or be ended",
    )


def _unusable(path: Path, why: str) -> StoreError:
    return StoreError(
        f"{path}: the budget cannot be kept there ({why})",
        "let the account that hutong runs as write there, or name another folder of this machine in HUTONG_BUDGET",
    )
