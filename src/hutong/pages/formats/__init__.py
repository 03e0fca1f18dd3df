"""The formats, one file each."""

from __future__ import annotations

from typing import assert_never

from hutong.model.connector import Stream
from hutong.model.endpoint import Soap
from hutong.model.format import CityJson, Csv, Format, GeoJson, Gtfs, Json, NdJson, Parquet, Xml
from hutong.pages.formats.reading import LANDED, Reading

__all__ = ["LANDED", "Reading", "reading_of"]


def reading_of(stream: Stream) -> Reading:
    """How the answers of `stream` are read; the libraries of a format are loaded only now."""
    if isinstance(stream.endpoint, Soap):
        from hutong.pages.formats.soap import SoapReading

        return SoapReading()
    reading = _reading(stream.format, stream.never_keep)
    member = None if isinstance(stream.format, Parquet | Gtfs) else stream.format.member
    if member is None:
        return reading
    from hutong.pages.formats.zipped import ZippedReading

    return ZippedReading(reading, member)


def _reading(form: Format, never_keep: list[str]) -> Reading:
    match form:
        case Json():
            from hutong.pages.formats.json import JsonReading

            return JsonReading(form.encoding)
        case NdJson():
            from hutong.pages.formats.ndjson import NdJsonReading

            return NdJsonReading(form.encoding)
        case GeoJson():
            from hutong.pages.formats.geojson import GeoJsonReading

            return GeoJsonReading(form.encoding)
        case CityJson():
            from hutong.pages.formats.cityjson import CityJsonReading

            return CityJsonReading(form.encoding)
        case Csv():
            from hutong.pages.formats.csv import CsvReading

            return CsvReading(form, never_keep)
        case Xml():
            from hutong.pages.formats.xml import XmlReading

            return XmlReading(form.encoding)
        case Parquet():
            from hutong.pages.formats.parquet import ParquetReading

            return ParquetReading()
        case Gtfs():
            from hutong.pages.formats.gtfs import GtfsReading

            return GtfsReading(form)
        case _:
            assert_never(form)
