from datetime import datetime, timedelta

import pytest
import requests
from lxml import etree

from citysim.clock import beijing_text
from citysim.services import RunningCity
from citysim.views.city import City
from citysim.views.traffic_safety import accidents

from .asking import call_police

SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"


def inner(answer: requests.Response) -> etree._Element:
    """The inner document of an answer."""
    returned = etree.fromstring(answer.content).find(f"{SOAP}Body//queryObjectOutReturn")
    assert returned is not None
    assert returned.text is not None
    return etree.fromstring(returned.text.encode("gbk"))


def all_rows(city: RunningCity, begin: datetime, end: datetime, cap: int = 10) -> list[dict[str, str | None]]:
    """Every row of the window, splitting it wherever the cap was met."""
    answer = inner(call_police(city, beijing_text(begin), beijing_text(end)))
    rows = [{field.tag: field.text for field in item} for item in answer.iter("item")]
    assert answer.findtext("head/rownum") == str(len(rows))
    if len(rows) < cap:
        return rows
    middle = begin + timedelta(seconds=(end - begin).total_seconds() // 2)
    return all_rows(city, begin, middle, cap) + all_rows(city, middle, end, cap)


def test_the_answer_is_declared_and_sent_in_gbk_inside_and_out(past: RunningCity) -> None:
    start = past.recording_start
    answer = call_police(past, beijing_text(start), beijing_text(start + timedelta(hours=1)))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/xml; charset=GBK"
    assert answer.content.startswith(b'<?xml version="1.0" encoding="GBK"?>')
    assert "渝".encode("gbk") in answer.content
    assert "数据下载成功" in answer.content.decode("gbk")
    assert b'&lt;?xml version="1.0" encoding="GBK"?&gt;' in answer.content
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode("utf-8")


def test_a_window_is_cut_at_ten_rows_and_the_newest_are_left_out(past: RunningCity, city: City) -> None:
    start = past.recording_start
    answer = inner(call_police(past, beijing_text(start), beijing_text(start + timedelta(hours=1))))
    stamps = [item.findtext("gxsj") for item in answer.iter("item")]
    assert answer.findtext("head/rownum") == "10"
    assert len(stamps) == 10
    assert len(accidents(city).shown) > 20
    known = [one.record.get("gxsj") for one in accidents(city).shown]
    assert max(stamp for stamp in stamps if stamp) < max(stamp for stamp in known if stamp)


def test_splitting_the_window_reaches_every_record(past: RunningCity, city: City) -> None:
    start = past.recording_start
    rows = all_rows(past, start, start + timedelta(hours=1))
    newest: dict[str, float] = {}
    for one in accidents(city).shown:
        newest[one.record_id.split("@")[0]] = one.known_s
    wanted = [one.record for one in accidents(city).shown if newest[one.record_id.split("@")[0]] == one.known_s]
    assert rows == wanted


def test_a_window_holds_its_beginning_and_not_its_end(past: RunningCity, city: City) -> None:
    stamps = [city.moment(one.stamp_s) for one in accidents(city).shown if one.fault is None]
    last = beijing_text(max(stamps))
    after = beijing_text(max(stamps) + timedelta(seconds=1))
    assert inner(call_police(past, last, after)).findtext("head/rownum") == "1"
    assert inner(call_police(past, last, last)).findtext("head/rownum") == "0"


def test_a_record_is_shown_from_its_update_on_and_the_older_revision_until_then(
    halfway: RunningCity, city: City
) -> None:
    start = halfway.recording_start
    rows = all_rows(halfway, start, start + timedelta(hours=1), cap=1000)
    shown = accidents(city).shown
    newest: dict[str, float] = {}
    for one in shown:
        if one.known_s <= 900:
            newest[one.record_id.split("@")[0]] = one.known_s
    assert rows == [one.record for one in shown if newest.get(one.record_id.split("@")[0]) == one.known_s]
    assert 0 < len(rows) < len(shown)


def test_a_wrong_licence_is_an_error_code_in_http_200(past: RunningCity) -> None:
    answer = call_police(past, "2026-03-18 08:00:00", "2026-03-18 09:00:00", licence="guess")
    assert answer.status_code == 200
    assert inner(answer).findtext("head/code") == "-1"
    assert inner(answer).findtext("head/message") == "接口序列号无效"


@pytest.mark.parametrize(
    ("begin", "interface"), [("2026-03-18 08:00:00", "99X99"), ("18/03/2026 08:00", "03C01"), ("", "03C01")]
)
def test_an_unknown_interface_and_a_bad_time_are_error_codes(past: RunningCity, begin: str, interface: str) -> None:
    answer = inner(call_police(past, begin, "2026-03-18 09:00:00", interface=interface))
    assert answer.findtext("head/code") == "0"


@pytest.mark.parametrize("body", [b"", b"<a/>", b"{}", b"<a>&x;</a>", "<a>渝".encode()])
def test_a_malformed_request_is_a_soap_fault(past: RunningCity, body: bytes) -> None:
    answer = requests.post(f"{past.traffic_safety}/services/TmriOutAccess", data=body, timeout=10)
    assert answer.status_code == 500
    assert etree.fromstring(answer.content).find(f"{SOAP}Body/{SOAP}Fault") is not None


def test_a_wrong_route_is_a_soap_fault(past: RunningCity) -> None:
    answer = requests.get(f"{past.traffic_safety}/services/Other", timeout=10)
    assert answer.status_code == 404
    assert "服务不存在" in answer.content.decode("gbk")
