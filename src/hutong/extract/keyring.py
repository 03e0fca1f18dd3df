"""The secrets that one pull uses, and any text without them."""

from __future__ import annotations

import html
import json
import re
import unicodedata
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from urllib.parse import quote, quote_plus, unquote_plus, urlsplit
from xml.sax.saxutils import escape

from hutong.model.privacy import mask
from hutong.secrets import Secrets

LONGEST = 200
"""Characters of a platform's own words that a message repeats."""

TELLING = 8
"""Characters from which on a text that equals a secret is not there by chance: `500000` may be a user and a city."""

HIDDEN = frozenset({"appkey", "app_key", "sign", "signature", "nonce", "timestamp", "token", "access_token"})
"""Query parameters that never stay in an address, whatever the connector calls its own."""


class Keyring:
    """Reveals secrets to those that send them, remembers what it revealed, and takes it out of texts again."""

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._values: dict[str, str] = {}
        # By form: a platform may still speak of a token after it gave another.
        self._hidden = _Forms()
        self._private = _Forms()

    def reveal(self, name: str, *, is_public: bool = False) -> str:
        """The value of the secret `name`. is_public: a user's or a client's name, which may be a word like any other.

        Looked up once a pull: a signature needs it for every request, and a Connection is a question to a server.
        Raises SecretMissing.
        """
        if name not in self._values:
            self._values[name] = self.remember(name, self._secrets(name).reveal(), is_public=is_public)
        return self._values[name]

    def remember(self, name: str, value: str, *, is_public: bool = False) -> str:
        """`value`, which is a secret too from now on, such as a token that a platform gave."""
        self._hidden.add(name, value)
        if not is_public:
            self._private.add(name, value)
        return value

    def hide(self, text: str) -> str:
        """`text` with names in place of secrets, but for those that a part of any text may equal by chance."""
        return self._hidden.replaced(text, TELLING)

    def is_private(self, text: str) -> bool:
        """Whether `text` holds a secret that is no mere name."""
        return self._private.replaced(text, TELLING) != text

    def clean(self, text: str, *, is_personal: bool = False) -> str:
        """`text` without secrets or control characters, on one line, of at most `LONGEST` characters.

        is_personal: it may name people; plates, phone and identity numbers are blotted out too.
        """
        # Category C holds escapes, line ends and marks that turn the direction of text.
        plain = "".join(
            " " if unicodedata.category(char).startswith("C") else char for char in self._hidden.replaced(text)
        )
        plain = " ".join(plain.split())
        plain = mask(plain) if is_personal else plain
        return plain if len(plain) <= LONGEST else plain[: LONGEST - 1] + "…"

    def address(self, url: str, own: frozenset[str] = frozenset()) -> str:
        """`url` as it may be kept: without the parameters that are `HIDDEN`, the credential's `own`, or hold a secret,
        and without one in its path.
        """
        parts = urlsplit(self.link(url, own))
        pairs = [
            pair
            for pair in filter(None, parts.query.split("&"))
            if unquote_plus(pair.partition("=")[0]).lower() not in HIDDEN
            and self.hide(unquote_plus(pair)) == unquote_plus(pair)
        ]
        return parts._replace(path=self.hide(parts.path), query="&".join(pairs)).geturl()

    def link(self, url: str, own: frozenset[str] = frozenset()) -> str:
        """`url` as it may be followed: without the parameters of these names, or with a secret that is no mere name.

        A `token` that is no secret of ours stays, since it may be what leads to the next page; so does a user's name,
        which may be that of a city too.
        """
        parts = urlsplit(url)
        kept = []
        # As it is written: not every platform's percent forms are UTF-8.
        for pair in filter(None, parts.query.split("&")):
            name, _, value = (unquote_plus(part) for part in pair.partition("="))
            if name not in own and not self.is_private(value):
                kept.append(pair)
        return parts._replace(query="&".join(kept), fragment="").geturl()


class _Forms:
    """What secrets look like, and whose they are."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._lengths: dict[str, int] = {}
        self._patterns: dict[int, re.Pattern[str]] = {}

    def add(self, name: str, value: str) -> None:
        if value in self._names:
            return
        for form in forms(value):
            self._names[form] = name
            self._lengths[form] = min(len(form), len(value))
        self._patterns.clear()

    def replaced(self, text: str, least: int = 1) -> str:
        """`text` with a name in place of each form of a secret of at least so many characters."""
        if least not in self._patterns:
            # Longest first, and all at once: a name that was put in is not searched again.
            wanted = sorted((form for form, length in self._lengths.items() if length >= least), key=len, reverse=True)
            self._patterns[least] = re.compile("|".join(map(re.escape, wanted)) or r"(?!)")
        return self._patterns[least].sub(lambda hit: f"<{self._names[hit[0]]}>", text)


def forms(value: str) -> Iterator[str]:
    """`value` as texts may hold it: plain, in addresses, JSON, XML, Python, base64 and hex, and each of its lines."""
    yield from _forms(value)
    if "\n" in value:
        for line in value.split("\n"):
            if len(line.strip()) >= TELLING and not line.startswith("-----"):
                yield from _forms(line.strip())


def _forms(value: str) -> Iterator[str]:
    raw = value.encode()
    found = [
        value,
        quote(value, safe=""),
        quote(value),
        quote_plus(value),
        escape(value),
        html.escape(value),
        repr(value)[1:-1],
    ]
    found += [json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1], repr(raw)[2:-1]]
    found += [b64encode(raw).decode(), urlsafe_b64encode(raw).decode(), raw.hex(), raw.hex().upper()]
    found += [_small_percent(one) for one in found[1:4]]
    yield from dict.fromkeys(one for one in found if one)


def _small_percent(text: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda hit: hit[0].lower(), text)
