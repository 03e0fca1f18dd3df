"""Credentials: how each kind puts itself into a request."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets as chance
import time
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from hutong.extract.http import Http
from hutong.extract.keyring import Keyring
from hutong.model.auth import Auth, BearerLogin, HmacSignature, Licence, NoAuth
from hutong.pages import look

MARGIN_S = 60.0
"""A token is renewed this long before its end, or when a tenth of its life is left, if that is shorter."""


class Credentials(Protocol):
    """Every kind does one of these; the rest stays as it is here."""

    names: tuple[str, ...] = ()
    """The secrets it is made of, for messages."""
    parameters: frozenset[str] = frozenset()
    """Query parameters that it puts in, which no kept address may hold."""

    def headers(self, http: Http) -> dict[str, str]:
        """What goes into the header of the next request. May log in for it."""
        return {}

    def freshen(self, target: str) -> str:
        """The path and query of one try, signed."""
        return target

    def licence(self) -> str | None:
        """What goes into the body."""
        return None

    def renew(self) -> bool:
        """The platform refused it: whether asking again with a new one makes sense."""
        return False


class Nothing(Credentials):
    """For platforms that ask for nothing."""


class Token(Credentials):
    """A login's bearer token, renewed before it ends."""

    def __init__(self, auth: BearerLogin, keyring: Keyring) -> None:
        self.names = (auth.username, auth.password)
        self._auth, self._keyring = auth, keyring
        self._token: str | None = None
        self._ends = float("inf")

    def headers(self, http: Http) -> dict[str, str]:
        """The Authorization header. Logs in when there is no token that still lives."""
        if self._token is None or time.monotonic() >= self._ends:
            self._login(http)
        return {"Authorization": f"Bearer {self._token}"}

    def renew(self) -> bool:
        """Forget the token, so that the next request logs in anew."""
        self._token = None
        return True

    def _login(self, http: Http) -> None:
        asked_at = time.monotonic()
        user, password = (self._keyring.reveal(name) for name in self.names)
        account = {"username": user, "password": password}
        reply = http.send("POST", http.url(self._auth.path), headers={"Accept": "application/json"}, json=account)
        http.check(reply, self.names)
        try:
            answer: Any = json.loads(reply.body)
        except (ValueError, RecursionError):
            http.complaint.garbled("its login does not answer JSON", f"check the login's path in {http.complaint.file}")
        token = look(answer, self._auth.token_path)
        if not isinstance(token, str) or not token or not token.isascii() or not token.isprintable():
            http.complaint.refused(
                f"its login gives no token at '{self._auth.token_path}'",
                f"check the secrets {' and '.join(self.names)}, and that path in {http.complaint.file}",
            )
        self._token = self._keyring.remember("token", token)
        stated = look(answer, self._auth.expires_in_path) if self._auth.expires_in_path else None
        life_s = float(stated) if isinstance(stated, int | float) and stated > 0 else float("inf")
        self._ends = asked_at + life_s - min(MARGIN_S, life_s / 10)


class Signature(Credentials):
    """A key, the time, a nonce and an HMAC-SHA256 over all parameters, new for each try.

    Over `k=v&k=v...` of all parameters but the signature, sorted by name, values raw, in UTF-8; the digest in hex.
    """

    def __init__(self, auth: HmacSignature, keyring: Keyring) -> None:
        self.names = (auth.app_key, auth.secret)
        self.parameters = frozenset({auth.app_key_param, auth.timestamp_param, auth.nonce_param, auth.sign_param})
        self._auth, self._keyring = auth, keyring

    def freshen(self, target: str) -> str:
        """`target` with the four parameters; those that it had of these names are replaced."""
        parts = urlsplit(target)
        given = parse_qsl(parts.query, keep_blank_values=True)
        asked = [(name, value) for name, value in given if name not in self.parameters]
        asked += [
            (self._auth.app_key_param, self._keyring.reveal(self._auth.app_key)),
            (self._auth.timestamp_param, str(time.time_ns() // 1_000_000)),
            (self._auth.nonce_param, chance.token_hex(16)),
        ]
        signed = "&".join(f"{name}={value}" for name, value in sorted(asked))
        key = self._keyring.reveal(self._auth.secret).encode()
        asked.append((self._auth.sign_param, hmac.new(key, signed.encode(), hashlib.sha256).hexdigest()))
        return parts._replace(query=urlencode(asked, quote_via=quote)).geturl()


class Serial(Credentials):
    """A licence serial inside the SOAP body."""

    def __init__(self, auth: Licence, keyring: Keyring) -> None:
        self.names = (auth.secret,)
        self._auth, self._keyring = auth, keyring

    def licence(self) -> str | None:
        """The serial."""
        return self._keyring.reveal(self._auth.secret)


def credentials(auth: Auth, keyring: Keyring) -> Credentials:
    """What `auth` declares."""
    match auth:
        case BearerLogin():
            return Token(auth, keyring)
        case HmacSignature():
            return Signature(auth, keyring)
        case Licence():
            return Serial(auth, keyring)
        case NoAuth():
            return Nothing()
