"""OAuth 2's client credentials grant (RFC 6749, section 4.4).

By our own request and not by a session of requests-oauthlib or Authlib: theirs follow redirects with the secret in the
body, read answers of any size, and know nothing of `limits`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote_plus, urlencode

from hutong.extract.auth.fixed import basic
from hutong.extract.auth.token import Issued, Token, life_s, read
from hutong.extract.keyring import Keyring
from hutong.model.auth import OAuth2ClientCredentials
from hutong.pages import look

if TYPE_CHECKING:
    from requests import PreparedRequest

    from hutong.extract.http import Http

CONTENT_TYPE = "application/x-www-form-urlencoded"


def grant(auth: OAuth2ClientCredentials, keyring: Keyring) -> Token:
    """The token that the authorization server of `auth` gives."""
    names = (auth.client_id, auth.client_secret)
    is_in_body = auth.client_authentication == "body"

    def body() -> bytes:
        told = {"grant_type": "client_credentials", **auth.access_token_request_data}
        if auth.scope is not None:
            told["scope"] = auth.scope
        if is_in_body:
            told["client_id"] = keyring.reveal(auth.client_id, is_public=True)
            told["client_secret"] = keyring.reveal(auth.client_secret)
        return urlencode(told).encode()

    def show(request: PreparedRequest) -> PreparedRequest:
        # Section 2.3.1: both are form-encoded before they are joined.
        request.headers["Authorization"] = basic(*names, keyring, written=quote_plus)
        return request

    def issue(http: Http) -> Issued:
        headers = {"Accept": "application/json", "Content-Type": CONTENT_TYPE}
        url = http.url(auth.access_token_url)
        reply = http.send("POST", url, headers=headers, data=body, auth=None if is_in_body else show)
        answer = read(reply, http, names)
        life = life_s(look(answer, "expires_in"), auth.default_token_expiration.total_seconds())
        return Issued(look(answer, "access_token"), life, "access_token")

    return Token(names, keyring, issue)
