"""A licence serial inside the SOAP body."""

from __future__ import annotations

from hutong.extract.auth.credential import Credential
from hutong.extract.keyring import Keyring
from hutong.model.auth import Licence


class Serial(Credential):
    """It goes where the endpoint's `licence_part` says."""

    def __init__(self, auth: Licence, keyring: Keyring) -> None:
        self.names = (auth.secret,)
        self._auth, self._keyring = auth, keyring

    def licence(self) -> str | None:
        """The serial."""
        return self._keyring.reveal(self._auth.secret)
