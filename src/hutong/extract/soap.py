"""The body of a SOAP request, as the police's TmriOutAccess takes it."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from lxml import etree

from hutong.model.connector import Request

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
XSD = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
DECLARATION = '<?xml version="1.0" encoding="GBK"?>'
HEADERS: Mapping[str, str] = {"Content-Type": "text/xml; charset=GBK", "SOAPAction": '""'}


def body(request: Request, query: Mapping[str, str], licence: str | None) -> bytes:
    """The operation of `request` as SOAP 1.1, rpc/encoded, in GBK.

    Its parts stand in the order of `request.params`; the licence and the query document follow, unless `params` names
    them too and so gives them a place. Raises ValueError when the request does not name its operation, or names no part
    for the query or the licence that it is given.
    """
    if request.operation is None or request.namespace is None:
        raise ValueError("a SOAP request needs `operation` and `namespace`")
    parts = {name: str(value) for name, value in request.params.items()}
    if licence is not None:
        parts[_named(request.licence_part, "licence_part")] = licence
    if query or request.query_part:
        parts[_named(request.query_part, "query_part")] = query_document(query)
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


def _named(part: str | None, field: str) -> str:
    if part is None:
        raise ValueError(f"a SOAP request needs `{field}` here")
    return part
