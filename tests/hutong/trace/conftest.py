"""The filled lake of the tests of redo, and how a row of it is traced."""

from __future__ import annotations

from typing import Any

from hutong.registry import Registry
from hutong.secrets import Secrets
from hutong.store.paths import Store
from hutong.trace import Trace, find, trace
from hutong.trace.columns import Column
from tests.hutong.redo.conftest import filled_once, registry, secrets, settings, store

__all__ = ["filled_once", "registry", "secrets", "settings", "store"]

AT_0810 = "source_id=L1,period_start=2026-03-18T08:10:00+08:00"


def traced(dataset: str, key: str, registry: Registry, store: Store, secrets: Secrets) -> Trace:
    """The one row that `key` fits, traced."""
    (hit,) = find(registry.dataset(dataset), key, registry, store)
    return trace(registry.dataset(dataset), hit.row, registry, store, secrets)


def column(found: Trace, name: str) -> Column:
    (one,) = [each for each in found.columns if each.name == name]
    return one


def rows(dataset: str, registry: Registry, store: Store) -> list[dict[str, Any]]:
    """All rows of `dataset`."""
    from hutong.lake import rows_of

    found: list[dict[str, Any]] = rows_of(registry.dataset(dataset), registry, store).to_table().to_pylist()
    return found
