"""Answers that lead to somebody else, and doors that open for a while."""

from __future__ import annotations

from hutong.errors import PlatformRefused
from tests.torture.faults import LINKED, UNCOUNTED, Doubted, Exact, Fails, fault
from tests.torture.server import ALL, Talk, things

ELSEWHERE = Fails(PlatformRefused, "another host|no address")
LOGIN = {
    "type": "bearer_login",
    "path": "/login",
    "username": "user",
    "password": "password",
    "token_path": "token",
}


def redirected(talk: Talk, location: str) -> None:
    talk.answer(b"", 302, {"Location": location})


@fault("links to other hosts", ELSEWHERE, stream={"paginator": LINKED})
def links_to_another_host(talk: Talk) -> None:
    talk.give(ALL[:10], next="http://localhost:1/things?page=2")


@fault("links to other hosts", ELSEWHERE, stream={"paginator": LINKED})
def links_to_another_port(talk: Talk) -> None:
    talk.give(ALL[:10], next="http://127.0.0.1:1/things?page=2")


@fault("links to other hosts", ELSEWHERE, stream={"paginator": LINKED})
def links_to_a_host_that_depends_on_who_reads_it(talk: Talk) -> None:
    talk.give(ALL[:10], next=f"http://other.test\\@{talk.address.removeprefix('http://')}/things")


@fault("links to other hosts", ELSEWHERE, stream={"paginator": LINKED})
def links_to_itself_as_somebody(talk: Talk) -> None:
    talk.give(ALL[:10], next=talk.address.replace("http://", "http://a:b@") + "/things")


@fault("redirects to other hosts", ELSEWHERE)
def redirects_to_another_host(talk: Talk) -> None:
    redirected(talk, "//other.test/things")


@fault("redirects to other hosts", ELSEWHERE)
def redirects_to_no_address(talk: Talk) -> None:
    redirected(talk, "http://[::1")


@fault("links and redirects to files", ELSEWHERE, stream={"paginator": LINKED})
def links_to_a_file(talk: Talk) -> None:
    talk.give(ALL[:10], next="file:///etc/passwd")


@fault("links and redirects to files", ELSEWHERE)
def redirects_to_a_file(talk: Talk) -> None:
    redirected(talk, "file:///etc/passwd")


@fault("links and redirects to private addresses", ELSEWHERE)
def redirects_to_the_cloud_s_own_secrets(talk: Talk) -> None:
    redirected(talk, "http://169.254.169.254/latest/meta-data/")


@fault("links and redirects to private addresses", ELSEWHERE, stream={"paginator": LINKED})
def links_to_the_inner_net(talk: Talk) -> None:
    talk.give(ALL[:10], next="http://10.0.0.1/things")


@fault("loops", Fails(PlatformRefused, "circle"))
def redirects_in_a_circle(talk: Talk) -> None:
    redirected(talk, "/things")


@fault("session cookies", Exact())
def wants_the_cookie_that_it_gave(talk: Talk) -> None:
    if talk.nth > 1 and "session=7f31" not in talk.asked.headers.get("Cookie", ""):
        talk.answer(b"", 403)
        return
    talk.page(held=ALL) if talk.nth > 1 else cookie_and_page(talk)


def cookie_and_page(talk: Talk) -> None:
    talk.send(
        b"HTTP/1.1 302 So\r\nSet-Cookie: session=7f31; Path=/\r\nLocation: /things?page=1\r\nContent-Length: 0\r\n\r\n"
    )


def logged_in(talk: Talk) -> bool:
    """Gives a token at the door; else says whether the request carries the newest one."""
    doors = sum(asked.path == "/login" for asked in talk.ledger.asked)
    if talk.asked.path == "/login":
        talk.answer(b'{"token": "token-%d"}' % doors)
        return False
    if talk.asked.headers.get("Authorization") != f"Bearer token-{doors}":
        talk.answer(b"", 401)
        return False
    return True


@fault("tokens that expire in mid-pull", Exact(), auth=LOGIN)
def forgets_its_token_before_each_page_but_the_first(talk: Talk) -> None:
    if logged_in(talk):
        answers = sum(asked.path != "/login" for asked in talk.ledger.asked)
        if answers in (2, 4):
            talk.answer(b"", 401)
        else:
            talk.page()


@fault("tokens that never work", Fails(PlatformRefused, "HTTP 401"), auth=LOGIN)
def gives_tokens_and_takes_none(talk: Talk) -> None:
    if logged_in(talk):
        talk.answer(b"", 401)


@fault("mixed up", Doubted("unproven", "no_total"), stream={"paginator": UNCOUNTED})
def is_fine_but_proves_nothing(talk: Talk) -> None:
    talk.page(things(15), total=None)
