"""A small HTTP server on loopback that speaks what a test tells it to, and remembers what it was asked."""

from __future__ import annotations

import contextlib
import json
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from hutong.extract.stage import extract
from hutong.model.batch import Page, Resume, Sequence
from hutong.model.connector import Connector
from hutong.secrets import Secret

NOW = datetime(2026, 3, 18, 0, 30, 0, 400_000, tzinfo=UTC)
PLANTED = {
    "user": "planted-user-7f31",
    "password": "planted-password-7f31",
    "app_key": "planted-key-7f31",
    "signing": "planted-signing-7f31",
    "licence": "PLANTED-LICENCE-7F31",
}


@dataclass
class Asked:
    """One request as the server saw it."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Says:
    """What the server answers. `promised`: a Content-Length other than the true one."""

    body: bytes
    status: int = 200
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    promised: int | None = None


Dialect = Callable[[Asked], Says]


@dataclass
class Server:
    """Where it is, and what it was asked so far."""

    address: str
    asked: list[Asked]

    def of(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path == path]


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: Any) -> None:
        """Say nothing of a client that has gone: tests kill some in mid-answer."""
        if not isinstance(sys.exception(), ConnectionError | ssl.SSLError):
            super().handle_error(*_)


@contextlib.contextmanager
def speaking(dialect: Dialect, certificate: Path | None = None, clients: Path | None = None) -> Iterator[Server]:
    """certificate: what it shows, with its key. clients: the authority whose certificates it wants to be shown."""
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet, or each answer waits 40 ms

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            one = Asked(self.command, parts.path, dict(parse_qsl(parts.query)), dict(self.headers), body)
            asked.append(one)
            says = dialect(one)
            self.send_response(says.status)
            self.send_header("Content-Type", says.content_type)
            self.send_header("Content-Length", str(says.promised if says.promised is not None else len(says.body)))
            for name, value in says.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(says.body)
            if says.promised is not None:
                self.close_connection = True

        do_POST = do_GET

        def log_message(self, *_: Any) -> None: ...

    server = _Server(("127.0.0.1", 0), Handler)
    if certificate is not None:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(certificate)
        if clients is not None:
            tls.verify_mode = ssl.CERT_REQUIRED
            tls.load_verify_locations(clients)
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield Server(f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_port}", asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def says(document: Any, status: int = 200, **headers: str) -> Says:
    return Says(json.dumps(document, ensure_ascii=False).encode(), status, headers=headers)


def rows(count: int, first: int = 0) -> list[dict[str, Any]]:
    """`count` records, each a minute after the one before."""
    return [{"no": no, "at": f"2026-03-18 {7 + no // 60:02}:{no % 60:02}:00"} for no in range(first, first + count)]


def numbered(all_rows: list[dict[str, Any]], *, cap: int = 10_000, total: int | None = None) -> Dialect:
    """Pages by number, with a size that is capped in silence; a total if one is given."""

    def dialect(asked: Asked) -> Says:
        size = min(cap, int(asked.query["size"]))
        begin = (int(asked.query["page"]) - 1) * size
        answer: dict[str, Any] = {"page": asked.query["page"], "rows": all_rows[begin : begin + size]}
        return says(answer | ({} if total is None else {"total": total}))

    return dialect


INCREMENTAL = {
    "cursor_path": "at",
    "form": "local",
    "zone": "Asia/Shanghai",
    "start_param": "from",
    "end_param": "to",
    "param_form": "local",
    "param_zone": "Asia/Shanghai",
    "since": "PT2H",
}
NUMBERED = {"type": "page_number", "page_size": 10, "total_path": "total"}


def connector(address: str, stream: dict[str, Any] | None = None, **more: Any) -> Connector:
    """A connector of one stream; what is not said is the plainest there is."""
    return Connector.model_validate(
        {
            "platform": "testing",
            "title": {"zh": "测试", "en": "Testing"},
            "owner": "nobody",
            "tier": "edge",
            "cities": ["500000"],
            "address": address,
            "retries": 1,
            "limits": {"silence_s": 5},
            "streams": {
                "things": {
                    "title": {"zh": "物", "en": "Things"},
                    "endpoint": "/things",
                    "data_selector": "rows",
                    **(stream or {}),
                }
            },
            **more,
        }
    )


def pull(at: Connector, cursor: str | None = None, position: str | None = None) -> Iterator[Page]:
    """Extract its one stream at `NOW`, with the planted secrets."""
    return extract(
        Sequence("testing", "things", "500000"),
        at,
        at.streams["things"],
        lambda name: Secret(name, PLANTED[name]),
        Resume(cursor, position),
        NOW,
    )


def numbers(pages: list[Page]) -> list[int]:
    """The `no` of all records, in the order in which they came."""
    return [row["no"] for page in pages for row in json.loads(page.body)["rows"]]
