"""The police platform: SOAP in GBK, a licence serial as credential, and a row cap instead of paging.

Where the city speaks the dialect "gat1049", the objects of the signal system are not asked over SOAP: they come as
GA/T 1049 messages, see `citysim.services.gat1049`.
"""

import hmac
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote
from xml.sax.saxutils import escape

from lxml import etree
from starlette.applications import Starlette

from citysim.clock import from_beijing_text
from citysim.laps import Laps
from citysim.services.answer import Answer, Asked, Handler, application
from citysim.services.credentials import Credentials
from citysim.services.gat1049 import element, messages
from citysim.services.served import ServedLog
from citysim.views import police_records, police_signals
from citysim.views import traffic_safety as view
from citysim.views.city import City, Shown, View

NAMESPACE = "http://ws.trffweb.qy.com"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"
MEDIA_TYPE = "text/xml; charset=GBK"
LOGGED: frozenset[str] = frozenset()
"""Nothing: this platform is asked in the body, and `Answer.query` names the window."""


@dataclass(frozen=True, slots=True)
class Interface:
    """What one interface id (jkid) answers. cap: most rows in one answer; None where there is no window to ask for."""

    view: Callable[[City], View]
    cap: int | None = None
    is_of_signals: bool = False


ACCIDENTS = "03C01"
INTERFACES: Mapping[str, Interface] = {
    ACCIDENTS: Interface(view.accidents, 1000),
    "04C01": Interface(police_records.violations, 1000),
    "08C01": Interface(police_records.controls),
    "62C02": Interface(police_records.devices),
    "09C01": Interface(police_signals.crossings, is_of_signals=True),
    "09C02": Interface(police_signals.controllers, is_of_signals=True),
    "09C03": Interface(police_signals.cross_lanes, is_of_signals=True),
    "09C11": Interface(police_signals.cross_states, 1000, is_of_signals=True),
    "09C12": Interface(police_signals.lights, 5000, is_of_signals=True),
    "09C13": Interface(police_signals.cross_traffic, 1000, is_of_signals=True),
}
"""By jkid. Only the shape of these ids is known from outside, so all but the checkpoints' are made up."""


class _Malformed(Exception):
    """The request is no call of queryObjectOut."""


