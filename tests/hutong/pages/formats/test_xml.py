import pytest

from hutong.model.bounds import Limits
from hutong.pages import Garbled, document, records
from tests.hutong.making import stream

XML = stream(format="xml", data_selector="flows.flow", carry={"at": "^.flows.@at"})


def test_elements_attributes_and_texts_are_plain_data() -> None:
    body = (
        b'<?xml version="1.0"?><n:flows xmlns:n="urn:x" at="08:00"><!-- two -->'
        b'<n:flow id="1"><a>x<!-- y -->z</a></n:flow>'
        b'<n:flow id="2">text<b/></n:flow></n:flows>'
    )
    assert records(body, "", XML) == [
        {"@id": "1", "a": "xz", "at": "08:00"},
        {"@id": "2", "b": "", "#text": "text", "at": "08:00"},
    ]


def test_no_flow_is_an_empty_list_but_another_document_is_garbled() -> None:
    assert records(b'<flows at="1"/>', "", XML) == []
    assert records(b"<flows/>", "", XML) == []
    with pytest.raises(Garbled, match="no 'flows'; it has error"):
        records(b"<error>busy</error>", "", XML)


def test_an_element_that_says_nil_is_null() -> None:
    body = b'<flows xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><flow><a xsi:nil="true"/><b/></flow></flows>'
    assert records(body, "", stream(format="xml", data_selector="flows.flow")) == [{"a": None, "b": ""}]


@pytest.mark.parametrize("encoding", ["gbk", "gb18030", "utf-8", "utf-16"])
def test_the_encoding_is_the_one_that_the_document_declares(encoding: str) -> None:
    body = f'<?xml version="1.0" encoding="{encoding}"?><flows><flow>渝</flow></flows>'.encode(encoding)
    assert document(body, "text/xml; charset=utf-8", XML) == {"flows": {"flow": "渝"}}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "document type"),
        (b"<!--" + b"x" * 3000 + b'--><!DOCTYPE a [<!ENTITY % b SYSTEM "file:///etc/passwd">]><a/>', "document type"),
        (b"<!--" + b"x" * 3000 + b'--><!DOCTYPE a SYSTEM "http://127.0.0.1:1/a.dtd"><a/>', "document type"),
        (b"<a><b></a>", "broken"),
        (b"<a>" * 70 + b"</a>" * 70, "deeper than 64"),
        (b"<a>" * 100_000, "broken"),
        (b'<?xml version="1.0" encoding="utf-7"?><a/>', "utf-7, which is not read"),
        (b"<a>\x01</a>", "broken"),
        (b"", "broken"),
    ],
    ids=lambda case: case if isinstance(case, str) else "",
)
def test_xml_that_is_broken_or_dangerous_is_garbled(body: bytes, said: str) -> None:
    with pytest.raises(Garbled, match=said):
        document(body, "text/xml", XML, Limits())
