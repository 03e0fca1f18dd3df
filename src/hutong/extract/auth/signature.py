"""Signatures over a request's parameters, new for each try."""

from __future__ import annotations

import hashlib
import hmac
import secrets as chance
import time
from base64 import b64encode
from datetime import UTC, datetime
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from hutong.extract.auth.credential import Credential, carried, for_header
from hutong.extract.connections import Carried
from hutong.extract.keyring import Keyring
from hutong.model.auth import HmacSignature

ZONE = ZoneInfo("Asia/Shanghai")
FORMS = {"local": "%Y-%m-%d %H:%M:%S", "compact": "%Y%m%d%H%M%S"}


class Signature(Credential):
    """A key, the time, a nonce, and a digest over them and all parameters of the query.

    Over `k=v&k=v...` of all but the signature, sorted by name, values raw, in UTF-8; see `HmacSignature` for what else
    platforms do.
    """

    def __init__(self, auth: HmacSignature, keyring: Keyring) -> None:
        self.names = (auth.app_key, auth.secret)
        own = (auth.app_key_param, auth.timestamp_param, auth.nonce_param, auth.sign_param)
        # Also those that stand in headers: signed twice under one name, no platform could check them.
        self.parameters = frozenset(name for name in own if name is not None)
        self._auth, self._keyring = auth, keyring

    def freshen(self, target: str) -> Carried:
        """`target` signed; parameters that it had of these names are replaced."""
        auth = self._auth
        key = self._keyring.reveal(auth.app_key, is_public=True)
        stated = {
            auth.app_key_param: for_header(auth.app_key, key) if auth.location == "header" else key,
            auth.timestamp_param: stamp(auth.timestamp_form, time.time_ns()),
        }
        if auth.nonce_param is not None:
            stated[auth.nonce_param] = chance.token_hex(16)
        given = parse_qsl(target.partition("?")[2], keep_blank_values=True)
        asked = [(name, value) for name, value in given if name not in self.parameters] + list(stated.items())
        stated[auth.sign_param] = self._sign(asked)
        return carried(target, auth.location, stated)

    def _sign(self, asked: list[tuple[str, str]]) -> str:
        auth, secret = self._auth, self._keyring.reveal(self._auth.secret)
        params = auth.join.join(f"{name}{auth.assign}{value}" for name, value in sorted(asked))
        # The secret first: parameters that hold braces are not a place for it.
        text = params.join(part.replace("{secret}", secret) for part in auth.signed.split("{params}")).encode()
        kind = auth.algorithm.removeprefix("hmac_")
        found = hmac.new(secret.encode(), text, kind) if auth.algorithm.startswith("hmac_") else hashlib.new(kind, text)
        if auth.encoding == "base64":
            return b64encode(found.digest()).decode()
        return found.hexdigest().upper() if auth.encoding == "upper_hex" else found.hexdigest()


def stamp(form: str, now_ns: int) -> str:
    """The time in the form that a platform signs.

    >>> stamp("compact", 1_773_793_800_000_000_000)
    '20260318083000'
    """
    if form in FORMS:
        return datetime.fromtimestamp(now_ns // 1_000_000_000, UTC).astimezone(ZONE).strftime(FORMS[form])
    return str(now_ns // (1_000_000 if form == "epoch_ms" else 1_000_000_000))
