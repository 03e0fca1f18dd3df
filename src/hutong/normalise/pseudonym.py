"""Keyed digests in place of personal identities.

Source: HMAC (RFC 2104) with SHA-256.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Pseudonymiser:
    """A named key. The key is never shown; its name stands in front of every pseudonym, so that keys can be changed."""

    key_id: str
    key: bytes = field(repr=False)

    def pseudonym(self, domain: str, parts: Sequence[str]) -> str:
        """`<key id>:<64 hexadecimal digits>`; the same only for the same key, domain and parts."""
        # Each part goes with its length, so that ("ab", "c") and ("a", "bc") differ.
        framed = b"".join(len(part).to_bytes(8, "big") + part for part in (each.encode() for each in (domain, *parts)))
        return f"{self.key_id}:{hmac.new(self.key, framed, hashlib.sha256).hexdigest()}"
