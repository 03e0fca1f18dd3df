"""A small lake that publishes fast, filled at any moment of the past."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hutong.land.stage import land
from hutong.model.batch import Page, Sequence
from hutong.registry import Registry
from hutong.store.paths import Store
from tests.hutong.publish.conftest import registry, secrets, settings, store

__all__ = ["registry", "secrets", "settings", "store"]

NOW = datetime.now(UTC)
FLOW = Sequence("transport_info", "section_flow", "500000")


def land_at(
    registry: Registry,
    store: Store,
    rows: list[dict[str, Any]],
    days_ago: float,
    resume: str | None = None,
    sequence: Sequence = FLOW,
) -> None:
    """Land `rows` as one batch that was fetched `days_ago`; the page's cursor is the number of those days."""
    source = registry.source(sequence.platform, sequence.stream)
    body = json.dumps({"code": "0000", "data": {"total": len(rows), "rows": rows}}).encode()
    fetched_at = NOW - timedelta(days=days_ago)
    page = Page(
        "http://127.0.0.1/flow",
        200,
        "application/json",
        body,
        fetched_at,
        0.1,
        1,
        len(rows),
        f"{days_ago} days ago",
        resume,
        "proven",
    )
    land(sequence, source.stream, [page], store, None)
