"""What connectors/, schemas/ and mappings/ say: read, checked across files, and looked up."""

from hutong.registry.lookup import Registry, Source, open_registry

__all__ = ["Registry", "Source", "open_registry"]
