"""Logins with user name and password that answer with a token."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from hutong.extract.auth.token import Issued, Token, life_s, read
from hutong.extract.keyring import Keyring
from hutong.model.auth import BearerLogin
from hutong.pages import look

if TYPE_CHECKING:
    from hutong.extract.http import Http

CONTENT_TYPES = {"json": "application/json", "form": "application/x-www-form-urlencoded"}


def login(auth: BearerLogin, keyring: Keyring) -> Token:
    """The token that the login of `auth` gives."""
    names = (auth.username, auth.password)

    def body() -> bytes:
        user, word = keyring.reveal(auth.username, is_public=True), keyring.reveal(auth.password)
        told = {**auth.fields, auth.username_field: user, auth.password_field: word}
        return (json.dumps(told) if auth.encoding == "json" else urlencode(told)).encode()

    def issue(http: Http) -> Issued:
        headers = {"Accept": "application/json", "Content-Type": CONTENT_TYPES[auth.encoding]}
        answer = read(http.send("POST", http.url(auth.path), headers=headers, data=body), http, names)
        stated = look(answer, auth.expires_in_path) if auth.expires_in_path else None
        declared = auth.expiration_duration.total_seconds() if auth.expiration_duration else float("inf")
        return Issued(look(answer, auth.token_path), life_s(stated, declared), auth.token_path)

    return Token(names, keyring, issue, name=auth.name, prefix=auth.prefix, place=auth.location)
