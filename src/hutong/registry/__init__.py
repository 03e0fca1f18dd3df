"""What connectors/, schemas/ and mappings/ say: read, checked across files, and looked up."""

from hutong.registry.build import open_registry, open_sound
from hutong.registry.lookup import Registry, Source

__all__ = ["Registry", "Source", "open_registry", "open_sound"]