class _Refused(Exception):
    """The call is understood and answered with an error code inside HTTP 200."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(said)
        self.code, self.said = code, said


def traffic_safety(laps: Laps, credentials: Credentials, served: ServedLog, row_cap: int = 10) -> Starlette:
    """The service. row_cap: most accidents in one answer; the rest of the window is left out without a word."""
    city = laps.city
    speaks_gat1049 = city.variants["traffic_safety"] == "gat1049"

    def query(asked: Asked) -> Answer:
        try:
            call = _call(asked.body)
        except _Malformed as problem:
            return _fault("soapenv:Client", str(problem), 500)
        try:
            # The exchange server of a GA/T 1049 city lets in by the token of its session, whatever is asked.
            _check_licence(asked.headers.get("token", "") if speaks_gat1049 else call["jkxlh"], credentials)
            interface = INTERFACES.get(call["jkid"])
            if interface is None or (interface.is_of_signals and speaks_gat1049):
                raise _Refused("0", "接口标识不存在")
            window: dict[str, str] = {}
            if interface.cap is None:
                rows = _visible(interface.view(city), laps.now_s(city))
            else:
                begin, end, window = _window(call["QueryXmlDoc"])
                cap = row_cap if call["jkid"] == ACCIDENTS else interface.cap
                rows = _between(laps, interface.view, begin, end)[:cap]
        except _Refused as refused:
            return _answer(refused.code, refused.said, [])
        return _answer("1", "数据下载成功", rows, {"jkid": call["jkid"], **window})

    handlers: dict[tuple[str, str], Handler] = {("POST", "/services/TmriOutAccess"): query}
    if speaks_gat1049:
        handlers |= messages(laps, credentials)
    return application(
        handlers,
        served=served,
        logged_params=LOGGED,
        not_found=lambda asked: _fault("soapenv:Client", "服务不存在", 404),
        broken=_fault("soapenv:Server", "系统内部错误", 500),
    )


def _between(laps: Laps, view_of: Callable[[City], View], begin: datetime, end: datetime) -> list[Shown]:
    """The records of all laps that are visible now and stamped in [begin, end)."""
    found: list[Shown] = []
    for lap in laps.begun():
        begin_s, end_s = ((moment - lap.recording_start).total_seconds() for moment in (begin, end))
        found += [one for one in _visible(view_of(lap), laps.now_s(lap)) if begin_s <= one.stamp_s < end_s]
    return found


def _visible(shown: View, now_s: float) -> list[Shown]:
    """The records that the platform shows at `now_s`: of an accident, the revision known last."""
    known = [one for one in shown.shown if one.known_s <= now_s]
    if shown.stream != "accidents":
        return known
    newest: dict[str, float] = {}
    for one in known:
        number = one.record_id.partition("@")[0]
        newest[number] = max(newest.get(number, -math.inf), one.known_s)
    return [one for one in known if newest[one.record_id.partition("@")[0]] == one.known_s]


def _check_licence(sent: str, credentials: Credentials) -> None:
    if not hmac.compare_digest(sent.encode(), credentials.police_licence.encode()):
        raise _Refused("-1", "接口序列号无效")


def _call(body: bytes) -> dict[str, str]:
    """The parameters of the queryObjectOut call in the request."""
    root = _parsed(body)
    call = root.find(f"{{{SOAP}}}Body/{{{NAMESPACE}}}queryObjectOut")
    if call is None:
        raise _Malformed("没有找到 queryObjectOut 操作")
    sent = {etree.QName(part).localname: part.text or "" for part in call.iterchildren(tag=etree.Element)}
    missing = [name for name in ("xtlb", "jkxlh", "jkid", "QueryXmlDoc") if name not in sent]
    if missing:
        raise _Malformed(f"缺少参数 {missing[0]}")
    return sent


def _window(document: str) -> tuple[datetime, datetime, dict[str, str]]:
    """Begin and end of the asked window, and its two texts. The texts are URL-encoded UTF-8 inside GBK XML."""
    try:
        condition = _parsed(document.encode("gb18030")).find("QueryCondition")
    except _Malformed:
        condition = None
    if condition is None:
        raise _Refused("0", "查询条件格式错误")
    window = {name: unquote(condition.findtext(name) or "", encoding="utf-8") for name in ("kssj", "jssj")}
    try:
        return from_beijing_text(window["kssj"]), from_beijing_text(window["jssj"]), window
    except ValueError:
        raise _Refused("0", "查询时间格式错误") from None


def _parsed(body: bytes) -> etree._Element:
    """The root of an XML document that is in GBK whatever its header says. Entities are not resolved."""
    try:
        text = body.decode("gb18030").lstrip("\ufeff \r\n\t")
        if text.startswith("<?xml"):
            text = text.partition("?>")[2]
        return etree.fromstring(text, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False))
    except (UnicodeDecodeError, ValueError, etree.XMLSyntaxError):
        raise _Malformed("请求报文不是有效的XML") from None


def _answer(code: str, said: str, rows: Sequence[Shown], query: Mapping[str, str] | None = None) -> Answer:
    items = "".join(element("item", one.record) for one in rows)
    inner = (
        f'<?xml version="1.0" encoding="GBK"?><root><head><code>{code}</code><message>{escape(said)}</message>'
        f"<rownum>{len(rows)}</rownum></head><body>{items}</body></root>"
    )
    result = (
        f'<ns1:queryObjectOutResponse xmlns:ns1="{NAMESPACE}" soapenv:encodingStyle="{ENCODING}">'
        f'<queryObjectOutReturn xsi:type="xsd:string">{escape(inner)}</queryObjectOutReturn>'
        "</ns1:queryObjectOutResponse>"
    )
    return Answer(
        _envelope(result),
        MEDIA_TYPE,
        record_ids=[one.record_id for one in rows],
        fault_ids=[one.record_id for one in rows if one.fault is not None],
        query=query or {},
    )


def _fault(code: str, said: str, status: int) -> Answer:
    body = f"<soapenv:Fault><faultcode>{code}</faultcode><faultstring>{escape(said)}</faultstring></soapenv:Fault>"
    return Answer(_envelope(body), MEDIA_TYPE, status)


def _envelope(body: str) -> bytes:
    return (
        f'<?xml version="1.0" encoding="GBK"?><soapenv:Envelope xmlns:soapenv="{SOAP}"'
        ' xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f"<soapenv:Body>{body}</soapenv:Body></soapenv:Envelope>"
    ).encode("gbk")
