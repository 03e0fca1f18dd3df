"""What most commands begin with: the registry, the store and the secrets that the environment names."""

from __future__ import annotations

from typing import NamedTuple

from hutong import settings
from hutong.errors import StoreError
from hutong.registry import Registry, open_registry
from hutong.secrets import Secrets, resolver
from hutong.store.paths import Store, is_there, open_store


class Opened(NamedTuple):
    """Registry, store and secrets of this run."""

    registry: Registry
    store: Store
    secrets: Secrets


def opened(needs_lake: bool = True) -> Opened:
    """Read the environment and the registry. Raises RegistryError, and StoreError when the lake must be there and is
    not.
    """
    now = settings.read()
    secrets = resolver(now)
    store = open_store(now, secrets)
    if needs_lake and not is_there(store):
        raise StoreError(
            f"there is no lake at {now.lake}", "set HUTONG_LAKE, or make one with `hutong sync` or `hutong demo`"
        )
    return Opened(open_registry(now), store, secrets)
