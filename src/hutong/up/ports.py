"""Which port Airflow gets: the one that is asked for, else the same as last time, so that a bookmark stays good."""

from __future__ import annotations

import socket
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from hutong.errors import AskedWrongly
from hutong.orchestrate.local import HOST, free_port
from hutong.up.state import read

USUAL = 8080


def ports_from(folder: Path, asked: int | None) -> Callable[[], int]:
    """What gives Airflow a port, and another when that was taken meanwhile.

    asked: the only one that will do. Raises AskedWrongly, when called, if that one is in use.
    """
    before = read(folder)
    last = urlsplit(before.address).port if before and before.address else None
    liked = [asked] if asked else [port for port in (last, USUAL) if port]

    def port() -> int:
        while liked:
            if is_free(one := liked.pop(0)):
                return one
        if asked:
            raise AskedWrongly(f"port {asked} is in use", "name another with --port, or leave it out for a free one")
        return free_port()

    return port


def is_free(port: int) -> bool:
    """Whether nobody listens on `port` of loopback."""
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((HOST, port))
        except OSError:
            return False
    return True
