"""Secrets by name: from the environment or from a file that only its owner can read."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from typing import NoReturn

from hutong.errors import SecretMissing, SecretUnset
from hutong.settings import SECRET, Settings


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
    The resolver raises SecretMissing, which names both places, when others can read the file or it holds no value, and
    SecretUnset when there is neither variable nor file.
    """
    env = os.environ if environ is None else environ

    def resolve(name: str) -> Secret:
        variable, path = SECRET + name.upper(), settings.secrets / name
        if env.get(variable):
            return Secret(name, env[variable])
        both = f"set {variable}, or write it to {path} and `chmod 600` that file"
        try:
            with path.open(encoding="utf-8") as file:
                # Asked of the open file, so that no other can be put in its place in between.
                if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & (stat.S_IRWXG | stat.S_IRWXO):
                    raise SecretMissing(f"the file of the secret '{name}' is open to others than its owner", both)
                value = file.read().strip("\r\n")
        except FileNotFoundError:
            raise SecretUnset(f"the secret '{name}' is not set", both) from None
        except (OSError, UnicodeDecodeError) as wrong:
            raise SecretMissing(f"the secret '{name}' is not to be had ({type(wrong).__name__})", both) from None
        if not value:
            raise SecretMissing(f"the file of the secret '{name}' is empty", both)
        return Secret(name, value)

    return resolve
