"""Answers that are something else than they seem."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from hutong.errors import PlatformGarbled
from tests.torture.faults import NUMBERED, Exact, Fails, fault
from tests.torture.server import ALL, Talk, things, written

XML: dict[str, Any] = {"format": "xml", "data_selector": "rows.row", "paginator": {"type": "single_page"}}
SOAP: dict[str, Any] = {
    "endpoint": {
        "transport": "soap",
        "path": "/things",
        "operation": "query",
        "namespace": "http://a.test",
        "query_part": "doc",
    },
    "data_selector": "body.row",
    "paginator": {"type": "single_page"},
}
ZIPPED: dict[str, Any] = {
    "format": {"type": "json", "member": "*.json"},
    "paginator": {"type": "single_page"},
}
HUGE = [{"no": 2**63}, {"no": -(10**40)}, {"no": 9007199254740993}]
MIXED: list[dict[str, Any]] = [{"no": 1}, {"no": "1"}, {"no": 1.5}, {"no": None}, {"no": [1]}, {"no": {"no": 1}}, {}]


def typed(talk: Talk, content_type: str, body: bytes) -> None:
    talk.answer(body, headers={"Content-Type": content_type})


def text(talk: Talk) -> str:
    return written(talk.wanted(), total=len(ALL)).decode()


def given(talk: Talk, content_type: str, body: bytes) -> None:
    typed(talk, content_type, body)
    talk.handed(talk.wanted())


@fault("wrong content type", Exact())
def calls_json_an_image(talk: Talk) -> None:
    given(talk, "image/png", text(talk).encode())


@fault("wrong content type", Fails(PlatformGarbled, "not UTF-8"))
def sends_an_image(talk: Talk) -> None:
    typed(talk, "application/json", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR")


@fault("HTML login pages", Fails(PlatformGarbled, "HTML"))
def shows_a_login_page_in_mid_pull(talk: Talk) -> None:
    if talk.nth == 1:
        talk.page()
    else:
        typed(talk, "text/html", "<!DOCTYPE html><html><body>请登录</body></html>".encode())


@fault("HTML login pages", Fails(PlatformGarbled, "HTML"))
def calls_a_login_page_json(talk: Talk) -> None:
    typed(talk, "application/json", b"<html><form action=/sso></form></html>")


@fault("GBK", Exact())
def speaks_gbk_and_says_so(talk: Talk) -> None:
    given(talk, "application/json; charset=GBK", text(talk).encode("gbk"))


@fault("GBK", Fails(PlatformGarbled, "not UTF-8 at byte"))
def speaks_gbk_and_says_nothing(talk: Talk) -> None:
    typed(talk, "application/json", text(talk).encode("gbk"))


@fault("GBK", Fails(PlatformGarbled, "is UTF-8 too"))
def says_gbk_and_speaks_utf_8(talk: Talk) -> None:
    typed(talk, "application/json; charset=GBK", text(talk).encode())


@fault("BOM", Exact())
def begins_with_a_mark(talk: Talk) -> None:
    given(talk, "application/json", text(talk).encode("utf-8-sig"))


@fault("UTF-16", Exact())
def speaks_utf_16(talk: Talk) -> None:
    given(talk, "application/json", text(talk).encode(("utf-16", "utf-16-le", "utf-16-be")[talk.nth - 1]))


@fault("bytes that are not text", Fails(PlatformGarbled, "not UTF-8 at byte"))
def has_bytes_that_are_no_text(talk: Talk) -> None:
    typed(talk, "application/json", text(talk).encode().replace("路".encode(), b"\xff\xfe\xfd"))


@fault("NaN", Fails(PlatformGarbled, "NaN"))
def has_a_number_that_is_none(talk: Talk) -> None:
    typed(talk, "application/json", b'{"rows": [{"no": NaN}], "total": 1}')


@fault("NaN", Fails(PlatformGarbled, "too large for a double"))
def has_a_number_beyond_all_numbers(talk: Talk) -> None:
    typed(talk, "application/json", b'{"rows": [{"no": 1e999}], "total": 1}')


@fault("huge integers", Exact(HUGE))
def has_integers_beyond_64_bits(talk: Talk) -> None:
    talk.give(HUGE, total=3)


@fault("huge integers", Fails(PlatformGarbled, "thousands of digits"))
def has_an_integer_of_five_thousand_digits(talk: Talk) -> None:
    typed(talk, "application/json", b'{"rows": [{"no": %s}], "total": 1}' % (b"9" * 5000))


@fault("duplicate keys", Exact([{"no": 1}, {"value": '{"no": 2, "no": 3}'}]))
def names_a_field_twice(talk: Talk) -> None:
    typed(talk, "application/json", b'{"rows": [{"no": 1}, {"no": 2, "no": 3}], "total": 2}')
    talk.handed([{"no": 1}, {"value": '{"no": 2, "no": 3}'}])


@fault("duplicate keys", Fails(PlatformGarbled, "'rows' twice"))
def gives_two_lists_of_records(talk: Talk) -> None:
    typed(talk, "application/json", b'{"rows": [], "rows": [{"no": 1}], "total": 0}')


@fault("mixed types", Exact(MIXED))
def mixes_types(talk: Talk) -> None:
    talk.give(MIXED, total=len(MIXED))


@fault("mixed types", Exact([{"no": 1}, {"value": 2}, {"value": None}, {"value": [3]}]))
def mixes_records_with_what_is_none(talk: Talk) -> None:
    typed(talk, "application/json", b'{"rows": [{"no": 1}, 2, null, [3]], "total": 4}')
    talk.handed([{"no": 1}, {"value": 2}, {"value": None}, {"value": [3]}])


@fault("changed key case", Fails(PlatformGarbled, "no 'rows'; it has Rows"))
def calls_its_rows_otherwise_in_mid_pull(talk: Talk) -> None:
    if talk.nth == 1:
        talk.page()
    else:
        talk.answer(json.dumps({"Rows": talk.wanted(), "total": 25}).encode())


@fault("changed key case", Exact([{"NO": no} for no in range(5)]))
def calls_its_fields_otherwise(talk: Talk) -> None:
    talk.give([{"NO": no} for no in range(5)], total=5)


@fault("deep nesting", Fails(PlatformGarbled, "deeper than 64"))
def nests_deeper_than_it_may(talk: Talk) -> None:
    talk.answer(b'{"rows": [' + b"[" * 70 + b"]" * 70 + b'], "total": 1}')


@fault("deep nesting", Fails(PlatformGarbled, "deeper than 64"))
def nests_without_an_end(talk: Talk) -> None:
    talk.answer(b'{"rows": ' + b"[" * 45_000 + b"]" * 45_000 + b"}")


@fault("depth", Fails(PlatformGarbled, "deeper than 3"), limits={"depth": 3})
def nests_deeper_than_declared(talk: Talk) -> None:
    talk.give([{"no": {"no": 1}}], total=1)


def zipped(name: str, content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return packed.getvalue()


ZIP_BOMB = zipped("a.json", b" " * 50_000_000)
BOMB = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">'
    + b"".join(b'<!ENTITY %c "&%c;&%c;&%c;">' % (97 + at, *[96 + at] * 3) for at in range(1, 20))
    + b"]><rows><row><no>&t;</no></row></rows>"
)
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "%s">]><rows><row><no>&b;</no></row></rows>'


@fault("XML entity bombs", Fails(PlatformGarbled, "document type"), stream=XML)
def unfolds_in_xml(talk: Talk) -> None:
    typed(talk, "text/xml", BOMB)


@fault("XML entity bombs", Fails(PlatformGarbled, "document type"), stream=SOAP)
def unfolds_in_soap(talk: Talk) -> None:
    typed(talk, "text/xml", BOMB)


@fault("external entities", Fails(PlatformGarbled, "document type"), stream=XML)
def reads_files_in_xml(talk: Talk) -> None:
    typed(talk, "text/xml", OUTSIDE % b"file:///etc/passwd")


@fault("external entities", Fails(PlatformGarbled, "document type"), stream=SOAP)
def fetches_in_soap(talk: Talk) -> None:
    typed(talk, "text/xml", OUTSIDE % f"{talk.address}/secret".encode())


@fault("zip bombs", Fails(PlatformGarbled, "larger|more than"), stream=ZIPPED)
def unfolds_from_a_zip(talk: Talk) -> None:
    typed(talk, "application/zip", ZIP_BOMB)


@fault("zip slip", Fails(PlatformGarbled, "outside|name|\\.\\."), stream=ZIPPED)
def climbs_out_of_a_zip(talk: Talk) -> None:
    typed(talk, "application/zip", zipped("../../etc/cron.d/a.json", written(things(3))))


@fault("half a surrogate pair", Exact([{"no": 1, "name": "\ud800"}]), stream={"paginator": NUMBERED})
def has_half_a_character(talk: Talk) -> None:
    talk.answer(b'{"rows": [{"no": 1, "name": "\\ud800"}], "total": 1}')
    talk.handed([{"no": 1, "name": "\ud800"}])
