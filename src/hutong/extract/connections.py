"""Connections that put on what each try carries, and that end when its time is over.

A credential is put on below requests and urllib3 (`freshen`): each try has its own time and nonce, and neither their
log lines nor any address that they keep ever holds a signature.

A socket's timeout bounds one silence, not an answer that drips for ever, be it in its body, its header, its trailer or
in interim answers. So every read looks at a `Deadline` that the whole answer shares.
"""

from __future__ import annotations

import io
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPResponse
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

BUFFER = 64 * 1024


@dataclass(frozen=True, slots=True)
class Carried:
    """What one try carries: path and query, and headers beside those of the request."""

    target: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


Freshen = Callable[[str], Carried]
"""Path and query of a request -> the same with what this one try must carry."""


class Deadline:
    """Until when the answer that is being read must have come. Not for several threads.

    has_surplus: whether more came than the answer said it would be.
    """

    def __init__(self, silence_s: float) -> None:
        self._silence_s, self._ends = silence_s, float("inf")
        self.has_surplus = False

    def begin(self, answer_s: float) -> None:
        """The next answer has `answer_s` seconds from now."""
        self._ends = time.monotonic() + answer_s
        self.has_surplus = False

    @property
    def is_over(self) -> bool:
        """Whether the time is over."""
        return time.monotonic() >= self._ends

    def next_s(self) -> float:
        """How long the next silence may be. Raises TimeoutError when the time is over."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError("the answer takes too long")
        return min(self._silence_s, left)


class _Timed(io.RawIOBase):
    """The bytes of a connection, for as long as there is time."""

    def __init__(self, within: io.RawIOBase, connection: socket.socket, deadline: Deadline) -> None:
        self._within, self._connection, self._deadline = within, connection, deadline
        self.is_sealed = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer) -> int | None:
        if self.is_sealed:
            return None  # nothing more for now, as a non-blocking stream says it
        self._connection.settimeout(self._deadline.next_s())
        return self._within.readinto(buffer)

    def close(self) -> None:
        self._within.close()
        super().close()


class _Buffered(io.BufferedReader):
    """Notices what came behind the end of an answer."""

    def __init__(self, raw: _Timed, deadline: Deadline) -> None:
        super().__init__(raw, BUFFER)
        self._timed, self._deadline = raw, deadline

    def close(self) -> None:
        if not self.closed:
            self._timed.is_sealed = True
            self._deadline.has_surplus = bool(self.peek(1))
        super().close()


class Adapter(HTTPAdapter):
    """requests' adapter over such connections. It tries once; `Http` tries again.

    context: what https connections are made with, instead of requests' own. is_pinned: whether only the authorities in
    it are trusted, and neither the system's nor those of REQUESTS_CA_BUNDLE.
    """

    def __init__(
        self, freshen: Freshen, deadline: Deadline, context: ssl.SSLContext | None = None, *, is_pinned: bool = False
    ) -> None:
        self._freshen, self._deadline, self._context, self._is_pinned = freshen, deadline, context, is_pinned
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Called by requests: the pool manager, with pools of our connections."""
        super().init_poolmanager(*args, ssl_context=self._context, **kwargs)
        freshen, deadline = self._freshen, self._deadline

        class Timed(HTTPResponse):
            def __init__(self, connection: socket.socket, *args: Any, **kwargs: Any) -> None:
                super().__init__(connection, *args, **kwargs)
                self.fp = _Buffered(_Timed(self.fp.detach(), connection, deadline), deadline)

        class Plain(HTTPConnection):
            response_class = Timed

            def putrequest(self, method: str, url: str, *skips: bool, **more: bool) -> None:
                carried = freshen(url)
                super().putrequest(method, carried.target, *skips, **more)
                for name, value in carried.headers.items():
                    self.putheader(name, value)

        class Tls(HTTPSConnection):
            response_class = Timed

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

    def close(self) -> None:
        """Close all connections now. urllib3 leaves it to the garbage collector, and an error may hold on to them."""
        pools = self.poolmanager.pools
        keys = pools.keys()
        for key in keys:
            pools[key].close()
        super().close()

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> Any:
        """Called by requests: what a pool is made with."""
        return super().build_connection_pool_key_attributes(request, self._is_pinned or verify, cert)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Called by requests, to add its own authorities to a connection."""
        if not self._is_pinned:
            super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]
