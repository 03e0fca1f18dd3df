"""hutong 互通: a gateway that joins a city's platforms into common base datasets.

The shop window: the few names that a DAG or a notebook needs. Each is loaded when it is first asked for, so that
`hutong --help` does not wait for the lake's libraries.

>>> import hutong
>>> "query" in hutong.__all__
True
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hutong.errors import HutongError
    from hutong.lake import query
    from hutong.pipeline import land_new, publish_waiting
    from hutong.registry import Registry, open_registry
    from hutong.secrets import resolver
    from hutong.store.paths import Store

__all__ = [
    "HutongError",
    "Registry",
    "Store",
    "land_new",
    "open_registry",
    "publish_waiting",
    "query",
    "resolver",
]

_HOMES = {
    "HutongError": "hutong.errors",
    "Registry": "hutong.registry",
    "Store": "hutong.store.paths",
    "land_new": "hutong.pipeline",
    "open_registry": "hutong.registry",
    "publish_waiting": "hutong.pipeline",
    "query": "hutong.lake",
    "resolver": "hutong.secrets",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'hutong' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
