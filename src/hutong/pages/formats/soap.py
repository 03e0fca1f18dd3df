"""The document that a SOAP operation returned as a string, as the police's TmriOutAccess does."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from lxml import etree

from hutong.model.bounds import Limits
from hutong.pages.formats.xml import cut_elements, local, parse_xml, plain
from hutong.pages.garbled import Garbled


class SoapReading:
    """See `reading.Reading`. The inner document comes without the tag of its root."""

    def read(self, body: bytes, content_type: str, limits: Limits) -> Any:
        """The inner document; attributes are left out."""
        return plain(_payload(body, content_type)[1], limits, attributes=False)

    def without(self, body: bytes, content_type: str, names: Collection[str]) -> bytes:
        """Elements of the inner document are cut."""
        envelope, inner = _payload(body, content_type)
        cut_elements(inner, names)
        holder = _return_of(envelope)
        assert holder is not None  # _payload found it
        holder.text = etree.tostring(inner, encoding="unicode")
        # lxml writes GBK as it was declared; GB 18030 also holds the characters of names that GBK lacks.
        text = etree.tostring(envelope, encoding="unicode")
        return f'<?xml version="1.0" encoding="GB18030"?>\n{text}'.encode("gb18030")


def _payload(body: bytes, content_type: str) -> tuple[etree._Element, etree._Element]:
    """The SOAP envelope and, parsed from the text it returns, the inner document."""
    envelope = parse_xml(body, content_type)
    fault = envelope.find(".//{*}Fault/{*}faultstring")
    if fault is None:
        fault = envelope.find(".//{*}Fault/faultstring")
    if fault is not None:
        raise Garbled(f"the platform answered with a SOAP fault: {(fault.text or '')[:200]}")
    holder = _return_of(envelope)
    if holder is None or not (holder.text or "").strip():
        raise Garbled("the SOAP answer holds no return value")
    # The inner text declares an encoding of its own, but it has been decoded already.
    return envelope, parse_xml((holder.text or "").encode(), "", "utf-8")


def _return_of(envelope: etree._Element) -> etree._Element | None:
    """The element of a SOAP answer that holds what the operation returned."""
    return next((one for one in envelope.iter() if isinstance(one.tag, str) and local(one).endswith("Return")), None)
