import asyncio
import json
from datetime import datetime
from typing import Any

import pytest
from starlette.applications import Starlette

from citysim.clock import BEIJING, CityClock
from citysim.services.answer import Answer, Asked, application
from citysim.services.served import ServedLog


def broken_service() -> Starlette:
    def handler(asked: Asked) -> Answer:
        raise RuntimeError("the password is swordfish")

    clock = CityClock(datetime(2026, 3, 18, tzinfo=BEIJING), datetime(2026, 3, 18, tzinfo=BEIJING))
    return application(
        {("GET", "/"): handler},
        served=ServedLog("any", clock, None),
        logged_params=frozenset(),
        not_found=lambda asked: Answer(b"{}", status=404),
        broken=Answer(b'{"code":500}', status=500),
    )


async def asked_once(service: Starlette, path: str) -> list[dict[str, Any]]:
    """What the service sends for a GET of `path`."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(dict(message))

    scope = {
        "type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "root_path": "", "scheme": "http",
        "query_string": b"", "headers": [(b"host", b"city")], "server": ("city", 80), "http_version": "1.1",
    }  # fmt: skip
    await service(scope, receive, send)
    return sent


def test_a_handler_that_fails_answers_500_and_tells_the_client_nothing(caplog: pytest.LogCaptureFixture) -> None:
    start, body = asyncio.run(asked_once(broken_service(), "/"))
    assert start["status"] == 500
    assert json.loads(body["body"]) == {"code": 500}
    assert "the service failed on GET /" in caplog.text


def test_a_path_nobody_handles_is_answered_by_the_service_itself() -> None:
    start, body = asyncio.run(asked_once(broken_service(), "/a/b"))
    assert (start["status"], body["body"]) == (404, b"{}")
