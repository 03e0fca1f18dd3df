"""A connector for one table of a database, and what pulling it gives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hutong.extract.stage import extract
from hutong.model.batch import Page, Resume, Sequence
from hutong.model.connector import Connector
from hutong.secrets import Secret
from tests.peers.servers import READER, READER_PASSWORD, Server

NOW = datetime(2026, 3, 18, 0, 30, tzinfo=UTC)
SECRETS = {"front_user": READER, "front_password": READER_PASSWORD}
LOGIN = {"type": "database_login", "username": "front_user", "password": "front_password"}


def connector(server: Server, endpoint: dict[str, Any], stream: dict[str, Any] | None = None, **more: Any) -> Connector:
    """A connector of the one stream `rows`, which reads a table of the database `front`."""
    return Connector.model_validate(
        {
            "platform": "front",
            "title": {"zh": "前置库", "en": "Front-end database"},
            "owner": "nobody",
            "cities": ["500000"],
            "address": server.address("front"),
            "auth": LOGIN,
            "streams": {
                "rows": {
                    "title": {"zh": "行", "en": "Rows"},
                    "endpoint": {"transport": "database", "key": ["id"], **endpoint},
                    **(stream or {}),
                }
            },
            **more,
        }
    )


def pull(at: Connector, since: Resume | None = None, now: datetime = NOW, secrets: Any = SECRETS) -> Iterator[Page]:
    return extract(
        Sequence("front", "rows", "500000"),
        at,
        at.streams["rows"],
        lambda name: Secret(name, secrets[name]),
        since or Resume(),
        now,
    )


def rows(pages: list[Page]) -> list[dict[str, Any]]:
    """All rows, numbers with a point as Decimal, digit for digit."""
    return [json.loads(line, parse_float=Decimal) for page in pages for line in page.body.split(b"\n") if line]


def ids(pages: list[Page]) -> list[int]:
    return [row["id"] for row in rows(pages)]
