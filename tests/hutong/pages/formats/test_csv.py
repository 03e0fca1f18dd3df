import pytest

from hutong.pages import Garbled
from tests.hutong.pages.formats.reading import read


def test_rows_are_records_of_texts() -> None:
    body = '路口,流量\r\n解放碑,12\r\n"a ""b"", c\nd",\r\n'.encode()
    assert read(body, "csv") == [{"路口": "解放碑", "流量": "12"}, {"路口": 'a "b", c\nd', "流量": ""}]


def test_lines_above_the_names_are_left_out_and_another_delimiter_is_taken() -> None:
    assert read(b"made by X\n\na;b\n1,5;2\n", {"type": "csv", "skip": 2, "delimiter": ";"}) == [{"a": "1,5", "b": "2"}]


def test_a_file_without_a_line_of_names_takes_the_declared_ones() -> None:
    assert read(b"1,2\n3,4\n", {"type": "csv", "columns": ["a", "b"]}) == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


def test_a_row_of_another_length_is_a_record_that_is_counted_and_refused_later() -> None:
    assert read(b"a,b\n1\n2,3\n4,5,6\n", "csv") == [{"value": ["1"]}, {"a": "2", "b": "3"}, {"value": ["4", "5", "6"]}]


def test_empty_lines_are_no_rows_but_an_empty_text_is() -> None:
    assert read(b'a\n\n1\n""\n\n', "csv") == [{"a": "1"}, {"a": ""}]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no line of names"),
        (b"a,,c\n1,2,3\n", "column 2 has no name in line 1"),
        (b"a,b,a\n1,2,3\n", "column 3 has the name of another one"),
        (b'a,b\n1,2\n3,"4\n5,6\n', "cut short, at line 4"),
        (b'a,b\n1,2\n"3"x,4\n', "at line 3"),
        (b"a,b\n1,\x002\n", "NUL character at byte 6"),
        (b"a\n" + b"x" * (17 * 1024 * 1024), "at line 2: field larger"),
        (b"<!DOCTYPE html>\n<p>log in</p>", "HTML"),
        ("名\n渝\n".encode("gbk"), "not UTF-8 at byte 0"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_text_that_is_no_such_table_is_garbled(body: bytes, said: str) -> None:
    with pytest.raises(Garbled, match=said):
        read(body, "csv")
