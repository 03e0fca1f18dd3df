"""Tries: how often a platform is asked again, and what each try carries.

The retries are urllib3's. A credential is put on below them (`freshen`): each try has its own time and nonce, and
neither urllib3's log lines nor any address that requests keeps ever holds a signature.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.response import BaseHTTPResponse
from urllib3.util.retry import Retry

BUSY = frozenset({429, 500, 502, 503, 504})
LONGEST_WAIT_S = 30.0
"""The longest pause before another try, whatever Retry-After says: a task that sleeps for an hour holds a worker."""

Freshen = Callable[[str], str]
"""Path and query of a request -> the same with what this one try must carry."""


class Patience(Retry):
    """urllib3's Retry with a bounded Retry-After."""

    def get_retry_after(self, response: BaseHTTPResponse) -> float | None:
        """Seconds that the platform asks for, never more than `LONGEST_WAIT_S`."""
        asked = super().get_retry_after(response)
        return None if asked is None else min(asked, LONGEST_WAIT_S)


def patience(retries: int) -> Patience:
    """A new budget of `retries`, with growing pauses."""
    return Patience(
        total=retries,
        allowed_methods=None,  # a pull only reads, with POST too
        status_forcelist=BUSY,
        backoff_factor=0.5,
        backoff_max=LONGEST_WAIT_S,
        backoff_jitter=0.5,  # workers that failed together do not come back together
        raise_on_status=False,
    )


def tries(response: requests.Response) -> int:
    """How often was asked until `response` came."""
    retries = getattr(response.raw, "retries", None)
    return 1 + len(retries.history) if isinstance(retries, Retry) else 1


class FreshAdapter(HTTPAdapter):
    """requests' adapter over connections that freshen the target of each try."""

    def __init__(self, freshen: Freshen, retries: int) -> None:
        self._freshen = freshen
        super().__init__(max_retries=patience(retries))

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Called by requests: the pool manager, with pools of our connections."""
        super().init_poolmanager(*args, **kwargs)
        freshen = self._freshen

        class Plain(HTTPConnection):
            def putrequest(self, method: str, url: str, *skips: bool, **more: bool) -> None:
                super().putrequest(method, freshen(url), *skips, **more)

        class Tls(HTTPSConnection):
            def putrequest(self, method: str, url: str, *skips: bool, **more: bool) -> None:
                super().putrequest(method, freshen(url), *skips, **more)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class TlsPool(HTTPSConnectionPool):
            ConnectionCls = Tls

        self.poolmanager.pool_classes_by_scheme = {"http": PlainPool, "https": TlsPool}
