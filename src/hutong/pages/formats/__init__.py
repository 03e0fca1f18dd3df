"""The formats, one file each."""

from __future__ import annotations

from hutong.model.connector import Stream
from hutong.model.endpoint import Soap
from hutong.model.format import Json, Xml
from hutong.pages.formats.reading import LANDED, Reading

__all__ = ["LANDED", "Reading", "reading_of"]


def reading_of(stream: Stream) -> Reading:
    """How the answers of `stream` are read; the libraries of a format are loaded only now."""
    if isinstance(stream.endpoint, Soap):
        from hutong.pages.formats.soap import SoapReading

        return SoapReading()
    match stream.format:
        case Json() as form:
            from hutong.pages.formats.json import JsonReading

            return JsonReading(form.encoding)
        case Xml() as form:
            from hutong.pages.formats.xml import XmlReading

            return XmlReading(form.encoding)
        case form:
            raise NotImplementedError(form.type)
