"""Credentials: renewed in time, fresh for every try, and never seen again."""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from hutong.errors import HutongError, PlatformError, PlatformRefused, SecretMissing
from hutong.extract.stage import extract
from hutong.model.batch import Resume, Sequence
from hutong.secrets import Secret

from .speaking import NOW, NUMBERED, PLANTED, Asked, Says, connector, numbered, numbers, pull, rows, says, speaking

LOGIN = {
    "type": "bearer_login",
    "path": "/login",
    "username": "user",
    "password": "password",
    "token_path": "data.token",
    "expires_in_path": "data.life",
}
SIGNED = {"type": "hmac_signature", "app_key": "app_key", "secret": "signing"}


class Guarded:
    """Things behind a login whose tokens serve `uses` requests each."""

    def __init__(self, count: int, *, uses: int = 1000, life: float | None = 1800) -> None:
        self._things, self._uses, self._life = numbered(rows(count), total=count), uses, life
        self.tokens: dict[str, int] = {}

    def __call__(self, asked: Asked) -> Says:
        if asked.path == "/login":
            wanted = {"username": PLANTED["user"], "password": PLANTED["password"]}
            if asked.method != "POST" or json.loads(asked.body) != wanted:
                return says({"msg": "wrong account"}, 401)
            token = f"planted-token-{len(self.tokens)}"
            self.tokens[token] = self._uses
            return says({"data": {"token": token, "life": self._life}})
        token = asked.headers.get("Authorization", "").removeprefix("Bearer ")
        if self.tokens.get(token, 0) <= 0:
            return says({"msg": f"token {token} expired"}, 401)
        self.tokens[token] -= 1
        return self._things(asked)


def test_one_login_serves_the_whole_pull() -> None:
    with speaking(Guarded(55)) as server:
        pages = list(pull(connector(server.address, {"paginator": NUMBERED}, auth=LOGIN)))
    assert numbers(pages) == list(range(55))
    assert (len(server.of("/login")), len(server.of("/things"))) == (1, 6)


def test_a_token_that_ends_in_mid_pull_is_renewed_and_nothing_is_lost() -> None:
    with speaking(Guarded(55, uses=2)) as server:
        pages = list(pull(connector(server.address, {"paginator": NUMBERED}, auth=LOGIN)))
    assert numbers(pages) == list(range(55))
    assert pages[-1].completeness == "proven"
    assert len(server.of("/login")) == 3
    assert [page.attempts for page in pages] == [1, 1, 2, 1, 2, 1]


def test_a_token_is_renewed_before_its_life_ends() -> None:
    with speaking(Guarded(25, life=1e-6)) as server:
        list(pull(connector(server.address, {"paginator": NUMBERED}, auth=LOGIN)))
    assert (len(server.of("/login")), len(server.of("/things"))) == (3, 3)


def test_without_a_stated_life_a_token_serves_until_it_is_refused() -> None:
    with speaking(Guarded(25, uses=2)) as server:
        auth = {name: value for name, value in LOGIN.items() if name != "expires_in_path"}
        pages = list(pull(connector(server.address, {"paginator": NUMBERED}, auth=auth)))
    assert (numbers(pages), len(server.of("/login"))) == (list(range(25)), 2)


def test_a_new_token_that_is_refused_too_ends_the_pull() -> None:
    with speaking(Guarded(25, uses=0)) as server, pytest.raises(PlatformRefused, match="secrets user and password"):
        list(pull(connector(server.address, {"paginator": NUMBERED}, auth=LOGIN)))
    assert (len(server.of("/login")), len(server.of("/things"))) == (2, 2)


def test_a_code_in_the_body_that_refuses_a_token_renews_it_once() -> None:
    def dialect(asked: Asked) -> Says:
        if asked.path == "/login":
            logins.append(asked)
            return says({"data": {"token": f"t{len(logins)}"}})
        return says({"code": 0, "rows": rows(3)} if asked.headers["Authorization"] == "Bearer t2" else {"code": 401})

    logins: list[Asked] = []
    with speaking(dialect) as server:
        stream = {"success": {"path": "code", "values": ["0"], "refused": ["401"]}}
        pages = list(pull(connector(server.address, stream, auth=LOGIN)))
    assert (numbers(pages), len(logins)) == ([0, 1, 2], 2)


def test_a_wrong_account_is_refused_with_the_names_of_its_secrets() -> None:
    with speaking(Guarded(5)) as server:
        at = connector(server.address, auth=LOGIN)
        wrong = extract(
            Sequence("testing", "things", "500000"), at, at.streams["things"], lambda n: Secret(n, "no"), Resume(), NOW
        )
        with pytest.raises(PlatformRefused, match="secrets user and password"):
            list(wrong)
    assert server.of("/things") == []


@pytest.mark.parametrize("token", [None, "", 7, "two\r\nlines", "令牌"])
def test_a_login_without_a_token_is_refused(token: Any) -> None:
    with (
        speaking(lambda asked: says({"data": {"token": token}})) as server,
        pytest.raises(PlatformRefused, match=r"no token at 'data.token'"),
    ):
        list(pull(connector(server.address, auth=LOGIN)))


def test_a_login_that_redirects_does_not_send_the_password_on() -> None:
    with (
        speaking(lambda asked: says({}, 307, Location="/elsewhere")) as server,
        pytest.raises(PlatformRefused, match="redirects a POST"),
    ):
        list(pull(connector(server.address, auth=LOGIN)))
    assert [asked.path for asked in server.asked] == ["/login"]


