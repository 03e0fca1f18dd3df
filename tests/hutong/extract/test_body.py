"""Bodies as they come off the line: packed, in pieces, and no more of them than may be."""

from __future__ import annotations

import gzip
import random
import zlib
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hutong.extract.body import CHUNK, Cut, unpacked

TEXT = random.Random(7).randbytes(300) * 900 + b" " * 1_000_000
GZIP, ZLIB = 31, 15


def raw(text: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-15)
    return packer.compress(text) + packer.flush()


def pieces(body: bytes, size: int) -> Iterator[bytes]:
    return (body[at : at + size] for at in range(0, len(body), size))


PACKED = [(gzip.compress(TEXT), GZIP), (zlib.compress(TEXT), ZLIB), (raw(TEXT), ZLIB)]


@pytest.mark.parametrize("size", [2, 7, 1000, 10**9])
@pytest.mark.parametrize(("body", "window"), PACKED, ids=["gzip", "zlib", "raw"])
def test_it_unpacks_to_the_same_in_whatever_pieces_it_comes(body: bytes, window: int, size: int) -> None:
    parts = list(unpacked(pieces(body, size), window))
    assert b"".join(parts) == TEXT
    assert max(map(len, parts)) <= CHUNK


@settings(max_examples=50)
@given(st.integers(min_value=1, max_value=len(PACKED[0][0]) - 1))
def test_wherever_gzip_is_cut_it_shows(at: int) -> None:
    with pytest.raises(Cut):
        list(unpacked([PACKED[0][0][:at]], GZIP))


def test_members_of_gzip_are_read_one_after_the_other_wherever_they_touch() -> None:
    body = gzip.compress(b"one") + gzip.compress(b"") + gzip.compress(b"two") + b"\0" * 512
    for size in range(1, 60):
        assert b"".join(unpacked(pieces(body, size), GZIP)) == b"onetwo"


def test_what_follows_gzip_and_is_none_is_damage() -> None:
    with pytest.raises(Cut):
        list(unpacked([gzip.compress(b"one") + b"two"], GZIP))


def test_nothing_unpacks_to_nothing() -> None:
    assert list(unpacked([], GZIP)) == []
