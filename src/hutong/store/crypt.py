"""Encryption of landed pages: a data key per batch, wrapped by the store's key.

AES-256-GCM with a random nonce in front (NIST SP 800-38D); key wrap as in RFC 3394.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from hutong.errors import SecretMissing, StoreError

_NONCE = 12


@dataclass(frozen=True, slots=True, repr=False)
class StoreKey:
    """The key that wraps data keys: 32 bytes."""

    raw: bytes

    @classmethod
    def from_hex(cls, text: str) -> StoreKey:
        """The key written as 64 hexadecimal digits. Raises SecretMissing when it is not."""
        try:
            raw = bytes.fromhex(text.strip())
        except ValueError:
            raw = b""
        if len(raw) != 32:
            raise SecretMissing(
                "the secret store_key is not 64 hexadecimal digits", "make one with `openssl rand -hex 32`"
            )
        return cls(raw)

    @property
    def id(self) -> str:
        """Eight digits that tell keys apart and say nothing about them."""
        return hashlib.sha256(b"hutong store key" + self.raw).hexdigest()[:8]

    def new_data_key(self) -> tuple[bytes, bytes]:
        """A fresh data key, and the same wrapped."""
        key = AESGCM.generate_key(256)
        return key, aes_key_wrap(self.raw, key)

    def unwrap(self, wrapped: bytes) -> bytes:
        """The data key. Raises StoreError when it was wrapped by another store key."""
        try:
            return aes_key_unwrap(self.raw, wrapped)
        except InvalidUnwrap:
            raise StoreError(
                "a landed batch was encrypted under another store key", "set the secret store_key to that key"
            ) from None


def seal(body: bytes, key: bytes, place: str) -> bytes:
    """`body` encrypted. place: what it belongs to, so that pages cannot be exchanged unnoticed."""
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, body, place.encode())


def unseal(sealed: bytes, key: bytes, place: str) -> bytes:
    """The body that `seal` took. Raises StoreError when a byte of it or its place was changed."""
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], place.encode())
    except InvalidTag:
        raise StoreError(
            f"the landed page {place} was changed after it landed", "restore it from a backup, then run `hutong verify`"
        ) from None
