"""Keyed digests in place of personal identities.

Source: HMAC (RFC 2104) with SHA-256, or with SM3 (GB/T 32905).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field

from hutong.errors import SecretMissing

KEY_NAME = "pseudonym_key"
"""Name of the secret that holds the key."""


@dataclass(frozen=True, slots=True)
class Pseudonymiser:
    """A key, never shown, and its id, which stands in front of every pseudonym so that keys can be changed."""

    id: str
    key: bytes = field(repr=False)

    @classmethod
    def from_hex(cls, text: str) -> Pseudonymiser:
        """The key written as 64 hexadecimal digits; its id is a digest of it. Raises SecretMissing when it is not."""
        try:
            key = bytes.fromhex(text.strip())
        except ValueError:
            key = b""
        if len(key) != 32:
            said = f"the secret {KEY_NAME} is not 64 hexadecimal digits"
            raise SecretMissing(said, "make one with `openssl rand -hex 32`")
        return cls(hashlib.sha256(b"hutong pseudonym key" + key).hexdigest()[:8], key)

    def pseudonym(self, domain: str, parts: Sequence[str], algorithm: str = "hmac_sha256") -> str:
        """`<key id>:<64 hexadecimal digits>`; the same only for the same key, domain, parts and algorithm."""
        # Each part goes with its length, so that ("ab", "c") and ("a", "bc") differ.
        framed = b"".join(len(part).to_bytes(8, "big") + part for part in (each.encode() for each in (domain, *parts)))
        return f"{self.id}:{hmac.new(self.key, framed, algorithm.removeprefix('hmac_')).hexdigest()}"
