"""Which addresses belong to a platform. Nothing else is ever asked, whatever a link or a redirect says."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urljoin

from urllib3.util import parse_url

from hutong.errors import RegistryError
from hutong.model.connector import Connector

Origin = tuple[str | None, str | None, int | None]


@lru_cache(maxsize=64)
def origin(url: str) -> Origin:
    r"""Scheme, host and port. Raises ValueError when `url` is no address, or has a user in it.

    By urllib3's parser, since it is what opens the connection: `http://a\@b/` leads to a host that depends on who
    reads it.
    """
    parts = parse_url(url)
    if parts.auth is not None:
        raise ValueError("a user in an address")
    return parts.scheme, parts.host, parts.port or {"http": 80, "https": 443}.get(parts.scheme or "")


class Hosts:
    """A connector's address and the other hosts that it declares."""

    def __init__(self, connector: Connector) -> None:
        """Raises RegistryError when the address is not plain http or https."""
        self.base = _base(connector)
        self._own = origin(self.base)
        self._others = frozenset(origin(other) for other in connector.hosts)

    def is_own(self, url: str) -> bool:
        """Whether `url` leads to the platform itself, which alone is shown a credential."""
        return origin(url) == self._own

    def reach(self, at: str, link: str) -> str | None:
        """The address that `link`, met at `at`, leads to; None when that is a host that is not declared.

        Raises ValueError when it is no address.
        """
        target = parse_url(urljoin(at, link))._replace(fragment=None).url
        return target if origin(target) in {self._own, *self._others} else None


def _base(connector: Connector) -> str:
    try:
        scheme, host, _ = origin(connector.address)
        parts = parse_url(connector.address)
    except ValueError:
        raise RegistryError(
            [f"{connector.platform}: the address is none, or holds more than host, port and path"]
        ) from None
    if scheme not in ("http", "https") or not host:
        raise RegistryError([f"{connector.platform}: the address must begin with http:// or https:// and name a host"])
    if parts.query is not None or parts.fragment is not None:
        raise RegistryError(
            [f"{connector.platform}: the address holds more than host, port and path; name secrets in auth"]
        )
    return connector.address.rstrip("/")
