"""Servers on loopback that take what alerts send: one for mail, one for webhooks."""

from __future__ import annotations

import asyncio
import email
import email.policy
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

HOST = "127.0.0.1"


@dataclass
class Mails:
    """A mail server. came: every mail, with its parts decoded."""

    port: int = 0
    came: list[EmailMessage] = field(default_factory=list)

    @property
    def texts(self) -> list[str]:
        return ["".join(part.get_content() for part in mail.walk() if not part.is_multipart()) for mail in self.came]


@contextmanager
def mail_server() -> Iterator[Mails]:
    """SMTP, as much of RFC 5321 as a client needs that neither logs in nor encrypts."""
    mails, loop = Mails(), asyncio.new_event_loop()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            match line.upper().split()[:1]:
                case [b"DATA"]:
                    writer.write(b"354 go on\r\n")
                    body = await reader.readuntil(b"\r\n.\r\n")
                    mails.came.append(email.message_from_bytes(body, policy=email.policy.default))  # type: ignore[arg-type]
                    writer.write(b"250 taken\r\n")
                case [b"QUIT"]:
                    writer.write(b"221 bye\r\n")
                    break
                case _:
                    writer.write(b"250 fine\r\n")
        await writer.drain()
        writer.close()

    server = loop.run_until_complete(asyncio.start_server(talk, HOST, 0))
    mails.port = server.sockets[0].getsockname()[1]
    thread = Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield mails
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.close()


@dataclass
class Posts:
    """A webhook. came: the JSON of every POST. status: what it answers. location: whither it sends on."""

    address: str = ""
    came: list[dict[str, Any]] = field(default_factory=list)
    status: int = 200
    location: str = ""


@contextmanager
def webhook() -> Iterator[Posts]:
    posts = Posts()

    class Taking(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posts.came.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(posts.status)
            if posts.location:
                self.send_header("Location", posts.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((HOST, 0), Taking)
    posts.address = f"http://{HOST}:{server.server_address[1]}/robot/send?token=planted-webhook-token"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield posts
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
