"""Bytes as text: which encoding they are in, and the way back.

Nothing is guessed: an encoding is declared by somebody, or it is UTF-8, and what does not fit is refused.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from hutong.model.format import Encoding
from hutong.pages.garbled import Garbled

_CODECS = {
    "utf-8": "utf-8",
    "utf8": "utf-8",
    "us-ascii": "utf-8",
    "ascii": "utf-8",
    # GB 18030 reads all that GBK and GB 2312 do, and the rare characters of names that they lack.
    "gbk": "gb18030",
    "gb2312": "gb18030",
    "cp936": "gb18030",
    "gb18030": "gb18030",
    "utf-16": "utf-16",
    "utf-16le": "utf-16-le",
    "utf-16be": "utf-16-be",
}
_OLD = {"iso-8859-1": "iso8859-1", "latin1": "iso8859-1", "windows-1252": "cp1252", "big5": "big5"}
"""Read where a document itself declares them. In a header they are a web server's default and mean nothing."""
_MARKS = {
    b"\xef\xbb\xbf": "utf-8",
    b"\xff\xfe": "utf-16-le",
    b"\xfe\xff": "utf-16-be",
    b"\x84\x31\x95\x33": "gb18030",
}
_CHARSET = re.compile(r"charset\s*=\s*\"?([A-Za-z0-9_.-]+)", re.IGNORECASE)
_HTML = ("<!doctype html", "<html")


@dataclass(frozen=True, slots=True)
class Text:
    """A body as text, without its byte order mark (`mark`)."""

    text: str
    codec: str
    mark: bytes

    def encoded(self, text: str) -> bytes:
        """Another text as bytes that will be read as this body was."""
        return self.mark + text.encode(self.codec)


def decode(body: bytes, content_type: str, stated: Encoding | None, own: str | None = None) -> Text:
    """`body` as text: by its byte order mark, else as `stated` by its connector, else as `own` by the document itself,
    else by the charset of `content_type`, else as UTF-8.

    Raises Garbled, with the byte, for what cannot be read so, for what could be read in another way too, for NUL
    characters, and for an HTML page.
    """
    mark = next((mark for mark in _MARKS if body.startswith(mark)), b"")
    codec = _codec(body, content_type, stated, own)
    if mark and stated and not _MARKS[mark].startswith(_CODECS[stated]):
        raise Garbled(f"the answer begins with the mark of {_MARKS[mark]}, but its connector says {stated}")
    codec = _MARKS[mark] if mark else codec
    try:
        text = body[len(mark) :].decode(codec)
    except UnicodeDecodeError as wrong:
        raise Garbled(f"the answer is not {_shown(codec)} at byte {len(mark) + wrong.start}") from None
    if codec == "gb18030" and not (mark or stated or own or body.isascii()) and _is_utf8(body):
        # One of the two readings is other characters, and web servers put default labels on everything.
        raise Garbled("the answer says that it is GBK, but is UTF-8 too; declare its `encoding` under `format`")
    if "\0" in text:
        before = len(mark) + len(text[: text.index("\0")].encode(codec))
        raise Garbled(f"the answer holds a NUL character at byte {before}, so it is no {_shown(codec)} text")
    if text.lstrip()[:200].lower().startswith(_HTML):
        raise Garbled("the answer is HTML")
    return Text(text, codec, mark)


def _codec(body: bytes, content_type: str, stated: Encoding | None, own: str | None) -> str:
    codec = _CODECS[stated] if stated else None
    if codec is None and own is not None:
        codec = (_CODECS | _OLD).get(own.lower())
        if codec is None:
            raise Garbled(f"the answer declares the encoding {own}, which is not read here")
    if codec is None:
        charset = _CHARSET.search(content_type)
        codec = _CODECS.get(charset[1].lower(), "utf-8") if charset else "utf-8"
    return _order(body) if codec == "utf-16" else codec


def _is_utf8(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True


def _order(body: bytes) -> str:
    """Which byte of UTF-16 comes first, where no mark says it: digits and separators have a zero in the high one."""
    start = body[:4096]
    return "utf-16-be" if start[::2].count(0) > start[1::2].count(0) else "utf-16-le"


def _shown(codec: str) -> str:
    return codec.upper()


def utf8_bytes(body: bytes, content_type: str, stated: Encoding | None, own: str | None = None) -> bytes | None:
    """The bytes of `body` without its mark if they are to be read as UTF-8, as `decode` decides; else None.

    Nothing of them is looked at: a reader that refuses whatever is no UTF-8 must follow.
    """
    mark = next((mark for mark in _MARKS if body.startswith(mark)), b"")
    if mark and stated and not _MARKS[mark].startswith(_CODECS[stated]):
        return None
    codec = _MARKS[mark] if mark else _codec(body, content_type, stated, own)
    return body[len(mark) :] if codec == "utf-8" else None
