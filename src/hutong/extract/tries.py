"""Tries: how often a platform is asked again, and what each try carries.

The retries are urllib3's. A credential is put on below them (`freshen`): each try has its own time and nonce, and
neither urllib3's log lines nor any address that requests keeps ever holds a signature.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import ConnectionPool
from urllib3.response import BaseHTTPResponse
from urllib3.util.retry import Retry

from hutong.budget import BOUNDLESS, Allowance

BUSY = frozenset({429, 500, 502, 503, 504})
LONGEST_WAIT_S = 30.0
"""The longest pause before another try, whatever Retry-After says: a task that sleeps for an hour holds a worker."""


@dataclass(frozen=True, slots=True)
class Carried:
    """What one try carries: path and query, and headers beside those of the request."""

    target: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


Freshen = Callable[[str], Carried]
"""Path and query of a request -> the same with what this one try must carry."""


class Patience(Retry):
    """urllib3's Retry with a bounded Retry-After, whose every try takes its turn in the owner's budget.

    urllib3 calls `increment` when a try failed and `sleep` before the next one, in this order.
    """

    allowance: Allowance = BOUNDLESS

    def new(self, **changed: Any) -> Self:
        """A copy, as urllib3 makes one for each try."""
        made = super().new(**changed)
        made.allowance = self.allowance
        return made

    def increment(
        self,
        method: str | None = None,
        url: str | None = None,
        response: BaseHTTPResponse | None = None,
        error: Exception | None = None,
        _pool: ConnectionPool | None = None,
        _stacktrace: TracebackType | None = None,
    ) -> Self:
        """Tell all processes that a try failed, and count it."""
        self.allowance.failed(None if response is None else super().get_retry_after(response))
        return super().increment(method, url, response, error, _pool, _stacktrace)

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        """Wait without a turn, then for the next one. Raises as `Allowance.take` does."""
        self.allowance.give_back()
        super().sleep(response)
        self.allowance.take()

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        """Seconds that the platform asks for, never more than `LONGEST_WAIT_S`."""
        asked = super().get_retry_after(response)
        return None if asked is None else min(asked, LONGEST_WAIT_S)


def patience(retries: int, allowance: Allowance) -> Patience:
    """A new supply of `retries`, with growing pauses."""
    made = Patience(
        total=retries,
        allowed_methods=None,  # a pull only reads, with POST too
        status_forcelist=BUSY,
        backoff_factor=0.5,
        backoff_max=LONGEST_WAIT_S,
        backoff_jitter=0.5,  # workers that failed together do not come back together
        raise_on_status=False,
    )
    made.allowance = allowance
    return made


def tries(response: requests.Response) -> int:
    """How often was asked until `response` came."""
    retries = getattr(response.raw, "retries", None)
    return 1 + len(retries.history) if isinstance(retries, Retry) else 1


class FreshAdapter(HTTPAdapter):
    """requests' adapter over connections that freshen each try.

    context: what https connections are made with, instead of requests' own. is_pinned: whether only the authorities in
    it are trusted, and neither the system's nor those of REQUESTS_CA_BUNDLE.
    """

    def __init__(
        self,
        freshen: Freshen,
        retries: int,
        allowance: Allowance,
        context: ssl.SSLContext | None = None,
        *,
        is_pinned: bool = False,
    ) -> None:
        self._freshen, self._context, self._is_pinned = freshen, context, is_pinned
        super().__init__(max_retries=patience(retries, allowance))

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Called by requests: the pool manager, with pools of our connections."""
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        freshen = self._freshen

        class Plain(HTTPConnection):
            def putrequest(self, method: str, url: str, *skips: bool, **more: bool) -> None:
                carried = freshen(url)
                super().putrequest(method, carried.target, *skips, **more)
                for name, value in carried.headers.items():
                    self.putheader(name, value)

        class Tls(HTTPSConnection):
            def putrequest(self, method: str, url: str, *skips: bool, **more: bool) -> None:
                carried = freshen(url)
                super().putrequest(method, carried.target, *skips, **more)
                for name, value in carried.headers.items():
                    self.putheader(name, value)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class TlsPool(HTTPSConnectionPool):
            ConnectionCls = Tls

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        """Called by requests: what a pool is made with."""
        return super().build_connection_pool_key_attributes(request, self._is_pinned or verify, cert)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Called by requests, to add its own authorities to a connection."""
        if not self._is_pinned:
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]
