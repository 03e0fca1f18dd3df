"""A page without the fields that its connector lists under `never_keep`."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from lxml import etree

from hutong.model.connector import Stream
from hutong.model.endpoint import Soap
from hutong.pages.document import document, return_of, soap_payload


def without(body: bytes, content_type: str, stream: Stream) -> bytes:
    """`body` with every field named in `stream.never_keep` cut out, at any depth; the same bytes if there is none to
    cut.
    """
    if not stream.never_keep:
        return body
    if isinstance(stream.endpoint, Soap):
        return _xml(body, content_type, set(stream.never_keep))
    return json.dumps(_json(document(body, content_type, stream), set(stream.never_keep)), ensure_ascii=False).encode()


def _json(found: Any, names: Collection[str]) -> Any:
    if isinstance(found, dict):
        return {name: _json(value, names) for name, value in found.items() if name not in names}
    return [_json(value, names) for value in found] if isinstance(found, list) else found


def _xml(body: bytes, content_type: str, names: Collection[str]) -> bytes:
    envelope, inner = soap_payload(body, content_type)
    for element in [e for e in inner.iter() if isinstance(e.tag, str) and etree.QName(e).localname in names]:
        parent = element.getparent()
        if parent is not None:
            parent.remove(element)
    holder = return_of(envelope)
    assert holder is not None  # soap_payload found it
    holder.text = etree.tostring(inner, encoding="unicode")
    # lxml writes GBK as it was declared; GB 18030 also holds the characters of names that GBK lacks.
    text = etree.tostring(envelope, encoding="unicode")
    return f'<?xml version="1.0" encoding="GB18030"?>\n{text}'.encode("gb18030")
