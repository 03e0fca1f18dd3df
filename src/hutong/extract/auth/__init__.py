"""Credentials, one file a kind. They are put on each try as it leaves, and on requests to the platform itself only."""

from __future__ import annotations

from typing import assert_never

from hutong.extract.auth.credential import Credential
from hutong.extract.auth.fixed import fixed
from hutong.extract.auth.licence import Serial
from hutong.extract.auth.login import login
from hutong.extract.auth.oauth import grant
from hutong.extract.auth.signature import Signature
from hutong.extract.keyring import Keyring
from hutong.model.auth import (
    ApiKey,
    Auth,
    Bearer,
    BearerLogin,
    DatabaseLogin,
    HmacSignature,
    HttpBasic,
    Licence,
    NoAuth,
    OAuth2ClientCredentials,
)


def credential(auth: Auth, keyring: Keyring) -> Credential:
    """What `auth` declares, for HTTP. A database's login is none of it: its driver takes that.

    Raises SecretMissing for those that need nothing of the platform; the others look their secrets up when they do.
    """
    match auth:
        case NoAuth() | DatabaseLogin():
            return Credential()
        case HttpBasic() | Bearer() | ApiKey():
            return fixed(auth, keyring)
        case BearerLogin():
            return login(auth, keyring)
        case OAuth2ClientCredentials():
            return grant(auth, keyring)
        case HmacSignature():
            return Signature(auth, keyring)
        case Licence():
            return Serial(auth, keyring)
        case _:
            assert_never(auth)
