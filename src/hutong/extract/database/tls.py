"""What a database is shown, and whom it is trusted by, where a connector declares `tls`."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from requests.utils import DEFAULT_CA_BUNDLE_PATH

from hutong.extract.keyring import Keyring
from hutong.extract.tls import context_of
from hutong.model.auth import PEM, Tls


def for_mysql(tls: Tls, keyring: Keyring, platform: str) -> ssl.SSLContext:
    """What its driver makes connections with. Raises SecretMissing, RegistryError."""
    context = context_of(tls, keyring, platform)
    if tls.authority is None:
        context.load_verify_locations(_usual())
    return context


@contextmanager
def for_postgresql(tls: Tls, keyring: Keyring, platform: str) -> Iterator[dict[str, str]]:
    """libpq's parameters, which hold for as long as a connection is being made. Raises SecretMissing, RegistryError."""
    context_of(tls, keyring, platform)  # says what is wrong with a certificate, which libpq does in words of its own
    with ExitStack() as files:
        parameters = {"sslmode": "verify-full", "sslrootcert": _usual()}
        if tls.authority is not None:
            authority = tls.authority if PEM in tls.authority else keyring.reveal(tls.authority)
            parameters["sslrootcert"] = files.enter_context(_file(authority))
        if tls.certificate is not None and tls.key is not None:
            parameters["sslcert"] = files.enter_context(_file(keyring.reveal(tls.certificate)))
            parameters["sslkey"] = files.enter_context(_file(keyring.reveal(tls.key)))
        yield parameters


def _usual() -> str:
    """The authorities that platforms over https are trusted by too."""
    return os.environ.get("REQUESTS_CA_BUNDLE") or DEFAULT_CA_BUNDLE_PATH


@contextmanager
def _file(text: str) -> Iterator[str]:
    """A path at which libpq, which takes certificates from files only, reads `text`: in memory, on no disk."""
    file = os.memfd_create("hutong")
    try:
        os.fchmod(file, 0o600)  # libpq refuses keys that others may read
        with os.fdopen(os.dup(file), "wb") as writing:
            writing.write(text.encode())
        yield f"/proc/self/fd/{file}"
    finally:
        os.close(file)
