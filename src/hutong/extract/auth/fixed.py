"""Credentials that an owner gave once: user name and password, token, key."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping

from hutong.errors import SecretMissing
from hutong.extract.auth.credential import Credential, carried, for_header
from hutong.extract.connections import Carried
from hutong.extract.keyring import Keyring
from hutong.model.auth import ApiKey, Bearer, HttpBasic, Place


class Fixed(Credential):
    """The same for every request of a pull."""

    def __init__(self, names: tuple[str, ...], stated: Mapping[str, str], place: Place = "header") -> None:
        self.names = names
        self.parameters = frozenset(stated) if place == "query" else frozenset()
        self._stated, self._place = stated, place

    def freshen(self, target: str) -> Carried:
        """`target` with it."""
        return carried(target, self._place, self._stated)


def fixed(auth: HttpBasic | Bearer | ApiKey, keyring: Keyring) -> Fixed:
    """What `auth` declares. Raises SecretMissing, also for a secret that does not fit its place."""
    match auth:
        case HttpBasic():
            names = (auth.username, auth.password)
            return Fixed(names, {"Authorization": basic(*names, keyring)})
        case Bearer():
            token = for_header(auth.token, keyring.reveal(auth.token))
            return Fixed((auth.token,), {"Authorization": f"Bearer {token}"})
        case ApiKey():
            key = keyring.reveal(auth.api_key)
            if auth.location == "header":
                key = for_header(auth.api_key, key)
            return Fixed((auth.api_key,), {auth.name: key}, auth.location)


def basic(username: str, password: str, keyring: Keyring, written: Callable[[str], str] = str) -> str:
    """Both secrets as the Authorization header takes them. written: how each is encoded before they are joined.

    Source: RFC 7617.
    """
    user, word = written(keyring.reveal(username, is_public=True)), written(keyring.reveal(password))
    if ":" in user:
        raise SecretMissing(f"the secret '{username}' holds a colon, which ends a user name", "correct it")
    return "Basic " + keyring.remember(f"{username}:{password}", b64encode(f"{user}:{word}".encode()).decode())
