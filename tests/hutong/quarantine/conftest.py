"""A small lake of section flows, with repairs written into a root of the test's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from hutong.lake import query
from hutong.meaning import check_meaning
from hutong.registry import Registry, open_registry
from hutong.registry.repairs import folder_of
from hutong.settings import Settings
from hutong.store.paths import Store
from tests.hutong.publish.conftest import registry, secrets, settings, store

__all__ = ["registry", "secrets", "settings", "store"]

Write = Callable[..., Registry]


@pytest.fixture
def write(settings: Settings) -> Write:
    """Write a repair of section_flow, checked; the registry with it."""

    def written(name: str, **said: Any) -> Registry:
        path = folder_of(settings.root, "transport_info", "section_flow") / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        whole = {
            "stream": "transport_info.section_flow",
            "reason": "the platform's owner said so",
            "author": "li.wei",
            "date": "2026-03-18",
            **{("from" if key == "from_" else key): value for key, value in said.items()},
        }
        path.write_text(yaml.safe_dump(whole, allow_unicode=True, sort_keys=False), encoding="utf-8")
        found = open_registry(settings)
        assert check_meaning(found) == []
        return found

    return written


def ask(sql: str, registry: Registry, store: Store) -> list[tuple[Any, ...]]:
    return [tuple(row.values()) for row in query(sql, registry, store).to_pylist()]


def kept(registry: Registry, store: Store) -> list[tuple[Any, ...]]:
    """Record, rule, status and what settled it, of every finding."""
    return ask("SELECT record, rule, status, settled_by FROM quarantine ORDER BY ALL", registry, store)
