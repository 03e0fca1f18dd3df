"""Platforms that have no time, or say no with the face of yes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from hutong.errors import PlatformBusy, PlatformGarbled, PlatformRefused
from tests.torture.faults import UNCOUNTED, Doubted, Exact, Fails, fault
from tests.torture.server import Talk, written

CODED = {"success": {"path": "code", "values": ["0"], "message": "msg", "busy": ["9"], "refused": ["7"]}}


def busy_at_first(talk: Talk, **headers: str) -> None:
    if talk.nth <= 2:
        talk.answer(b"{}", 429, {name.replace("_", "-"): value for name, value in headers.items()})
    else:
        talk.page()


@fault("429 with Retry-After in seconds", Exact(), limits={"retry_wait_s": 1})
def asks_for_a_second_s_patience(talk: Talk) -> None:
    busy_at_first(talk, Retry_After="1" if talk.nth == 1 else "0")


@fault("429 with Retry-After in seconds", Fails(PlatformBusy, "left alone for 3600 s"))
def asks_for_an_hour(talk: Talk) -> None:
    busy_at_first(talk, Retry_After="3600")


@fault("429 with Retry-After as a date", Exact())
def asks_until_a_moment_that_has_passed(talk: Talk) -> None:
    busy_at_first(talk, Retry_After="Wed, 21 Oct 2015 07:28:00 GMT")


@fault("429 with Retry-After as a date", Fails(PlatformBusy, "left alone for 8[56]"))
def asks_until_tomorrow(talk: Talk) -> None:
    busy_at_first(talk, Retry_After=format_datetime(datetime.now(UTC) + timedelta(days=1), usegmt=True))


@fault("429 with Retry-After absent", Exact())
def says_429_and_no_more(talk: Talk) -> None:
    busy_at_first(talk)


@fault("429 with Retry-After absurd", Fails(PlatformBusy, "left alone"))
def asks_for_more_seconds_than_there_will_be(talk: Talk) -> None:
    busy_at_first(talk, Retry_After="9" * 5000)


@fault("429 with Retry-After absurd", Exact())
def asks_for_a_time_that_is_none(talk: Talk) -> None:
    busy_at_first(talk, Retry_After="-1" if talk.nth == 1 else "when it suits you")


@fault("bursts of 503", Exact())
def is_down_between_two_pages(talk: Talk) -> None:
    if talk.nth in (2, 3):
        talk.answer(b"<h1>Service Unavailable</h1>", 503)
    else:
        talk.page()


@fault("endless 503", Fails(PlatformBusy, "HTTP 503, 3 tries"))
def never_comes_back_after_its_first_page(talk: Talk) -> None:
    if talk.nth > 1:
        talk.answer(b"", 503)
    else:
        talk.page()


@fault("endless 503", Fails(PlatformBusy, "limits.answer_s"))
def is_down_and_never_ends_saying_so(talk: Talk) -> None:
    talk.send(b"HTTP/1.1 503 So\r\nTransfer-Encoding: chunked\r\n\r\n")
    talk.drip((b"1\r\nx\r\n" for _ in range(1000)), 0.02)


@fault("errors inside HTTP 200", Exact(), stream=CODED)
def is_busy_inside_http_200(talk: Talk) -> None:
    if talk.nth == 2:
        talk.answer(b'{"code": 9, "msg": "later"}')
    else:
        talk.page(code=0)


@fault("errors inside HTTP 200", Fails(PlatformRefused, "no rights"), stream=CODED)
def refuses_inside_http_200(talk: Talk) -> None:
    talk.answer(b'{"code": 7, "msg": "no rights", "rows": [], "total": 0}')


@fault("errors inside HTTP 200", Fails(PlatformGarbled, "no 'rows'"))
def tells_of_an_error_where_no_code_is_declared(talk: Talk) -> None:
    talk.answer(b'{"error": "ORA-00942: table or view does not exist"}')


@fault("errors inside HTTP 200", Fails(PlatformGarbled, "HTTP 206"))
def gives_a_part_that_nobody_asked_for(talk: Talk) -> None:
    talk.answer(written(talk.wanted(), total=len(talk.wanted())), 206)


@fault("errors inside HTTP 200", Fails(PlatformBusy, "HTTP 202"))
def is_still_at_work(talk: Talk) -> None:
    talk.answer(b'{"rows": [], "total": 0}', 202)


@fault("204", Doubted("unproven", "no_content"), stream={"paginator": UNCOUNTED})
def has_no_content_where_a_page_should_be(talk: Talk) -> None:
    if talk.nth < 3:
        talk.page(total=None)
    else:
        talk.send(b"HTTP/1.1 204 So\r\n\r\n")


@fault("empty 200", Fails(PlatformGarbled, "empty"))
def says_yes_and_nothing_else(talk: Talk) -> None:
    if talk.nth == 1:
        talk.page()
    else:
        talk.answer(b"")
