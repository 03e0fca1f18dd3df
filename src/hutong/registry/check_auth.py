"""Whether a connector's credential fits the way its streams are asked."""

from __future__ import annotations

from collections.abc import Mapping

from hutong.model.auth import ApiKey, BearerLogin, HmacSignature
from hutong.model.connector import Connector
from hutong.model.endpoint import Soap
from hutong.registry.read import File

_OVER_HTTP = ("none", "http_basic", "bearer", "api_key", "bearer_login", "oauth2_client_credentials", "hmac_signature")
FITTING: Mapping[str, tuple[str, ...]] = {
    "http": _OVER_HTTP,
    "soap": (*_OVER_HTTP, "licence"),
    "drop_folder": ("none",),
    "database": ("database_login",),
}
"""Kinds of `auth` that a transport can carry."""

_OF_CREDENTIALS = frozenset({"authorization", "proxy-authorization", "cookie"})


def check_auth(file: File, connector: Connector) -> None:
    """A connector's `auth`, `tls` and `headers` against its streams and against one another."""
    auth = connector.auth
    for name, stream in connector.streams.items():
        transport = stream.endpoint.transport
        if auth.type not in FITTING[transport]:
            fitting = ", ".join(FITTING[transport])
            file.problem(
                f"'{auth.type}' does not fit '{name}', which is asked over {transport}; one of: {fitting}",
                "auth",
                "type",
            )
            break
        if auth.type == "licence" and isinstance(stream.endpoint, Soap) and stream.endpoint.licence_part is None:
            file.problem("state `licence_part`, the part that takes the licence", "streams", name, "endpoint")
    for header in connector.headers:
        if header.lower() in _OF_CREDENTIALS | {own.lower() for own in _headers(connector)}:
            # Not its value: if it is a credential, it must not be shown either.
            file.problem(f"the header '{header}' is a credential's: name its secret under `auth`", "headers", header)
    if connector.tls is not None:
        transports = {stream.endpoint.transport for stream in connector.streams.values()}
        is_https = transports <= {"http", "soap"} and all(
            address.startswith("https://") for address in (connector.address, *connector.addresses.values())
        )
        if not is_https and transports != {"database"}:
            file.problem("`tls` is for a database, or for addresses that begin with https://", "tls")


def _headers(connector: Connector) -> tuple[str, ...]:
    """Headers that the credential puts in."""
    match connector.auth:
        case ApiKey(location="header") | BearerLogin(location="header"):
            return (connector.auth.name,)
        case HmacSignature(location="header") as signed:
            named = (signed.app_key_param, signed.timestamp_param, signed.nonce_param, signed.sign_param)
            return tuple(name for name in named if name is not None)
    return ()
