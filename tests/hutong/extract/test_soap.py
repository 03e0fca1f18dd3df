"""SOAP in GBK: what is sent, and what comes back."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote
from xml.sax.saxutils import escape

import pytest
from lxml import etree

from hutong.errors import PlatformBusy, PlatformGarbled, PlatformRefused, RegistryError
from hutong.extract import soap
from hutong.model.endpoint import Soap

from .speaking import INCREMENTAL, PLANTED, Asked, Says, connector, pull, speaking

STREAM: dict[str, Any] = {
    "endpoint": {
        "transport": "soap",
        "path": "/services/Out",
        "operation": "queryObjectOut",
        "namespace": "http://ws.example.test",
        "params": {"xtlb": "03", "jkid": "03C01"},
        "licence_part": "jkxlh",
        "query_part": "QueryXmlDoc",
    },
    "success": {"path": "head.code", "values": ["1"], "message": "head.message", "refused": ["-1"]},
    "data_selector": "body.item",
    "paginator": {"type": "window_split", "cap": 10},
    "incremental": INCREMENTAL | {"cursor_path": "gxsj", "start_param": "kssj", "end_param": "jssj"},
    "personal": ["hphm"],
}
LICENCE = {"type": "licence", "secret": "licence"}


def enveloped(inner: str, status: int = 200) -> Says:
    returned = f"<queryObjectOutReturn>{escape(inner)}</queryObjectOutReturn>"
    return in_body(returned, status)


def in_body(content: str, status: int = 200) -> Says:
    envelope = f'<e:Envelope xmlns:e="{soap.ENVELOPE}"><e:Body>{content}</e:Body></e:Envelope>'
    return Says((soap.DECLARATION + envelope).encode("gbk"), status, "text/xml; charset=GBK")


def answer(code: str, message: str, items: str) -> Says:
    head = f"<head><code>{code}</code><message>{message}</message></head>"
    return enveloped(f'<?xml version="1.0" encoding="GBK"?><root>{head}<body>{items}</body></root>')


def parts(asked: Asked) -> dict[str, str]:
    envelope = etree.fromstring(asked.body)
    called = envelope.find(f"{{{soap.ENVELOPE}}}Body/{{http://ws.example.test}}queryObjectOut")
    assert called is not None
    return {str(part.tag): part.text or "" for part in called}


def capped(asked: Asked) -> Says:
    """A platform that shows the newest ten of a window, and checks the licence."""
    told = parts(asked)
    if told["jkxlh"] != PLANTED["licence"]:
        return answer("-1", f"接口序列号无效 {told['jkxlh']}", "")
    query = etree.fromstring(told["QueryXmlDoc"].encode("gbk"))
    start, end = (unquote(query.findtext(f"QueryCondition/{name}") or "") for name in ("kssj", "jssj"))
    times = [f"2026-03-18 {7 + no // 60:02}:{no % 60:02}:00.0" for no in range(45)]
    met = [time for time in times if start <= time < end][-10:]
    return answer("1", "数据下载成功", "".join(f"<item><gxsj>{time}</gxsj><lm>金开大道</lm></item>" for time in met))


def test_a_request_is_rpc_encoded_gbk_with_the_bounds_inside_the_query_document() -> None:
    with speaking(capped) as server:
        list(pull(connector(server.address, STREAM, auth=LICENCE)))
    asked = server.asked[0]
    assert (asked.method, asked.headers["Content-Type"], asked.headers["SOAPAction"]) == (
        "POST",
        "text/xml; charset=GBK",
        '""',
    )
    assert asked.body.startswith(b'<?xml version="1.0" encoding="GBK"?>')
    assert b'encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"' in asked.body
    assert b'type="xsd:string"' in asked.body
    assert parts(asked) == {
        "xtlb": "03",
        "jkid": "03C01",
        "jkxlh": PLANTED["licence"],
        "QueryXmlDoc": '<?xml version="1.0" encoding="GBK"?><root><QueryCondition>'
        "<kssj>2026-03-18%2006%3A30%3A00</kssj><jssj>2026-03-18%2008%3A30%3A01</jssj></QueryCondition></root>",
    }
    assert asked.query == {}


def test_a_capped_platform_is_pulled_completely() -> None:
    with speaking(capped) as server:
        pages = list(pull(connector(server.address, STREAM, auth=LICENCE)))
    assert sum(page.records for page in pages) == 45
    assert (pages[-1].completeness, pages[-1].cursor) == ("proven", "2026-03-18 07:44:00.0")
    assert all("金开大道".encode("gbk") in page.body for page in pages if page.records)


def test_a_refused_licence_is_not_shown_even_when_the_platform_repeats_it() -> None:
    with (
        speaking(lambda asked: answer("-1", f"接口序列号无效 {parts(asked)['jkxlh']}", "")) as server,
        pytest.raises(PlatformRefused, match=r"接口序列号无效 <licence>.*secrets licence") as refused,
    ):
        list(pull(connector(server.address, STREAM, auth=LICENCE)))
    assert PLANTED["licence"] not in str(refused.value)


def test_an_unknown_code_is_garbled_with_the_words_of_the_platform() -> None:
    with (
        speaking(lambda asked: answer("0", "接口不存在", "")) as server,
        pytest.raises(PlatformGarbled, match="code '0', 接口不存在"),
    ):
        list(pull(connector(server.address, STREAM, auth=LICENCE)))


def test_an_empty_body_is_a_window_without_records() -> None:
    with speaking(lambda asked: answer("1", "ok", "")) as server:
        pages = list(pull(connector(server.address, STREAM, auth=LICENCE)))
    assert [(page.records, page.completeness) for page in pages] == [(0, "proven")]


@pytest.mark.parametrize("status", [200, 500])
def test_a_fault_is_garbled_with_its_reason(status: int) -> None:
    fault = "<e:Fault><faultcode>e:Client</faultcode><faultstring>报文格式错误</faultstring></e:Fault>"
    with speaking(lambda asked: in_body(fault, status)) as server, pytest.raises(PlatformGarbled, match="报文格式错误"):
        list(pull(connector(server.address, STREAM, auth=LICENCE)))


def test_a_plain_500_is_busy() -> None:
    with (
        speaking(lambda asked: Says(b"<html>oops</html>", 500, "text/html")) as server,
        pytest.raises(PlatformBusy, match="HTTP 500"),
    ):
        list(pull(connector(server.address, STREAM, auth=LICENCE)))


def test_a_login_page_instead_of_xml_is_garbled() -> None:
    with (
        speaking(lambda asked: Says(b"<html><body><br></body></html>", 200, "text/html")) as server,
        pytest.raises(PlatformGarbled, match="HTML"),
    ):
        list(pull(connector(server.address, STREAM, auth=LICENCE)))


def test_values_are_percent_encoded_utf8_and_other_parts_gbk() -> None:
    request = Soap.model_validate(STREAM["endpoint"] | {"params": {"dwmc": "渝中大队𠮷"}})
    sent = soap.body(request, request.params, {"lm": "金开大道&<"}, "x")
    assert "渝中大队&#134071;".encode("gbk") in sent
    assert b"%E9%87%91%E5%BC%80%E5%A4%A7%E9%81%93%26%3C" in sent


def test_parts_keep_the_order_that_the_connector_gives_them() -> None:
    request = Soap.model_validate(STREAM["endpoint"] | {"params": {"xtlb": "03", "jkxlh": "", "jkid": "03C01"}})
    called = etree.fromstring(soap.body(request, request.params, {}, "x"))[0][0]
    assert [(part.tag, part.text) for part in called][:3] == [("xtlb", "03"), ("jkxlh", "x"), ("jkid", "03C01")]


def test_a_licence_without_a_part_for_it_is_a_mistake_of_the_connector() -> None:
    request = {name: value for name, value in STREAM["endpoint"].items() if name != "licence_part"}
    with pytest.raises(RegistryError, match=r"testing\.things: .*licence_part"):
        list(pull(connector("http://127.0.0.1:1", STREAM | {"endpoint": request}, auth=LICENCE)))
