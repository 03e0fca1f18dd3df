"""A page's bytes as plain data: dictionaries, lists, text and numbers."""

from __future__ import annotations

import json
import re
from typing import Any

from lxml import etree

from hutong.model.connector import Stream
from hutong.model.endpoint import Soap

DEEPEST = 64
"""Nesting beyond this is refused; no platform needs a tenth of it."""

_GB = {"gbk", "gb2312", "cp936", "gb18030"}


class Garbled(ValueError):
    """The body cannot be read as what its stream declares. The text says why, without quoting the body."""


def document(body: bytes, content_type: str, stream: Stream) -> Any:
    """The document in `body`. SOAP: the inner document that the operation returned, as `{tag: text | child | list}`.

    Raises Garbled when it is HTML, cut short, too deep, or of another encoding than it says.
    """
    if isinstance(stream.endpoint, Soap):
        return _children(soap_payload(body, content_type)[1])
    return _json(body)


def _json(body: bytes) -> Any:
    try:
        found = json.loads(body.decode("utf-8-sig"), parse_constant=_no_constant)
    except UnicodeDecodeError as wrong:
        raise Garbled(f"the answer is not UTF-8 at byte {wrong.start}") from None
    except json.JSONDecodeError as wrong:
        seen = "HTML" if body.lstrip()[:1] == b"<" else "text that is not JSON, or cut short"
        raise Garbled(f"the answer is {seen} (line {wrong.lineno}, column {wrong.colno})") from None
    except Garbled:
        raise
    except ValueError:
        # Python refuses to read integers of more than 4,300 digits.
        raise Garbled("the answer holds a number of thousands of digits") from None
    except RecursionError:
        raise Garbled(f"the answer is nested deeper than {DEEPEST} levels") from None
    if _depth(found) > DEEPEST:
        raise Garbled(f"the answer is nested deeper than {DEEPEST} levels")
    return found


def _no_constant(word: str) -> Any:
    raise Garbled(f"the answer holds {word}, which JSON does not have")


def _depth(found: Any) -> int:
    """Levels of nesting, counted without recursion and no further than needed."""
    level, layer = 0, [found]
    while layer and level <= DEEPEST:
        nested = [part for part in layer if isinstance(part, dict | list)]
        layer = [child for part in nested for child in (part.values() if isinstance(part, dict) else part)]
        level += bool(nested)
        if not nested:
            break
    return level


def soap_payload(body: bytes, content_type: str) -> tuple[etree._Element, etree._Element]:
    """The SOAP envelope and, parsed from the text it returns, the inner document."""
    envelope = parse_xml(body, content_type)
    fault = envelope.find(".//{*}Fault/{*}faultstring")
    if fault is None:
        fault = envelope.find(".//{*}Fault/faultstring")
    if fault is not None:
        raise Garbled(f"the platform answered with a SOAP fault: {(fault.text or '')[:200]}")
    holder = return_of(envelope)
    if holder is None or not (holder.text or "").strip():
        raise Garbled("the SOAP answer holds no return value")
    # The inner text declares an encoding of its own, but it has been decoded already.
    inner = re.sub(r"^\s*<\?xml[^>]*\?>", "", holder.text or "")
    return envelope, parse_xml(inner.encode(), "text/xml; charset=utf-8")


def return_of(envelope: etree._Element) -> etree._Element | None:
    """The element of a SOAP answer that holds what the operation returned."""
    for element in envelope.iter():
        if isinstance(element.tag, str) and etree.QName(element).localname.endswith("Return"):
            return element
    return None


def parse_xml(body: bytes, content_type: str) -> etree._Element:
    """The root of `body`. Entities are never resolved and nothing is fetched."""
    declared = re.search(rb"^[^>]{0,200}?encoding=[\"']([A-Za-z0-9_.-]+)", body[:250]) or re.search(
        rb"charset=\"?([A-Za-z0-9_.-]+)", content_type.encode()
    )
    named = declared[1].decode().lower() if declared else "utf-8"
    # GB 18030 reads all that GBK and GB 2312 do, and the rare characters of names that they lack.
    encoding = "gb18030" if named in _GB else named
    try:
        text = body.decode(encoding)
    except (UnicodeDecodeError, LookupError) as wrong:
        raise Garbled(f"the answer declares {named}, but cannot be read so: {type(wrong).__name__}") from None
    if text.lstrip("\ufeff \t\r\n")[:200].lower().startswith(("<!doctype html", "<html")):
        raise Garbled("the answer is HTML")
    if "<!DOCTYPE" in text[:2000].upper() or "<!ENTITY" in text.upper():
        raise Garbled("the answer declares a document type, which is not accepted")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, encoding="utf-8")
    try:
        root = etree.fromstring(re.sub(r"^\s*<\?xml[^>]*\?>", "", text).encode(), parser)
    except etree.XMLSyntaxError as wrong:
        raise Garbled(f"the answer is XML that is broken or cut short (line {wrong.lineno})") from None
    if etree.QName(root).localname.lower() == "html":
        raise Garbled("the answer is HTML")
    return root


def _children(element: etree._Element) -> Any:
    """An element as its text, or as a dictionary of its children; repeated children become a list."""
    if len(element) == 0:
        return element.text or ""
    found: dict[str, Any] = {}
    for child in element:
        if not isinstance(child.tag, str):
            continue
        name, value = etree.QName(child).localname, _children(child)
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    return found
