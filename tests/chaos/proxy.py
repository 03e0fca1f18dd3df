"""A proxy before an object store that, seeded, refuses, loses, delays and swallows.

refused      503 SlowDown; the store hears nothing
lost         the connection drops before the store hears anything
unanswered   the store does what it was asked, and the connection drops before it can say so
late         the store does what it was asked, and says so when its client has given up
"""

from __future__ import annotations

import contextlib
import http.client
import random
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

FAULTS = ("refused", "lost", "unanswered", "late")
LATE_S = 3.0
"""Longer than the clients of this proxy wait: see `objects.IMPATIENT`."""
OFTEN, RARELY = 0.2, 0.02
"""How many of the writes to a table's log meet a fault, and how many of all other requests."""


@dataclass
class Proxy:
    """Where it answers, and how often it did what."""

    endpoint: str
    met: Counter[str] = field(default_factory=Counter)


@contextlib.contextmanager
def faulty(upstream: str, draw: random.Random, faults: Sequence[str] = FAULTS) -> Iterator[Proxy]:
    """A proxy before the store at `upstream`, an address with host and port."""
    lock, closing = threading.Lock(), threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def handle_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            fault = self._drawn()
            if fault == "refused":
                self._pass_on(503, {"Content-Type": "application/xml"}, b"<Error><Code>SlowDown</Code></Error>")
            elif fault == "lost":
                self._drop()
            else:
                status, headers, answer = self._forwarded(body)
                if fault == "unanswered" or (fault == "late" and closing.wait(LATE_S)):
                    self._drop()
                else:
                    self._pass_on(status, headers, answer)

        do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = handle_any

        def _drawn(self) -> str | None:
            is_commit = self.command == "PUT" and "/_delta_log/" in self.path
            with lock:
                fault = draw.choice(faults) if draw.random() < (OFTEN if is_commit else RARELY) else None
                if fault:
                    proxy.met[fault] += 1
            return fault

        def _forwarded(self, body: bytes) -> tuple[int, dict[str, str], bytes]:
            with contextlib.closing(http.client.HTTPConnection(urlsplit(upstream).netloc, timeout=30)) as store:
                # With the client's own Host header, which its signature covers.
                store.request(self.command, self.path, body=body, headers=dict(self.headers))
                answer = store.getresponse()
                return answer.status, dict(answer.headers), answer.read()

        def _pass_on(self, status: int, headers: dict[str, str], body: bytes) -> None:
            length = headers.get("Content-Length") if self.command == "HEAD" else None
            self.send_response_only(status)
            for name, value in headers.items():
                if name.lower() not in ("content-length", "transfer-encoding", "connection"):
                    self.send_header(name, value)
            self.send_header("Content-Length", length or str(len(body)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):
                self.wfile.write(b"" if self.command == "HEAD" else body)
                self.wfile.flush()

        def _drop(self) -> None:
            self.close_connection = True

        def log_message(self, *_: Any) -> None: ...

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None: ...  # a client that has given up

    server = Server(("127.0.0.1", 0), Handler)
    proxy = Proxy(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield proxy
    finally:
        closing.set()
        server.shutdown()
        server.server_close()
        thread.join()
