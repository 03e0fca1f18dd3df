"""The small lake of the tests of publishing, for all who need one."""

from tests.hutong.publish.conftest import registry, secrets, settings, store

__all__ = ["registry", "secrets", "settings", "store"]
