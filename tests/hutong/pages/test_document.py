import html

import pytest

from hutong.model.bounds import Limits
from hutong.model.connector import Stream
from hutong.pages import Garbled, document, records, select, without
from tests.hutong.making import stream

INNER = '<?xml version="1.0" encoding="GBK"?><root><head><code>1</code></head><body>{}</body></root>'
OUTER = (
    '<?xml version="1.0" encoding="GBK"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    "<queryObjectOutReturn>{}</queryObjectOutReturn></s:Body></s:Envelope>"
)

SOAP = {"transport": "soap", "path": "/out", "operation": "query", "namespace": "http://a.test", "query_part": "doc"}


def soap(items: str) -> bytes:
    return OUTER.format(html.escape(INNER.format(items))).encode("gb18030")


@pytest.fixture
def police() -> Stream:
    return stream(endpoint=SOAP, data_selector="body.item", never_keep=["jszh"], personal=["hphm"])


def test_a_soap_answer_in_gbk_is_read_with_the_rare_characters_that_gbk_lacks(police: Stream) -> None:
    body = soap("<item><hphm>渝A12345</hphm><xm>䶮</xm></item>")
    assert records(body, "text/xml; charset=utf-8", police) == [{"hphm": "渝A12345", "xm": "䶮"}]


def test_one_item_is_a_list_of_one_and_no_item_a_list_of_none(police: Stream) -> None:
    assert len(records(soap("<item><a>1</a></item><item><a>2</a></item>"), "text/xml", police)) == 2
    assert len(records(soap("<item><a>1</a></item>"), "text/xml", police)) == 1
    assert records(soap(""), "text/xml", police) == []


def test_fields_never_kept_are_cut_from_the_bytes_and_nothing_else(police: Stream) -> None:
    body = soap("<item><hphm>渝A12345</hphm><jszh>500112199001011234</jszh></item>")
    cut = without(body, "text/xml", police)
    assert b"500112199001011234" not in cut
    assert records(cut, "text/xml", police) == [{"hphm": "渝A12345"}]


def test_fields_never_kept_are_cut_from_json_at_any_depth() -> None:
    asked = stream(never_keep=["phone"])
    cut = without('{"rows": [{"a": "渝", "who": {"phone": "138"}, "phone": 1}]}'.encode(), "application/json", asked)
    assert document(cut, "application/json", asked) == {"rows": [{"a": "渝", "who": {}}]}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html><body>login</body></html>", "HTML"),
        (b'{"rows": [{"a": 1}', "cut short"),
        (b'{"rows": [{"a": NaN}]}', "NaN"),
        (b'{"rows": ' + b"[" * 300 + b"]" * 300 + b"}", "deeper"),
        (b'{"rows": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "deeper"),
        ('{"rows": "渝"}'.encode("gbk"), "not UTF-8"),
        (b'{"other": []}', "no 'rows'"),
        (b'{"rows": [{"a": ' + b"9" * 5000 + b"}]}", "thousands of digits"),
        (b"[1, 2]", "no 'rows'"),
    ],
)
def test_a_json_answer_that_is_not_what_was_declared_is_garbled(body: bytes, said: str) -> None:
    with pytest.raises(Garbled, match=said):
        select(document(body, "application/json", stream(), Limits()), stream())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"<html><body>login</body></html>", "HTML|no return"),
        (soap("<item><a>1</a></item>")[:-30], "cut short"),
        (b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "document type"),
        (b"<Envelope><Body><Fault><faultstring>no</faultstring></Fault></Body></Envelope>", "SOAP fault: no"),
        ('<?xml version="1.0" encoding="utf-8"?><a>渝</a>'.encode("gbk"), "not UTF-8 at byte 41"),
    ],
)
def test_a_soap_answer_that_is_not_what_was_declared_is_garbled(body: bytes, said: str, police: Stream) -> None:
    with pytest.raises(Garbled, match=said):
        records(body, "text/xml", police)
