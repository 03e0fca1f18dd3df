import pytest

from hutong.pages import Garbled
from tests.hutong.pages.formats.reading import read


def test_each_line_is_a_record_and_unicode_line_ends_within_one_are_text() -> None:
    body = '{"a": "x\u2028y"}\r\n\n{"a": 2}'.encode()
    assert read(body, "ndjson") == [{"a": "x\u2028y"}, {"a": 2}]


def test_a_line_that_is_cut_short_is_named() -> None:
    with pytest.raises(Garbled, match=r"line 2 .*cut short"):
        read(b'{"a": 1}\n{"a": ', "ndjson")


def test_a_line_nested_too_deep_is_garbled() -> None:
    with pytest.raises(Garbled, match=r"line 1 .*deeper than 4"):
        read(b'{"a": [[[[1]]]]}', "ndjson", depth=4)
