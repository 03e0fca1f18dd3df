"""Who is asked: the platform's own host with credentials, declared ones without, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from hutong.errors import PlatformRefused
from hutong.extract.hosts import Hosts

from .speaking import Asked, Says, connector, numbers, pull, rows, says, speaking

LINKED = {"type": "json_link", "page_size": 3, "next_url_path": "next"}
KEY = {"type": "api_key", "name": "X-Key", "api_key": "app_key", "location": "header"}


def cookie(document: Any) -> Says:
    return says(document, **{"Set-Cookie": "session=7f31; Path=/"})


def test_a_link_to_a_declared_host_is_followed_without_credential_cookie_or_header() -> None:
    with speaking(lambda asked: says({"rows": rows(3, first=3)})) as files:
        onward = f"{files.address}/second"
        with speaking(lambda asked: cookie({"rows": rows(3), "next": onward})) as server:
            at = connector(
                server.address, {"paginator": LINKED}, hosts=[files.address], auth=KEY, headers={"X-Team": "hutong"}
            )
            pages = list(pull(at))
    assert numbers(pages) == list(range(6))
    assert {"X-Key", "X-Team"} <= set(server.asked[0].headers)
    assert not {"X-Key", "X-Team", "Cookie", "Authorization"} & set(files.asked[0].headers)


def test_a_redirect_to_a_declared_host_is_followed_without_credential() -> None:
    with (
        speaking(lambda asked: says({"rows": rows(3)})) as files,
        speaking(lambda asked: says({}, 302, Location=f"{files.address}/things")) as server,
    ):
        pages = list(pull(connector(server.address, hosts=[files.address], auth=KEY)))
    assert numbers(pages) == [0, 1, 2]
    assert "X-Key" not in files.asked[0].headers


def test_a_pull_that_stopped_before_a_link_to_a_declared_host_goes_on_there() -> None:
    with (
        speaking(lambda asked: says({"rows": rows(3, first=3)})) as files,
        speaking(lambda asked: says({"rows": rows(3), "next": f"{files.address}/second"})) as server,
    ):
        at = connector(server.address, {"paginator": LINKED}, hosts=[files.address])
        first = next(pull(at))
        rest = list(pull(at, position=first.resume))
    assert numbers(rest) == [3, 4, 5]
    assert len(server.asked) == 1


def test_the_declared_port_is_the_one_that_is_asked() -> None:
    with speaking(lambda asked: says({"rows": rows(3), "next": "http://127.0.0.1:2/second"})) as server:
        at = connector(server.address, {"paginator": LINKED}, hosts=["http://127.0.0.1:1"])
        with pytest.raises(PlatformRefused, match="declares it under `hosts`"):
            list(pull(at))


@pytest.mark.parametrize("host", ["files.example.cn", "ftp://files.example.cn", "https://a@b.cn", "https://b.cn/path"])
def test_a_host_is_declared_as_scheme_host_and_port(host: str) -> None:
    with pytest.raises(ValidationError, match="hosts"):
        connector("http://127.0.0.1", hosts=[host])


@pytest.mark.parametrize(
    ("link", "target"),
    [
        ("?page=2", "http://a.test/things?page=2"),
        ("HTTP://A.TEST:80/x#part", "http://a.test:80/x"),
        ("//b.test/x", None),
        ("https://a.test/x", None),
        ("http://a.test.evil.test/x", None),
        ("http://evil.test\\@a.test/x", None),
        ("file:///etc/passwd", None),
        ("javascript:alert(1)", None),
    ],
)
def test_an_address_is_what_the_client_that_connects_makes_of_it(link: str, target: str | None) -> None:
    assert Hosts(connector("http://a.test")).reach("http://a.test/things", link) == target


@pytest.mark.parametrize("link", ["http://user:word@a.test/", "http://[::1", "http://a.test:99999/"])
def test_a_link_that_is_no_address_or_names_a_user_is_an_error(link: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Hosts(connector("http://a.test")).reach("http://a.test/things", link)


def expiring(asked: Asked) -> Says:
    """Knows its first page, and no token any more."""
    if "cursor" in asked.query:
        return says({"error": "scroll has expired"}, 410)
    return says({"rows": rows(3), "after": "x"})


CURSOR = {"type": "cursor", "page_size": 3, "cursor_path": "after"}


def test_a_pull_whose_place_has_expired_begins_its_window_anew() -> None:
    with speaking(
        lambda asked: says({"rows": rows(3), "after": "old" if "cursor" not in asked.query else None})
    ) as old:
        first = next(pull(connector(old.address, {"paginator": CURSOR})))

    def renewed(asked: Asked) -> Says:
        if asked.query.get("cursor") == "old":
            return says({}, 410)
        return says({"rows": rows(3, first=3)} if "cursor" in asked.query else {"rows": rows(3), "after": "new"})

    with speaking(renewed) as server:
        pages = list(pull(connector(server.address, {"paginator": CURSOR}), position=first.resume))
    assert numbers(pages) == list(range(6))
    assert [asked.query.get("cursor") for asked in server.asked] == ["old", None, "new"]


def test_a_place_that_is_refused_with_the_credential_does_not_begin_anew() -> None:
    with speaking(lambda asked: says({"rows": rows(3), "after": "x"})) as server:
        first = next(pull(connector(server.address, {"paginator": CURSOR})))
    with speaking(lambda asked: says({}, 403)) as server, pytest.raises(PlatformRefused, match="credential"):
        list(pull(connector(server.address, {"paginator": CURSOR}), position=first.resume))
    assert len(server.asked) == 1


def test_a_place_that_is_lost_in_mid_pull_is_an_error() -> None:
    with speaking(expiring) as server, pytest.raises(PlatformRefused, match="HTTP 410"):
        list(pull(connector(server.address, {"paginator": CURSOR})))
    assert len(server.asked) == 2
