"""Mutual TLS with certificates that are secrets and never lie on a disk."""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from contextlib import contextmanager

from urllib3.util.ssl_ import create_urllib3_context

from hutong.errors import RegistryError, SecretMissing
from hutong.extract.keyring import Keyring
from hutong.model.auth import PEM, Tls


def context_of(tls: Tls, keyring: Keyring, platform: str) -> ssl.SSLContext:
    """What connections to `platform` are made with.

    Raises SecretMissing when a secret is missing or holds no such PEM text, RegistryError when the declared text of an
    authority is none.
    """
    context = create_urllib3_context(cert_reqs=ssl.CERT_REQUIRED)
    if tls.certificate is not None and tls.key is not None:
        _show(context, tls.certificate, tls.key, keyring)
    if tls.authority is not None:
        is_text = PEM in tls.authority
        try:
            context.load_verify_locations(cadata=tls.authority if is_text else keyring.reveal(tls.authority))
            return context
        except (ssl.SSLError, ValueError):
            pass
        if is_text:
            raise RegistryError([f"{platform}: `tls.authority` holds no certificate as PEM"])
        raise _unusable(tls.authority, "certificate of an authority")
    return context


def _show(context: ssl.SSLContext, certificate: str, key: str, keyring: Keyring) -> None:
    try:
        with _readable(keyring.reveal(certificate)) as shown, _readable(keyring.reveal(key)) as own:
            # An empty passphrase, since without one OpenSSL would ask at the terminal.
            context.load_cert_chain(shown, own, password="")
            return
    except (OSError, ValueError):  # SSLError is one; of some mistakes OpenSSL only says that a pipe cannot be rewound
        pass
    raise _unusable(f"{certificate}' and '{key}", "certificate with its own key, without a passphrase")


def _unusable(names: str, wanted: str) -> SecretMissing:
    return SecretMissing(f"'{names}' as secrets hold no {wanted}", "give PEM text, with its BEGIN and END lines")


@contextmanager
def _readable(text: str) -> Iterator[str]:
    """A path at which OpenSSL, which takes keys from files only, reads `text` out of a pipe.

    Raises ValueError when it is more than a pipe holds, which no certificate is.
    """
    reading, writing = os.pipe()
    try:
        try:
            os.set_blocking(writing, False)
            written = text.encode()
            if os.write(writing, written) < len(written):
                raise ValueError("too long")
        finally:
            os.close(writing)
        yield f"/dev/fd/{reading}"
    finally:
        os.close(reading)
