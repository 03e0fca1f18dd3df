import pytest

from hutong.pages import Garbled, without
from tests.hutong.making import stream
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


def test_what_is_never_kept_is_cut_and_other_lines_stay_as_they_came() -> None:
    """A name may be written with escapes, and may stand twice; a number may have more digits than a double."""
    asked = stream(format="ndjson", data_selector="", never_keep=["photo"])
    body = b'{"a": 1.10000000000000000000001}\n{"a": 1, "ph\\u006fto": "x"}\n{"b": {"photo": 1, "photo": 2}}\n'
    first, second, third = without(body, "application/x-ndjson", asked).splitlines()
    assert first == b'{"a": 1.10000000000000000000001}'
    assert second == b'{"a": 1}'
    assert b"photo" not in third
