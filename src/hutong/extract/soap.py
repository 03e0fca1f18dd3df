"""The body of a SOAP request, as the police's TmriOutAccess takes it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from lxml import etree

from hutong.model.endpoint import Soap

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
XSD = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
DECLARATION = '<?xml version="1.0" encoding="GBK"?>'
HEADERS: Mapping[str, str] = {"Content-Type": "text/xml; charset=GBK", "SOAPAction": '""'}


def body(request: Soap, params: Mapping[str, str | int], query: Mapping[str, str], licence: str | None) -> bytes:
    """The operation of `request` as SOAP 1.1, rpc/encoded, in GBK.

    Its parts stand in the order of `params`; the licence and the query document follow, unless `params`
    names them too and so gives them a place. Raises ValueError when it names no part for the licence that it is given.
    """
    parts = {name: str(value) for name, value in params.items()}
    if licence is not None:
        if request.licence_part is None:
            raise ValueError("a SOAP endpoint needs `licence_part` for the licence that `auth` declares")
        parts[request.licence_part] = licence
    parts[request.query_part] = query_document(query)
    envelope = etree.Element(f"{{{ENVELOPE}}}Envelope", nsmap={"soapenv": ENVELOPE, "xsd": XSD, "xsi": XSI})
    within = etree.SubElement(envelope, f"{{{ENVELOPE}}}Body")
    called = etree.SubElement(within, f"{{{request.namespace}}}{request.operation}", nsmap={"ns": request.namespace})
    called.set(f"{{{ENVELOPE}}}encodingStyle", ENCODING)
    for name, text in parts.items():
        part = etree.SubElement(called, name)
        part.set(f"{{{XSI}}}type", "xsd:string")
        part.text = text
    # A character that GBK lacks goes as a reference to it.
    return (DECLARATION + etree.tostring(envelope, encoding="unicode")).encode("GBK", "xmlcharrefreplace")


def query_document(query: Mapping[str, str]) -> str:
    """The inner document, which travels as a string. It declares GBK, but its values are percent-encoded UTF-8.

    >>> query_document({"kssj": "08:00:00"})
    '<?xml version="1.0" encoding="GBK"?><root><QueryCondition><kssj>08%3A00%3A00</kssj></QueryCondition></root>'
    """
    root = etree.Element("root")
    condition = etree.SubElement(root, "QueryCondition")
    for name, value in query.items():
        etree.SubElement(condition, name).text = quote(value, safe="")
    return DECLARATION + etree.tostring(root, encoding="unicode")
