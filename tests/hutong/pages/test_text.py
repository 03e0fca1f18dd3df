import codecs

import pytest

from hutong.pages import Garbled
from tests.hutong.pages.formats.reading import read

ROWS = "编号,名称\n1,龘䶮\n"
FOUND = [{"编号": "1", "名称": "龘䶮"}]


@pytest.mark.parametrize(
    "body",
    [
        codecs.BOM_UTF8 + ROWS.encode(),
        codecs.BOM_UTF16_LE + ROWS.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + ROWS.encode("utf-16-be"),
        ("\ufeff" + ROWS).encode("gb18030"),
        ROWS.encode(),
    ],
)
def test_a_byte_order_mark_says_the_encoding_before_any_header_and_is_no_text(body: bytes) -> None:
    header = "text/csv; charset=gbk" if body != ROWS.encode() else ""
    assert read(body, "csv", header) == FOUND


@pytest.mark.parametrize("stated", ["gbk", "gb18030", "utf-8", "utf-16"])
def test_what_the_connector_states_counts_before_what_the_header_says(stated: str) -> None:
    body = ROWS.encode({"gbk": "gb18030", "utf-16": "utf-16-be"}.get(stated, stated))
    assert read(body, {"type": "csv", "encoding": stated}, "text/csv; charset=latin1") == FOUND


@pytest.mark.parametrize("charset", ["GB2312", '"gbk"', "GB18030"])
def test_the_header_says_the_encoding_when_nobody_else_does(charset: str) -> None:
    assert read(ROWS.encode("gb18030"), "csv", f"text/csv; Charset={charset}") == FOUND


def test_the_latin_1_that_web_servers_put_on_everything_means_nothing() -> None:
    assert read(ROWS.encode(), "csv", "text/csv; charset=ISO-8859-1") == FOUND
    with pytest.raises(Garbled, match="not UTF-8 at byte 0"):
        read(ROWS.encode("gbk", "replace"), "csv", "text/csv; charset=ISO-8859-1")


def test_a_mark_that_contradicts_the_connector_is_garbled_instead_of_read_as_other_text() -> None:
    with pytest.raises(Garbled, match="mark of utf-8, but its connector says gbk"):
        read(codecs.BOM_UTF8 + ROWS.encode(), {"type": "csv", "encoding": "gbk"})


@pytest.mark.parametrize("form", ["csv", "ndjson", "json", "geojson", "cityjson", "xml"])
def test_bytes_that_are_no_text_are_garbled_with_their_place(form: str) -> None:
    with pytest.raises(Garbled, match="not UTF-8 at byte 3"):
        read(b"abc\xff\xfe", form)
    with pytest.raises(Garbled, match="not GB18030 at byte 2"):
        read(b"ab\x81", {"type": form, "encoding": "gbk"})