class Signing:
    """Things for requests that are signed, each with a nonce of its own; the first answer is that it is busy."""

    def __init__(self, count: int, *, busy: Callable[[], Says]) -> None:
        self._things, self._busy = numbered(rows(count), total=count), busy
        self.nonces: list[str] = []

    def __call__(self, asked: Asked) -> Says:
        stated = dict(asked.query)
        sign = stated.pop("sign", "")
        text = "&".join(f"{name}={stated[name]}" for name in sorted(stated))
        wanted = hmac.new(PLANTED["signing"].encode(), text.encode(), hashlib.sha256).hexdigest()
        if sign != wanted or stated.get("appKey") != PLANTED["app_key"]:
            return says({"code": "1001", "msg": f"签名错误 {PLANTED['app_key']}"})
        if stated["nonce"] in self.nonces:
            return says({"code": "1003", "msg": "nonce"})
        self.nonces.append(stated["nonce"])
        if len(self.nonces) == 1:
            return self._busy()
        return says({"code": "0000", **json.loads(self._things(asked).body)})


CODES = {"path": "code", "values": ["0000"], "message": "msg", "refused": ["1001"], "busy": ["1003", "2000"]}


@pytest.mark.parametrize("busy", [lambda: says({}, 503), lambda: says({"code": "2000"})])
def test_every_try_is_signed_anew(busy: Callable[[], Says]) -> None:
    signing = Signing(25, busy=busy)
    with speaking(signing) as server:
        stream = {
            "paginator": NUMBERED,
            "success": CODES,
            "endpoint": {"path": "/things", "params": {"name": "金开 大道&+=/"}},
        }
        pages = list(pull(connector(server.address, stream, auth=SIGNED)))
    assert numbers(pages) == list(range(25))
    assert len(signing.nonces) == len(set(signing.nonces)) == 4
    assert pages[0].attempts == 2


def test_kept_addresses_hold_what_was_asked_and_no_credential() -> None:
    with speaking(Signing(25, busy=lambda: says({}, 503))) as server:
        pages = list(pull(connector(server.address, {"paginator": NUMBERED, "success": CODES}, auth=SIGNED)))
    assert [page.url for page in pages] == [f"{server.address}/things?page={no}&size=10" for no in (1, 2, 3)]


def test_a_credential_in_a_next_link_is_not_kept() -> None:
    def dialect(asked: Asked) -> Says:
        if "offset" in asked.query:
            return says({"code": "0000", "rows": rows(5, 10), "links": []})
        onward = "?offset=10&" + "&".join(f"{name}={value}" for name, value in asked.query.items())
        return says({"code": "0000", "rows": rows(10), "links": [{"rel": "next", "href": onward + "&then=p"}]})

    with speaking(dialect) as server:
        stream = {"paginator": {"type": "json_link"}, "success": CODES}
        pages = list(pull(connector(server.address, stream, auth=SIGNED)))
    assert json.loads(pages[0].resume or "")["position"]["within"]["lead"] == "/things?offset=10&limit=1000&then=p"
    assert server.asked[0].query["nonce"] != server.asked[1].query["nonce"]
    assert pages[1].url.endswith("/things?offset=10&limit=1000&then=p")


def test_a_missing_secret_is_said_before_anything_is_asked() -> None:
    def none(name: str) -> Secret:
        raise SecretMissing(f"no {name}")

    with speaking(Guarded(5)) as server:
        at = connector(server.address, auth=LOGIN)
        with pytest.raises(SecretMissing, match="user"):
            list(extract(Sequence("testing", "things", "500000"), at, at.streams["things"], none, Resume(), NOW))
    assert server.asked == []


def echo(asked: Asked) -> Says:
    """All that it was told, in the platform's own words."""
    return says({"code": "1001", "msg": f"{asked.query} {asked.headers} {asked.body!r}"})


def unpacked(message: str) -> list[str]:
    """The planted secrets that `message` holds."""
    return [value for value in [*PLANTED.values(), "planted-token-0"] if value in message]


def test_secrets_are_in_no_error_and_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.DEBUG, logger="urllib3.connectionpool")
    logging.getLogger("control").warning("a control: %s", PLANTED["app_key"])
    assert unpacked(caplog.text) == [PLANTED["app_key"]], "the search finds what is there"
    caplog.clear()

    said: list[str] = []
    guarded = Guarded(5, uses=0)
    for dialect in (
        echo,
        guarded,
        lambda asked: says({}, 503),
        lambda asked: Says(b"<html>"),
        lambda asked: says({}, 404),
    ):
        for auth in (LOGIN, SIGNED):
            with speaking(dialect) as server:
                at = connector(server.address, {"success": CODES}, auth=auth)
                with pytest.raises(HutongError) as failed:
                    list(pull(at))
            said += [str(failed.value), repr(failed.value), *map(str, failed.value.args)]
    with pytest.raises(PlatformError) as failed:
        list(pull(connector(server.address, {"success": CODES}, auth=SIGNED)))  # nobody there any more
    said.append(str(failed.value))

    assert any("签名" in text or "<app_key>" in text for text in said), "the platform's words are repeated"
    assert unpacked("\n".join(said)) == []
    assert "connectionpool" in caplog.text, "urllib3's own lines are among the logs"
    assert unpacked(caplog.text) == []
    assert "sign=" not in caplog.text


def test_secrets_are_in_no_page_but_where_the_platform_repeats_them() -> None:
    with speaking(Signing(5, busy=lambda: says({}, 503))) as server:
        pages = list(pull(connector(server.address, {"paginator": NUMBERED, "success": CODES}, auth=SIGNED)))
    assert unpacked(repr(pages)) == []
    assert any(unpacked(repr(asked)) for asked in server.asked), "the server did get them"
