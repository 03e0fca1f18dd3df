import io
import struct
import zipfile
import zlib

import pytest

from hutong.pages import Garbled
from tests.hutong.pages.formats.reading import read, zipped

CSV = {"type": "csv", "member": "*.csv"}


def test_the_matching_files_are_read_in_the_order_of_their_names() -> None:
    body = zipped({"b.csv": b"a\n2\n", "readme.txt": b"no", "sub/a.csv": b"a\n3\n", "a.csv": b"a\n1\n"})
    assert read(body, CSV) == [{"a": "1"}, {"a": "2"}, {"a": "3"}]


def test_names_in_gbk_are_matched_as_they_were_meant() -> None:
    plain = zipped({"AAAA.csv": b"a\n1\n", "b.csv": b"a\n2\n"})
    body = plain.replace(b"AAAA", "流量".encode("gbk"))
    assert read(body, {"type": "csv", "member": "流量.csv"}) == [{"a": "1"}]


def test_the_content_has_the_encoding_that_is_declared_for_it() -> None:
    body = zipped({"a.csv": "名\n䶮\n".encode("gb18030")})
    assert read(body, {**CSV, "encoding": "gbk"}, "application/zip; charset=utf-8") == [{"名": "䶮"}]


def forged(declared: int) -> bytes:
    """A zip whose file is 40 MB of zeros and says it has `declared` bytes."""
    body = bytearray(zipped({"a.csv": bytes(40_000_000)}))
    size = struct.pack("<L", 40_000_000)
    for place in (body.index(size), body.rindex(size)):
        body[place : place + 4] = struct.pack("<L", declared)
    return bytes(body)


def overlapping(count: int) -> bytes:
    """A zip of `count` names for one file of 1 MB, as bombs have it."""
    body = zipped({"aaaa.csv": bytes(1_000_000)})
    start = body.index(b"PK\x01\x02")
    entry = body[start : body.index(b"PK\x05\x06")]
    entries = b"".join(entry.replace(b"aaaa", f"{number:04}".encode()) for number in range(count))
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, count % 65536, count % 65536, len(entries), start, 0)
    return body[:start] + entries + end


def encrypted() -> bytes:
    body = bytearray(zipped({"a.csv": b"a\n1\n"}))
    body[body.index(b"PK\x01\x02") + 8] |= 1
    return bytes(body)


def packed_as(method: int) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr("a.csv", b"a\n1\n")
    return packed.getvalue()


def linked() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        link = zipfile.ZipInfo("a.csv")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")
    return packed.getvalue()


def twice() -> bytes:
    return zipped({"a.csv": b"a\n1\n", "b.csv": b"a\n2\n"}).replace(b"b.csv", b"a.csv")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"a\n1\n", "no zip"),
        (zipped({"a.csv": b"a\n1\n" * 100})[:-30], "no zip, or"),
        (zipped({"a.txt": b""}), r"no file that is called \*.csv"),
        (zipped({"../a.csv": b"a\n"}), "leads out"),
        (zipped({"/etc/a.csv": b"a\n"}), "leads out"),
        (zipped({"x/..\\..\\a.csv": b"a\n"}), "leads out"),
        (zipped({"C:\\a.csv": b"a\n"}), "leads out"),
        (zipped({"a.csv": zipped({"b.csv": b"a\n"})}), "a zip itself"),
        (zipped({"a.csv": bytes(40_000_000)}), "more than 10000000 bytes"),
        (forged(100), "more than 10000000 bytes|broken"),
        (overlapping(20), "more than 10000000 bytes|broken"),
        (zipped({f"{n}.csv": b"" for n in range(10_001)}), "more than 10000 files"),
        (encrypted(), "encrypted"),
        (packed_as(zipfile.ZIP_LZMA), "another way than deflate"),
        (linked(), "is a link"),
        (twice(), "twice"),
        (zipped({"a.csv": b"a,a\n1,2\n"}), "in 'a.csv': column 2"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_a_zip_that_is_broken_or_dangerous_is_garbled(body: bytes, said: str) -> None:
    with pytest.raises(Garbled, match=said):
        read(body, CSV, answer_bytes=10_000_000)


def test_a_byte_that_changed_on_the_way_is_noticed() -> None:
    body = bytearray(zipped({"a.csv": b"a\n" + b"12345\n" * 50}))
    body[body.index(zlib.compress(b"a\n" + b"12345\n" * 50)[2:8]) + 6] ^= 4
    with pytest.raises(Garbled, match="broken"):
        read(bytes(body), CSV)
