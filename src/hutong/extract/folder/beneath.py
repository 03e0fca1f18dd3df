"""Files below one folder, reached step by step, so that no link and no `..` leads anywhere else."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW
# Not blocking: what turned into a pipe since it was listed must not hold the pull.
_FILE = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


@dataclass(frozen=True, slots=True)
class File:
    """A regular file as it was seen. name: below the folder, with `/`. still_ns: when it was last touched in any way
    (its contents, its times, its name), in nanoseconds since 1970.
    """

    name: str
    size: int
    mtime_ns: int
    still_ns: int
    inode: int


@contextmanager
def folder_at(path: str) -> Iterator[int]:
    """The folder itself, opened; it may be a link, since its owner's operator named it. Raises OSError."""
    opened = os.open(path, _FOLDER & ~os.O_NOFOLLOW)
    try:
        yield opened
    finally:
        os.close(opened)


@contextmanager
def within(folder: int, parts: tuple[str, ...], *, make: bool = False) -> Iterator[int]:
    """The folder that `parts` lead to from `folder`. make: it is made where it is missing.

    Raises OSError, also where a part is a link.
    """
    opened = os.dup(folder)
    try:
        for part in parts:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(part, dir_fd=opened)
            inner = os.open(part, _FOLDER, dir_fd=opened)
            os.close(opened)
            opened = inner
        yield opened
    finally:
        os.close(opened)


def split(name: str) -> tuple[tuple[str, ...], str]:
    """The folders that `name` leads through, and its last part."""
    *parts, last = name.split("/")
    return tuple(parts), last


def is_folder(folder: int, last: str) -> bool:
    """Whether `last` in `folder` is a folder, and no link to one."""
    try:
        return stat.S_ISDIR(os.stat(last, dir_fd=folder, follow_symlinks=False).st_mode)
    except FileNotFoundError:
        return False


def seen(folder: int, last: str, name: str) -> File | None:
    """The file `last` in `folder` as it is now; None when it is gone, or no regular file. name: how it is called."""
    try:
        found = os.stat(last, dir_fd=folder, follow_symlinks=False)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return _file(name, found) if stat.S_ISREG(found.st_mode) else None


def content(folder: int, file: File, most: int) -> bytes | None:
    """The bytes of `file`, at most one more than `most`; None when it is no longer, or not all the while, as it was
    seen. Raises OSError.
    """
    parts, last = split(file.name)
    try:
        with within(folder, parts) as inner:
            opened = os.open(last, _FILE, dir_fd=inner)
    except FileNotFoundError:
        return None
    with os.fdopen(opened, "rb") as source:
        if _file(file.name, os.fstat(opened)) != file:
            return None
        body = source.read(most + 1)
        if _file(file.name, os.fstat(opened)) != file:
            return None
    return body if len(body) == min(file.size, most + 1) else None


def _file(name: str, found: os.stat_result) -> File:
    return File(name, found.st_size, found.st_mtime_ns, max(found.st_mtime_ns, found.st_ctime_ns), found.st_ino)
