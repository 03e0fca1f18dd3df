"""How a gateway proves to a platform who it is. Words follow dlt's `rest_api` where it has one.

A connector holds the names of secrets, never secrets: `password: cim_password` is looked up under that name. What a
credential is made of goes to the connector's own address alone, never along a link or a redirect to another host.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from hutong.model.declared import Declared, SecretName

HeaderName = Annotated[str, StringConstraints(pattern=r"^[!#$%&'*+.^_`|~0-9A-Za-z-]+$")]
"""A token of RFC 9110, section 5.6.2."""

PEM = "-----BEGIN CERTIFICATE-----"

NameOrPem = Annotated[str, StringConstraints(pattern=rf"^[a-z]([a-z0-9_]|\{{city\}}){{0,62}}$|{PEM}")]

Place = Literal["header", "query"]


class NoAuth(Declared):
    """The platform asks for nothing."""

    type: Literal["none"] = "none"


class HttpBasic(Declared):
    """User name and password in the Authorization header, in UTF-8 (RFC 7617)."""

    type: Literal["http_basic"]
    username: SecretName
    """Name of the secret that holds the user name; it has no colon."""
    password: SecretName


class Bearer(Declared):
    """A token that the owner gave, in the Authorization header."""

    type: Literal["bearer"]
    token: SecretName


class ApiKey(Declared):
    """A key that the owner gave, in a header or parameter of any name."""

    type: Literal["api_key"]
    name: HeaderName = "Authorization"
    """Of the header or the parameter."""
    api_key: SecretName
    """Name of the secret, which holds all that stands there, such as `APPCODE 0123abcd`."""
    location: Place = "header"


class BearerLogin(Declared):
    """A login answers with a token of limited life, which goes into every request."""

    type: Literal["bearer_login"]
    path: str
    """Below the connector's address; a full address for a login at another host."""
    username: SecretName
    """Name of the secret that holds the user name."""
    password: SecretName
    """Where the platform wants a digest of the password, keep the digest as the secret."""
    username_field: str = "username"
    """What the login calls the user name."""
    password_field: str = Field("password")
    fields: dict[str, str | int] = {}
    """What else the login wants to be told, such as `grant_type`. No secrets."""
    encoding: Literal["json", "form"] = "json"
    """How it wants to be told."""
    token_path: str
    """Path to the token in the login's answer."""
    expires_in_path: str | None = None
    """Path to its life in seconds."""
    expiration_duration: timedelta | None = None
    """Its life, where the answer does not state it. Without either, the token is renewed when it is refused: by HTTP
    401, or by a code in the body that `success` lists under `refused`."""
    name: HeaderName = "Authorization"
    """Of the header or the parameter that takes the token, such as `X-Auth-Token`."""
    prefix: str = "Bearer "
    """What stands before the token there; empty for platforms that want it bare."""
    location: Place = "header"


class OAuth2ClientCredentials(Declared):
    """OAuth 2's client credentials grant (RFC 6749, section 4.4)."""

    type: Literal["oauth2_client_credentials"]
    access_token_url: str
    """Below the connector's address; a full address for an authorization server at another host."""
    client_id: SecretName
    """Name of the secret that holds the client's id."""
    client_secret: SecretName
    client_authentication: Literal["body", "basic"] = "body"
    """Where id and secret stand when a token is asked for."""
    scope: str | None = None
    access_token_request_data: dict[str, str] = {}
    """What else the server wants to be told, such as `audience`. No secrets."""
    default_token_expiration: timedelta = timedelta(hours=1)
    """A token's life, where the answer does not state `expires_in`."""


class HmacSignature(Declared):
    """Every request carries a key, a time, a nonce and a signature over its sorted parameters.

    Signed are the parameters of the query with these three, not a body. Values are raw, in UTF-8.
    """

    type: Literal["hmac_signature"]
    app_key: SecretName
    """Name of the secret that holds the key's public half."""
    secret: SecretName
    algorithm: Literal["hmac_sha256", "hmac_sha1", "hmac_md5", "hmac_sm3", "md5", "sha256", "sm3"] = "hmac_sha256"
    """Those without `hmac` have no key: `signed` puts the secret into the text."""
    encoding: Literal["hex", "upper_hex", "base64"] = "hex"
    assign: str = "="
    """What stands between a name and its value; `""` for nothing."""
    join: str = "&"
    """What stands between one parameter and the next."""
    signed: str = "{params}"
    """The text that is signed, such as `{params}&key={secret}` or `{secret}{params}{secret}`."""
    timestamp_form: Literal["epoch_ms", "epoch_s", "local", "compact"] = "epoch_ms"
    """`local` is `2026-03-18 08:30:00`, `compact` is `20260318083000`; both in Asia/Shanghai."""
    location: Place = "query"
    """Where the four stand; what they are called decides their place in the signed text, wherever they stand."""
    app_key_param: HeaderName = "appKey"
    timestamp_param: HeaderName = "timestamp"
    nonce_param: HeaderName | None = "nonce"
    """null for a platform that knows none."""
    sign_param: HeaderName = "sign"

    @model_validator(mode="after")
    def _signs(self) -> HmacSignature:
        if self.signed.count("{params}") != 1:
            raise ValueError("`signed` must hold {params} once: the parameters are what is signed")
        if not self.algorithm.startswith("hmac_") and "{secret}" not in self.signed:
            raise ValueError(f"{self.algorithm} has no key, so `signed` must hold {{secret}}")
        return self


class Licence(Declared):
    """A licence serial inside the SOAP body."""

    type: Literal["licence"]
    secret: SecretName


class DatabaseLogin(Declared):
    """User name and password of a front-end database 前置库."""

    type: Literal["database_login"]
    username: SecretName
    """Name of the secret that holds the user name."""
    password: SecretName


Auth = Annotated[
    NoAuth
    | HttpBasic
    | Bearer
    | ApiKey
    | BearerLogin
    | OAuth2ClientCredentials
    | HmacSignature
    | Licence
    | DatabaseLogin,
    Field(discriminator="type"),
]


class Tls(Declared):
    """What an https platform or a database is shown, and whom it is trusted by. Goes with every kind of `auth`.

    It counts for the connector's own address; another host of a login or token is trusted as all others are.
    """

    certificate: SecretName | None = None
    """Name of the secret that holds the client's certificate as PEM, followed by those between it and its authority."""
    key: SecretName | None = None
    """Name of the secret that holds the certificate's key as PEM, without a passphrase."""
    authority: NameOrPem | None = None
    """The only authority whose certificates the platform may show: PEM text (it is no secret), or the name of a secret
    that holds it. Without it: the system's, or those of REQUESTS_CA_BUNDLE."""

    @model_validator(mode="after")
    def _paired(self) -> Tls:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("`certificate` and `key` go together")
        if self.certificate is None and self.authority is None:
            raise ValueError("state `certificate` and `key`, or `authority`, or leave `tls` out")
        return self
