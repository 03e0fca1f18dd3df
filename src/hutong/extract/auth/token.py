"""Tokens of limited life, renewed before they end."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hutong.extract.auth.credential import Credential, carried, is_header_text
from hutong.extract.connections import Carried
from hutong.extract.keyring import Keyring
from hutong.model.auth import Place

if TYPE_CHECKING:
    from hutong.extract.http import Http
    from hutong.extract.transport import Reply

MARGIN_S = 60.0
"""A token is renewed this long before its end, or when a tenth of its life is left, if that is shorter."""


@dataclass(frozen=True, slots=True)
class Issued:
    """What a platform answers to a login. token: whatever stands there. life_s: infinite when nothing says so."""

    token: Any
    life_s: float
    found_at: str


class Token(Credential):
    """A token that is asked for when it is needed, kept for its life, and asked for again when it is refused.

    It is never kept longer than a pull: a token at rest would be one more secret.
    """

    def __init__(
        self,
        names: tuple[str, ...],
        keyring: Keyring,
        issue: Callable[[Http], Issued],
        *,
        name: str = "Authorization",
        prefix: str = "Bearer ",
        place: Place = "header",
    ) -> None:
        self.names = names
        self.parameters = frozenset({name}) if place == "query" else frozenset()
        self._keyring, self._issue = keyring, issue
        self._name, self._prefix, self._place = name, prefix, place
        self._token: str | None = None
        self._ends = float("inf")

    def ready(self, http: Http) -> None:
        """Ask for a token when there is none that still lives.

        Raises PlatformRefused when the platform gives none, PlatformGarbled when its answer cannot be read.
        """
        if self._token is not None and time.monotonic() < self._ends:
            return
        self._token = None  # the request for a new one does not carry the old one
        asked_at = time.monotonic()
        issued = self._issue(http)
        if not isinstance(issued.token, str) or not is_header_text(issued.token):
            http.complaint.refused(
                f"its login gives no token at '{issued.found_at}'",
                f"check the secrets {' and '.join(self.names)}, and `auth` in {http.complaint.file}",
            )
        self._token = self._keyring.remember("token", issued.token)
        self._ends = asked_at + issued.life_s - min(MARGIN_S, issued.life_s / 10)

    def freshen(self, target: str) -> Carried:
        """`target` with the token, once there is one."""
        if self._token is None:
            return Carried(target)
        return carried(target, self._place, {self._name: self._prefix + self._token})

    def renew(self) -> bool:
        """Forget the token, so that the next request asks for another."""
        self._token = None
        return True


def read(reply: Reply, http: Http, names: tuple[str, ...]) -> Any:
    """The JSON that a login answers. Raises what its status means, and PlatformGarbled when it is none."""
    http.check(reply, names)
    try:
        return json.loads(reply.body)
    except (ValueError, RecursionError):
        http.complaint.garbled("its login does not answer JSON", f"check the login's path in {http.complaint.file}")


def life_s(stated: Any, otherwise: float) -> float:
    """A token's life in seconds, as a number or as text; `otherwise` when it is neither.

    >>> life_s("7200", 60.0), life_s(-1, 60.0), life_s(None, 60.0)
    (7200.0, 60.0, 60.0)
    """
    if isinstance(stated, str) and stated.isascii() and stated.isdigit() and len(stated) < 16:
        stated = int(stated)
    if isinstance(stated, bool) or not isinstance(stated, int | float) or not 0 < stated < float("inf"):
        return otherwise
    return float(stated)
