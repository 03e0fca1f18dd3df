"""The same small lake as the tests of publishing."""

from tests.hutong.publish.conftest import registry, secrets, settings, store

__all__ = ["registry", "secrets", "settings", "store"]
