"""Secrets by name: from the environment or from a file that only its owner can read."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn

from hutong.errors import SecretMissing, SecretUnset
from hutong.settings import SECRET, Settings

LARGEST = 64 * 1024
"""Bytes of a secret's file; a chain of certificates has some thousands."""

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


class Secret:
    """A text that does not show itself: printed, formatted or logged it is only its name.

    >>> password = Secret("cloud_control_password", "s3cr3t")
    >>> f"{password} {password!r}"
    '<secret cloud_control_password> <secret cloud_control_password>'
    >>> password.reveal()
    's3cr3t'
    """

    __slots__ = ("_name", "_value")

    def __init__(self, name: str, value: str) -> None:
        self._name, self._value = name, value

    def reveal(self) -> str:
        """The value itself. Whoever asks for it keeps it out of messages."""
        return self._value

    def __repr__(self) -> str:
        return f"<secret {self._name}>"

    def __str__(self) -> str:
        return repr(self)

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        # A pickled secret would travel through task queues and come to rest in their databases.
        raise TypeError(f"{self!r} cannot be pickled or copied")


Secrets = Callable[[str], Secret]
"""Gives the secret of a name, or raises SecretMissing (SecretUnset when nobody set it)."""


def resolver(settings: Settings, environ: Mapping[str, str] | None = None) -> Secrets:
    """Look secrets up in `environ` (default: of this process), then in the folder `settings.secrets`.

    Each is read anew when it is asked for, so that a changed password counts from the next pull on.
    The resolver raises SecretMissing, which names both places, when others could read or replace the file or it holds
    no value, and SecretUnset when there is neither variable nor file.
    """
    env = os.environ if environ is None else environ

    def resolve(name: str) -> Secret:
        variable, path = SECRET + name.upper(), settings.secrets / name
        found = env.get(variable) or None
        both = f"set {variable}, or write it to {path} and `chmod 600` that file"
        if found is None:
            try:
                found = _text(_content(path))
            except FileNotFoundError:
                raise SecretUnset(f"the secret '{name}' is not set", both) from None
            except _Unsafe as wrong:
                raise SecretMissing(f"the file of the secret '{name}' {wrong}", both) from None
            except OSError as wrong:
                raise SecretMissing(f"the secret '{name}' is not to be had ({type(wrong).__name__})", both) from None
            if not found:
                raise SecretMissing(f"the file of the secret '{name}' is empty or not UTF-8", both)
        elif not found.isprintable() and _text(os.fsencode(found)) is None:
            raise SecretMissing(f"{variable} is not UTF-8", both)
        return Secret(name, found)

    return resolve


def first_of(*sources: Secrets) -> Secrets:
    """The first of `sources` that holds a secret gives it.

    One that is set and unusable in a source is not looked for in the next, since that could be an old one.
    The resolver raises SecretUnset, which names the places of all, when none holds it.
    """

    def resolve(name: str) -> Secret:
        steps: list[str] = []
        for source in sources:
            try:
                return source(name)
            except SecretUnset as unset:
                steps.append(unset.next_step)
        raise SecretUnset(f"the secret '{name}' is not set", "; or ".join(steps))

    return resolve


class _Unsafe(Exception):
    """What speaks against a file."""


def _content(path: Path) -> bytes:
    """The bytes of a file that nobody else can read, in a folder that nobody else can write.

    All is asked of what was opened, so that nothing else can be put in its place in between. A symbolic link counts as
    what it leads to, since that is how Kubernetes mounts secrets. Raises OSError and _Unsafe.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        about = os.fstat(folder)
        if about.st_mode & _OTHERS_WRITE or about.st_uid not in (os.geteuid(), 0):
            raise _Unsafe(f"lies where others can replace it; `chmod 700 {path.parent}`")
        # Without waiting for the other end, if it is a pipe.
        file = os.open(path.name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    finally:
        os.close(folder)
    try:
        about = os.fstat(file)
        if not stat.S_ISREG(about.st_mode):
            raise _Unsafe("is no plain file")
        if about.st_mode & _OTHERS:
            raise _Unsafe("is open to others than its owner")
        if about.st_uid not in (os.geteuid(), 0):
            raise _Unsafe("belongs to somebody else")
        with os.fdopen(file, "rb", closefd=False) as opened:
            content = opened.read(LARGEST + 1)
    finally:
        os.close(file)
    if len(content) > LARGEST:
        raise _Unsafe(f"is larger than {LARGEST} bytes")
    return content


def _text(content: bytes) -> str | None:
    """`content` without the ends of its last line; None when it is no UTF-8.

    None and no error: one would carry the bytes along with it.
    """
    try:
        # Windows editors put a mark in front.
        return content.decode("utf-8-sig").strip("\r\n")
    except UnicodeDecodeError:
        return None
