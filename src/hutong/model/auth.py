"""How a gateway proves to a platform who it is. Words follow dlt's `rest_api` where it has one.

A connector holds the names of secrets, never secrets: `password: cim_password` is looked up under that name.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from hutong.model.declared import Declared, Name


class NoAuth(Declared):
    """The platform asks for nothing."""

    type: Literal["none"] = "none"


class BearerLogin(Declared):
    """A login answers with a token of limited life, which goes into the Authorization header."""

    type: Literal["bearer_login"]
    path: str
    username: Name
    """Name of the secret that holds the user name."""
    password: Name
    token_path: str
    """Path to the token in the login's answer."""
    expires_in_path: str | None = None
    """Path to its life in seconds. Without it the token is renewed when the platform answers 401."""


class HmacSignature(Declared):
    """Every request carries a key, a time, a nonce and an HMAC-SHA256 over its sorted parameters."""

    type: Literal["hmac_signature"]
    app_key: Name
    """Name of the secret that holds the key's public half."""
    secret: Name
    app_key_param: str = "appKey"
    timestamp_param: str = "timestamp"
    nonce_param: str = "nonce"
    sign_param: str = "sign"


class Licence(Declared):
    """A licence serial inside the SOAP body."""

    type: Literal["licence"]
    secret: Name


Auth = Annotated[NoAuth | BearerLogin | HmacSignature | Licence, Field(discriminator="type")]
