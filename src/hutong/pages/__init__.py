"""What a page says: bytes -> document -> records. Used by whoever reads a page, before it lands and ever after."""

from hutong.pages.batch import contents_of, records_of
from hutong.pages.collector import without_collector
from hutong.pages.document import document, without
from hutong.pages.garbled import Garbled
from hutong.pages.raw import raw_text
from hutong.pages.select import elements, look, records, select

__all__ = [
    "Garbled",
    "contents_of",
    "document",
    "elements",
    "look",
    "raw_text",
    "records",
    "records_of",
    "select",
    "without",
    "without_collector",
]
