"""One XML document as `{tag: text | children | list}`.

Names are local names; attributes are `@name`, and text beside attributes or children is `#text`. Entities are never
resolved, document types are refused, and nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from lxml import etree

from hutong.model.bounds import Limits
from hutong.model.format import Encoding
from hutong.pages.garbled import Garbled
from hutong.pages.text import decode

_DECLARED = re.compile(rb"^\s*<\?xml[^>]{0,200}?encoding\s*=\s*[\"']([A-Za-z0-9_.:-]+)")
_DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
TAG_BYTES = 8
"""What a tag counts at the least; one of four bytes takes some two hundred in memory."""
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


class XmlReading:
    """See `reading.Reading`."""

    def __init__(self, encoding: Encoding | None) -> None:
        self._encoding = encoding

    def read(self, body: bytes, content_type: str, limits: Limits) -> Any:
        """The document, its root's tag first."""
        if body.count(b"<") > limits.answer_bytes // TAG_BYTES:
            raise Garbled(f"the answer holds more than {limits.answer_bytes // TAG_BYTES} tags (`limits.answer_bytes`)")
        root = parse_xml(body, content_type, self._encoding)
        return {local(root): plain(root, limits)}

    def without(self, body: bytes, content_type: str, names: Collection[str]) -> bytes:
        """Elements and attributes are cut by their local names (`phone`, `@phone`)."""
        root = parse_xml(body, content_type, self._encoding)
        cut_elements(root, names)
        encoding = self._encoding or "utf-8"
        codec = "gb18030" if encoding == "gbk" else encoding
        text = f'<?xml version="1.0" encoding="{codec}"?>\n{etree.tostring(root, encoding="unicode", with_tail=False)}'
        return text.encode(codec)


def parse_xml(body: bytes, content_type: str, encoding: Encoding | None = None) -> etree._Element:
    """The root of `body`. Raises Garbled."""
    declared = _DECLARED.match(body[:400])
    text = decode(body, content_type, encoding, declared[1].decode() if declared else None).text
    if "<!DOCTYPE" in text[:2000].upper() or "<!ENTITY" in text.upper():
        raise Garbled("the answer declares a document type, which is not accepted")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, encoding="utf-8")
    try:
        # The text declares an encoding of its own, but it has been decoded already.
        root = etree.fromstring(_DECLARATION.sub("", text, count=1).encode(), parser)
    except etree.XMLSyntaxError as wrong:
        raise Garbled(f"the answer is XML that is broken or cut short (line {wrong.lineno})") from None
    except ValueError:
        raise Garbled("the answer holds characters that XML does not have") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise Garbled("the answer declares a document type, which is not accepted")
    if local(root).lower() == "html":
        raise Garbled("the answer is HTML")
    return root


def plain(element: etree._Element, limits: Limits, *, attributes: bool = True, level: int = 1) -> Any:
    """An element as its text, or as a dictionary of attributes and children; repeated ones become a list, and one
    that `xsi:nil` empties is None.

    Raises Garbled when it is nested deeper than `limits.depth`.
    """
    if level > limits.depth:
        raise Garbled(f"the answer is nested deeper than {limits.depth} levels")
    found: dict[str, Any] = {}
    if attributes:
        if element.get(_NIL) in ("true", "1"):
            return None
        for name, value in element.attrib.items():
            _add(found, f"@{etree.QName(name).localname}", value)
    text = element.text or ""
    for child in element:
        if isinstance(child.tag, str):
            _add(found, local(child), plain(child, limits, attributes=attributes, level=level + 1))
        text += child.tail or ""
    if not found:
        return text
    if attributes and text.strip():
        _add(found, "#text", text.strip())
    return found


def local(element: etree._Element) -> str:
    """The name of `element` without its namespace."""
    return etree.QName(element).localname


def cut_elements(root: etree._Element, names: Collection[str]) -> None:
    """Take the elements and attributes called `names` out of `root`, at any depth; texts behind them stay."""
    for element in [one for one in root.iter() if isinstance(one.tag, str)]:
        for name in [one for one in element.attrib if f"@{etree.QName(one).localname}" in names]:
            del element.attrib[name]
        parent = element.getparent()
        if parent is None or local(element) not in names:
            continue
        before = element.getprevious()
        if before is None:
            parent.text = (parent.text or "") + (element.tail or "")
        else:
            before.tail = (before.tail or "") + (element.tail or "")
        parent.remove(element)


def _add(found: dict[str, Any], name: str, value: Any) -> None:
    if name not in found:
        found[name] = value
    elif isinstance(found[name], list):
        found[name].append(value)
    else:
        found[name] = [found[name], value]
