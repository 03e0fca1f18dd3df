"""The secrets that one pull uses, and any text without them."""

from __future__ import annotations

import unicodedata
from urllib.parse import parse_qsl, quote, quote_plus, urlencode, urlsplit

from hutong.model.privacy import mask
from hutong.secrets import Secrets

LONGEST = 200
"""Characters of a platform's own words that a message repeats."""

HIDDEN = frozenset({"appkey", "app_key", "sign", "signature", "nonce", "timestamp", "token", "access_token"})
"""Query parameters that never stay in an address, whatever the connector calls its own."""


class Keyring:
    """Reveals secrets to those that send them, remembers what it revealed, and takes it out of texts again."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._revealed: dict[str, str] = {}

    def reveal(self, name: str) -> str:
        """The value of the secret `name`. Raises SecretMissing."""
        return self.remember(name, self._secrets(name).reveal())

    def remember(self, name: str, value: str) -> str:
        """`value`, which is a secret too from now on, such as a token that a platform gave."""
        self._revealed[name] = value
        return value

    def clean(self, text: str, *, is_personal: bool = False) -> str:
        """`text` without secrets or control characters, on one line, of at most `LONGEST` characters.

        is_personal: it may name people; plates, phone and identity numbers are blotted out too.
        """
        for name, value in self._revealed.items():
            for form in {value, quote(value, safe=""), quote_plus(value)} - {""}:
                text = text.replace(form, f"<{name}>")
        # Category C holds escapes, line ends and marks that turn the direction of text.
        plain = "".join(" " if unicodedata.category(char).startswith("C") else char for char in text)
        plain = " ".join(plain.split())
        plain = mask(plain) if is_personal else plain
        return plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"

    def address(self, url: str, own: frozenset[str] = frozenset()) -> str:
        """`url` without the parameters that are `HIDDEN`, the credential's `own`, or are a secret."""
        parts = urlsplit(url)
        secret = set(self._revealed.values())
        kept = [
            (name, value)
            for name, value in parse_qsl(parts.query, keep_blank_values=True)
            if name.lower() not in HIDDEN and name not in own and value not in secret
        ]
        return parts._replace(query=urlencode(kept, quote_via=quote), fragment="").geturl()
