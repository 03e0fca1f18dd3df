"""JSON that other readers take without a word: nothing of it is lost, rounded or replaced in silence."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.model.bounds import Limits
from hutong.model.format import Encoding
from hutong.pages import Garbled, records, without
from hutong.pages.formats.json import JsonReading, parse
from tests.hutong.making import stream

CHINESE = {"rows": [{"name": "渝中区 䶮"}]}


def read(text: str | bytes, content_type: str = "", encoding: Encoding | None = None, **limits: int) -> Any:
    body = text.encode() if isinstance(text, str) else text
    return JsonReading(encoding).read(body, content_type, Limits(**limits))


def test_integers_of_any_size_are_exact() -> None:
    assert read('{"a": 1234567890123456789012345678901234567890, "b": -9007199254740993}') == {
        "a": 1234567890123456789012345678901234567890,
        "b": -9007199254740993,
    }


def test_a_fraction_is_the_nearest_double() -> None:
    assert read('{"a": 0.1234567890123456789}') == {"a": 0.1234567890123456789}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("NaN", "NaN"),
        ("-Infinity", "-Infinity"),
        ("1e999", "too large for a double"),
        ("-1.5E+400", "too large for a double"),
        ("1" * 400 + ".0", "too large for a double"),
        ("9" * 5000, "thousands of digits"),
        ('"a', "cut short"),
        ("'a'", "not JSON"),
        ("01", "not JSON"),
        ("", "not JSON"),
    ],
)
def test_what_no_reader_could_hold_is_refused(text: str, said: str) -> None:
    with pytest.raises(Garbled, match=said):
        read(f'{{"rows": [{{"a": {text}}}]}}')


@pytest.mark.parametrize("body", [b"", b" \n", b"\xef\xbb\xbf"])
def test_nothing_is_no_json(body: bytes) -> None:
    with pytest.raises(Garbled, match="empty"):
        read(body)


def test_a_record_that_names_a_field_twice_is_told_apart_with_both_values_and_alone() -> None:
    body = b'{"rows": [{"no": 1, "free": 3}, {"no": 2, "free": 3, "free": 300}, {"no": 3, "free": 5}]}'
    assert records(body, "", stream()) == [
        {"no": 1, "free": 3},
        {"value": '{"no": 2, "free": 3, "free": 300}'},
        {"no": 3, "free": 5},
    ]


def test_one_record_in_place_of_a_list_stays_one_when_it_names_a_field_twice() -> None:
    assert len(records(b'{"rows": {"no": 1, "no": 2}}', "", stream())) == 1


def test_an_envelope_that_names_a_member_twice_is_refused() -> None:
    with pytest.raises(Garbled, match="names 'rows' twice"):
        records(b'{"rows": [], "rows": [{"no": 1}]}', "", stream())


def test_what_must_never_be_kept_is_cut_from_an_object_that_names_it_twice() -> None:
    cut = without(b'{"rows": [{"no": 1, "no": 2, "phone": "138", "phone": "139"}]}', "", stream(never_keep=["phone"]))
    assert records(cut, "", stream()) == [{"value": '{"no": 1, "no": 2}'}]


def test_nesting_is_read_down_to_the_limit_and_no_deeper() -> None:
    def nested(levels: int) -> str:
        return '{"a":' * (levels - 2) + "[[1]]" + "}" * (levels - 2)

    assert read(nested(64), depth=64)
    for levels in (65, 900, 50_000):
        with pytest.raises(Garbled, match="deeper than 64"):
            read(nested(levels), depth=64)


def test_brackets_in_texts_are_no_nesting() -> None:
    assert read(json.dumps({"a": "[{" * 500}), depth=2)


@pytest.mark.parametrize(
    ("name", "content_type", "encoding"),
    [
        ("utf-8", "application/json", None),
        ("utf-8", "application/json; charset=ISO-8859-1", None),
        ("utf-8-sig", "application/json; charset=gbk", None),
        ("gb18030", "text/html; charset=GBK", None),
        ("gb18030", 'application/json;charset="gb2312"', None),
        ("gb18030", "", "gbk"),
        ("gb18030", "application/json; charset=utf-8", "gb18030"),
        ("utf-16", "application/json", None),
        ("utf-16-le", "application/json", None),
        ("utf-16-be", "application/json; charset=utf-8", None),
        ("utf-16-le", "", "utf-16"),
    ],
)
def test_text_is_read_in_the_encoding_it_is_in(name: str, content_type: str, encoding: Encoding | None) -> None:
    assert read(json.dumps(CHINESE, ensure_ascii=False).encode(name), content_type, encoding) == CHINESE


@pytest.mark.parametrize(
    ("body", "content_type", "encoding"),
    [
        ('{"a": "渝中"}'.encode("gbk"), "application/json", None),
        ('{"a": "渝中"}'.encode("gbk"), "application/json; charset=utf-8", None),
        (b'{"a": "\xff\xfe"}', "", None),
        (b'{"a": "\xed\xa0\x80"}', "", None),
        (b'{"a": "\xff\xff"}', "", "gbk"),
        (b"\x89PNG\r\n\x1a\n", "", None),
        ('{"a": "渝"}'.encode("utf-16")[:-1], "", None),
    ],
)
def test_bytes_that_are_not_that_text_are_refused(body: bytes, content_type: str, encoding: Encoding | None) -> None:
    with pytest.raises(Garbled, match=r"at byte|not JSON"):
        read(body, content_type, encoding)


def test_a_header_that_says_gbk_of_utf_8_is_refused_instead_of_read_as_other_characters() -> None:
    body = '{"a": "渝中"}'.encode()
    with pytest.raises(Garbled, match="is UTF-8 too; declare its `encoding`"):
        read(body, "application/json; charset=gbk")
    assert read(body, "application/json; charset=gbk", "utf-8") == {"a": "渝中"}
    assert read("[]", "application/json; charset=gbk") == []


@pytest.mark.parametrize("name", ["gb18030", "utf-16", "utf-8-sig"])
def test_what_is_left_without_the_fields_never_kept_reads_the_same_under_its_header(name: str) -> None:
    header = "application/json; charset=gbk"
    body = json.dumps({"rows": [{"name": "渝䶮\ud800", "phone": "138"}]}).replace("\\u6e1d", "渝").encode(name)
    kept = without(body, header, stream(never_keep=["phone"]))
    assert records(kept, header, stream(never_keep=["phone"])) == [{"name": "渝䶮\ud800"}]


@pytest.mark.parametrize("hidden", ['["]"', '{"a": "}"', '["\\"]"', '["\\\\", "]"'])
def test_depth_does_not_hide_behind_brackets_in_texts(hidden: str) -> None:
    opened = "[" if hidden[0] == "[" else '{"a": '
    text = opened * 3 + hidden + (', "b": ' if opened != "[" else ", ") + opened * 3 + "1"
    for bracket in reversed(opened[0] * 3 + hidden[0] + opened[0] * 3):
        text += "]" if bracket == "[" else "}"
    wrapped = f'{{"texts": ["[{{"], "deep": {text}}}'
    assert read(wrapped, depth=9) == json.loads(wrapped)
    with pytest.raises(Garbled, match="deeper than 7"):
        read(wrapped, depth=7)


class Members(list[tuple[str, Any]]):
    """The members of an object, of which some may have one name."""


TEXTS = st.one_of(
    st.text(max_size=4), st.sampled_from(['"', '""', '\\"', "[", "]", "{}", "\\", "\ud83d", '":"', "\u0022,"])
)
DOCUMENTS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.lists(st.tuples(TEXTS, inner), max_size=3).map(Members)),
    max_leaves=12,
)


def spelled(value: Any, *, escapes: bool) -> str:
    if isinstance(value, Members):
        members = (f"{spelled(name, escapes=escapes)}: {spelled(one, escapes=escapes)}" for name, one in value)
        return "{" + ",".join(members) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(spelled(one, escapes=escapes) for one in value) + "]"
    text = json.dumps(value, ensure_ascii=escapes or (isinstance(value, str) and not value.isprintable()))
    return text.replace('\\"', "\\u0022") if escapes else text


@given(document=DOCUMENTS, escapes=st.booleans(), depth=st.sampled_from([2, 4, 64]))
def test_the_quick_reading_is_the_strict_one(document: Any, escapes: bool, depth: int) -> None:
    text, limits = spelled([document], escapes=escapes), Limits(depth=depth)
    assert outcome(lambda: JsonReading(None).read(text.encode(), "", limits)) == outcome(lambda: parse(text, limits))


def outcome(reading: Callable[[], Any]) -> str:
    """What was read, or why it was not."""
    try:
        return repr(reading())
    except Garbled as wrong:
        return str(wrong)
