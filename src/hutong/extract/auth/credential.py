"""What every kind of credential can be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote_plus

from hutong.errors import SecretMissing
from hutong.extract.connections import Carried
from hutong.model.auth import Place

if TYPE_CHECKING:
    from hutong.extract.http import Http


class Credential:
    """A platform that asks for nothing. Every kind does some of this otherwise.

    names: the secrets that it is made of, for messages. parameters: the query parameters that it puts in, which no kept
    address may hold.
    """

    names: tuple[str, ...] = ()
    parameters: frozenset[str] = frozenset()

    def ready(self, http: Http) -> None:
        """Make sure that the next request can carry it. May log in for it."""

    def freshen(self, target: str) -> Carried:
        """Path and query of one try, with what it carries."""
        return Carried(target)

    def licence(self) -> str | None:
        """What goes into the body."""
        return None

    def renew(self) -> bool:
        """The platform refused it: whether asking again with a new one makes sense."""
        return False


def carried(target: str, place: Place, stated: Mapping[str, str]) -> Carried:
    """`target` with `stated` in the header or the query; parameters that it had of these names are replaced."""
    if place == "header":
        return Carried(target, stated)
    path, _, query = target.partition("?")
    # The rest stays as it is written: a link may hold percent forms that are no UTF-8.
    kept = [one for one in query.split("&") if one and unquote_plus(one.partition("=")[0]) not in stated]
    kept += [f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in stated.items()]
    return Carried(f"{path}?{'&'.join(kept)}")


def is_header_text(value: str) -> bool:
    """Whether a header can carry it: http.client would repeat in its error what it does not take."""
    return bool(value) and value.isascii() and value.isprintable()


def for_header(name: str, value: str) -> str:
    """The secret `name`, fit for a header. Raises SecretMissing when no header can carry it."""
    if not is_header_text(value):
        raise SecretMissing(
            f"the secret '{name}' holds characters that no header can carry", "see that it is copied whole and alone"
        )
    return value
