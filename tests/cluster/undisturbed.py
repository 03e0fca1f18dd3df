"""Fills the lake that the environment names by the engine alone: `python -m tests.cluster.undisturbed`."""

from __future__ import annotations

from hutong.registry import open_registry
from hutong.secrets import resolver
from hutong.settings import read
from hutong.store.paths import open_store
from tests.conftest import sync_all


def main() -> None:
    settings = read()
    registry, secrets = open_registry(settings), resolver(settings)
    sync_all(registry, open_store(settings, secrets), secrets, registry.connectors)


if __name__ == "__main__":
    main()
