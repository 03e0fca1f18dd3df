"""An HTTP server on bare sockets that misbehaves as a script tells it to, and keeps its own ledger of what it gave."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

Record = dict[str, Any]
SIZE = 10
"""Records to a page."""


def things(count: int, first: int = 0) -> list[Record]:
    return [{"no": no, "name": f"路口 {no}"} for no in range(first, first + count)]


ALL = things(25)
"""What the platform holds, unless a script says otherwise."""


@dataclass
class Asked:
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes


@dataclass
class Ledger:
    """asked: every request. handed: every record of an answer that went out whole and right."""

    asked: list[Asked] = field(default_factory=list)
    handed: list[Record] = field(default_factory=list)


class Talk:
    """One connection, at its newest request."""

    def __init__(self, connection: socket.socket, ledger: Ledger, over: threading.Event, address: str) -> None:
        self._connection, self.ledger, self._over, self.address = connection, ledger, over, address
        self.is_open = True

    @property
    def asked(self) -> Asked:
        return self.ledger.asked[-1]

    @property
    def nth(self) -> int:
        """How many requests there were so far, this one included."""
        return len(self.ledger.asked)

    def send(self, data: bytes) -> None:
        self._connection.sendall(data)

    def answer(
        self, body: bytes, status: int = 200, headers: dict[str, str] | None = None, *, length: int | None = None
    ) -> None:
        """A framed answer; `length` is another Content-Length than the true one."""
        stated = {"Content-Type": "application/json", **(headers or {})}
        stated["Content-Length"] = str(len(body) if length is None else length)
        self.send(head(status, stated) + body)

    def unframed(self, body: bytes, **headers: str) -> None:
        """An answer that ends with the connection."""
        self.send(head(200, {"Content-Type": "application/json", "Connection": "close", **headers}) + body)
        self.close()

    def chunked(self, parts: Iterable[bytes], *, end: bytes = b"0\r\n\r\n") -> None:
        self.send(head(200, {"Content-Type": "application/json", "Transfer-Encoding": "chunked"}))
        for part in parts:
            self.send(b"%x\r\n%s\r\n" % (len(part), part))
        self.send(end)

    def page(self, held: list[Record] = ALL, *, total: int | None = -1, **envelope: Any) -> None:
        """The page that was asked for by its number, whole and right; with its total unless that is None."""
        self.give(self.wanted(held), total=len(held) if total == -1 else total, **envelope)

    def give(self, records: list[Record], **envelope: Any) -> None:
        """`records` and what stands around them, whole and right."""
        self.answer(written(records, **envelope))
        self.handed(records)

    def handed(self, records: list[Record]) -> None:
        self.ledger.handed += records

    def wanted(self, held: list[Record] = ALL) -> list[Record]:
        begin = (int(self.asked.query.get("page", "1")) - 1) * SIZE
        return held[begin : begin + SIZE]

    def drip(self, data: Iterable[bytes], pause_s: float) -> None:
        """One piece after the other, until somebody has enough."""
        for piece in data:
            self.send(piece)
            if self._over.wait(pause_s):
                break

    def hush(self) -> None:
        """Say nothing until the test is over."""
        self._over.wait(30)
        self.close()

    def reset(self) -> None:
        """End the connection with a reset instead of an orderly close."""
        self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def close(self) -> None:
        self.is_open = False
        self._connection.close()


Script = Callable[[Talk], None]


@dataclass
class Tormentor:
    address: str
    ledger: Ledger


@contextlib.contextmanager
def tormenting(script: Script) -> Iterator[Tormentor]:
    ledger, over, threads = Ledger(), threading.Event(), list[threading.Thread]()
    listening = socket.create_server(("127.0.0.1", 0))
    address = f"http://127.0.0.1:{listening.getsockname()[1]}"

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listening.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                talk = Talk(connection, ledger, over, address)
                threads.append(threading.Thread(target=converse, args=(connection, talk, script), daemon=True))
                threads[-1].start()

    accepting = threading.Thread(target=accept, daemon=True)
    accepting.start()
    try:
        yield Tormentor(address, ledger)
    finally:
        over.set()
        with contextlib.suppress(OSError):
            listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        accepting.join()
        for thread in threads:
            thread.join()


def converse(connection: socket.socket, talk: Talk, script: Script) -> None:
    """Answer one request after the other, until either side ends it."""
    with contextlib.suppress(OSError), connection, connection.makefile("rb") as coming:
        while talk.is_open and (line := coming.readline()):
            headers = {}
            while stated := coming.readline().strip():
                name, _, value = stated.decode("latin-1").partition(":")
                headers[name.title()] = value.strip()
            parts = urlsplit(line.split()[1].decode())
            body = coming.read(int(headers.get("Content-Length", 0)))
            talk.ledger.asked.append(Asked(parts.path, dict(parse_qsl(parts.query)), headers, body))
            script(talk)


def head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} So", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n"


def written(records: list[Record], **envelope: Any) -> bytes:
    stated = {name: value for name, value in envelope.items() if value is not None}
    return json.dumps({"rows": records, **stated}, ensure_ascii=False).encode()
