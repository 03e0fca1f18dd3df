"""The bytes of an answer: whole or not at all, and no more of them than may be.

Unpacked here and not by urllib3, which takes a packed body that is cut short for a whole one.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Mapping

from urllib3.response import BaseHTTPResponse

CHUNK = 64 * 1024
ACCEPTED = "gzip, deflate"
"""What is asked for. Others are not unpacked here, and a platform that sends them all the same is refused."""
_PACKED = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}


class Cut(Exception):
    """What came is not all of it, or was damaged on the way."""


class TooLarge(Exception):
    """More bytes than may be."""


class Strange(Exception):
    """A framing or a packing that is not read here. The text says which, as a whole clause."""


def is_framed(response: BaseHTTPResponse, headers: Mapping[str, str]) -> bool:
    """Whether the end of the body, not read yet, is marked, so that a cut would show.

    Raises Strange where its end is said in two ways: they may differ, and each server on the way trusts another one.
    """
    framing = headers.get("Transfer-Encoding", "").strip().lower()
    if framing not in ("", "identity", "chunked"):
        raise Strange(f"its answer is sent in a way that is not read here ({ascii(framing)[:40]})")
    if framing == "chunked" and "Content-Length" in headers:
        raise Strange("its answer says its length in two ways")
    # Of a packing the end is marked too.
    return framing == "chunked" or response.length_remaining is not None or _coding(headers) in _PACKED


def body_of(response: BaseHTTPResponse, headers: Mapping[str, str], most: int) -> bytes:
    """The body, unpacked. Raises Cut, TooLarge above `most` bytes, Strange, and what urllib3 raises."""
    coding = _coding(headers)
    if coding not in _PACKED and coding not in ("", "identity"):
        raise Strange(f"its answer is packed in a way that was not asked for ({ascii(coding)[:40]})")
    came = _counted(response.stream(CHUNK, decode_content=False), most)
    return b"".join(_counted(unpacked(came, _PACKED[coding]), most) if coding in _PACKED else came)


def _coding(headers: Mapping[str, str]) -> str:
    return headers.get("Content-Encoding", "").strip().lower()


def _counted(parts: Iterable[bytes], most: int) -> Iterator[bytes]:
    size = 0
    for part in parts:
        size += len(part)
        if size > most:
            raise TooLarge
        yield part


def unpacked(parts: Iterable[bytes], window: int) -> Iterator[bytes]:
    """What `parts` unfold to, at most a `CHUNK` at a time, however much that is. Raises Cut."""
    stream, is_begun = zlib.decompressobj(window), False
    for data in parts:
        left = data
        while left:
            if stream.eof:
                # gzip may come in several members, and some pad the last with zeros.
                left = left.lstrip(b"\0")
                if not left:
                    break
                stream = zlib.decompressobj(window)
            if not is_begun and window == zlib.MAX_WBITS and not _has_zlib_header(left):
                stream = zlib.decompressobj(-window)  # some servers call this deflate
            is_begun = True
            try:
                while part := stream.decompress(left, CHUNK):
                    left = stream.unconsumed_tail
                    yield part
            except zlib.error:
                raise Cut from None
            left = stream.unused_data
    if is_begun and not stream.eof:
        raise Cut


def _has_zlib_header(data: bytes) -> bool:
    """RFC 1950, section 2.2; a first part of one byte is taken to be of such a stream."""
    return len(data) < 2 or (data[0] & 0x0F == 8 and int.from_bytes(data[:2], "big") % 31 == 0)
