"""A FeatureCollection of GeoJSON (RFC 7946)."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from hutong.model.bounds import Limits
from hutong.model.format import Encoding
from hutong.pages.formats.json import JsonReading
from hutong.pages.garbled import Garbled


class GeoJsonReading:
    """See `reading.Reading`."""

    def __init__(self, encoding: Encoding | None) -> None:
        self._json = JsonReading(encoding)

    def read(self, body: bytes, content_type: str, limits: Limits) -> Any:
        """The collection, its features at `features`."""
        found = self._json.read(body, content_type, limits)
        if not isinstance(found, dict) or found.get("type") != "FeatureCollection":
            raise Garbled("the answer is JSON, but no FeatureCollection")
        if not isinstance(found.get("features"), list):
            raise Garbled("the FeatureCollection has no list of features")
        return found

    def without(self, body: bytes, content_type: str, names: Collection[str]) -> bytes:
        """Keys are cut from objects."""
        return self._json.without(body, content_type, names)
