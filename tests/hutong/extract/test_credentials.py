"""Each kind of credential reaches the platform as it is declared, and nobody else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import pytest

from hutong.errors import PlatformBusy, PlatformGarbled, PlatformRefused, SecretMissing
from hutong.extract.auth.signature import Signature
from hutong.extract.keyring import Keyring
from hutong.extract.stage import extract
from hutong.model.auth import HmacSignature
from hutong.model.batch import Page, Resume, Sequence
from hutong.model.connector import Connector
from hutong.secrets import Secret

from .speaking import NOW, NUMBERED, PLANTED, Asked, Says, connector, numbered, numbers, pull, rows, says, speaking

BASIC = base64.b64encode(f"{PLANTED['user']}:{PLANTED['password']}".encode()).decode()
FIXED = {
    "http_basic": (
        {"type": "http_basic", "username": "user", "password": "password"},
        {"Authorization": f"Basic {BASIC}"},
    ),
    "bearer": ({"type": "bearer", "token": "app_key"}, {"Authorization": f"Bearer {PLANTED['app_key']}"}),
    "api_key": (
        {"type": "api_key", "name": "X-Api-Key", "api_key": "app_key"},
        {"X-Api-Key": PLANTED["app_key"]},
    ),
}


def things(count: int = 25) -> Callable[[Asked], Says]:
    return numbered(rows(count), total=count)


def knowing(at: Connector, **values: str) -> Iterator[Page]:
    """Extract its one stream, with secrets of these values."""
    sequence = Sequence("testing", "things", "500000")
    return extract(sequence, at, at.streams["things"], lambda name: Secret(name, values[name]), Resume(), NOW)


@pytest.mark.parametrize("kind", FIXED)
def test_what_an_owner_gave_once_goes_with_every_request(kind: str) -> None:
    auth, wanted = FIXED[kind]
    with speaking(things()) as server:
        pages = list(pull(connector(server.address, {"paginator": NUMBERED}, auth=auth)))
    assert numbers(pages) == list(range(25))
    assert [{name: asked.headers.get(name) for name in wanted} for asked in server.asked] == [wanted] * 3


def test_a_key_in_the_query_is_sent_and_not_kept() -> None:
    auth = {"type": "api_key", "name": "ak", "api_key": "app_key", "location": "query"}
    with speaking(things()) as server:
        pages = list(pull(connector(server.address, {"paginator": NUMBERED}, auth=auth)))
    assert [asked.query["ak"] for asked in server.asked] == [PLANTED["app_key"]] * 3
    assert [page.url for page in pages] == [f"{server.address}/things?page={no}&size=10" for no in (1, 2, 3)]


def test_a_user_and_a_password_may_be_chinese() -> None:
    with speaking(lambda asked: says({"rows": []})) as server:
        list(knowing(connector(server.address, auth=FIXED["http_basic"][0]), user="张三", password="口令 :x"))
    assert base64.b64decode(server.asked[0].headers["Authorization"].split()[1]).decode() == "张三:口令 :x"


@pytest.mark.parametrize("value", ["令牌-planted", "planted\r\nX-Other: 1", "planted\ttab", ""])
@pytest.mark.parametrize("kind", ["bearer", "api_key"])
def test_a_secret_that_no_header_can_carry_is_refused_without_being_shown(kind: str, value: str) -> None:
    with speaking(things()) as server, pytest.raises(SecretMissing, match="'app_key'") as refused:
        list(knowing(connector(server.address, auth=FIXED[kind][0]), app_key=value))
    assert "planted" not in str(refused.value)
    assert server.asked == []


def test_a_user_name_with_a_colon_is_refused() -> None:
    with speaking(things()) as server, pytest.raises(SecretMissing, match="colon"):
        list(knowing(connector(server.address, auth=FIXED["http_basic"][0]), user="a:b", password="c"))


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("kind", FIXED)
def test_a_fixed_credential_that_is_refused_is_not_tried_again(kind: str, status: int) -> None:
    with speaking(lambda asked: says({}, status)) as server, pytest.raises(PlatformRefused, match="check the secrets"):
        list(pull(connector(server.address, auth=FIXED[kind][0])))
    assert len(server.asked) == 1


LOGIN = {
    "type": "bearer_login",
    "path": "/login",
    "username": "user",
    "password": "password",
    "token_path": "data.token",
    "expires_in_path": "data.life",
}


def guarded(carried: Callable[[Asked], str | None], life: Any = 1800) -> Callable[[Asked], Says]:
    """Things for those that carry the token of /login."""

    def dialect(asked: Asked) -> Says:
        if asked.path == "/login":
            return says({"data": {"token": "planted-token", "life": life}})
        return things()(asked) if carried(asked) == "planted-token" else says({}, 401)

    return dialect


def test_a_login_is_told_what_it_calls_things_and_its_token_goes_where_it_wants_it() -> None:
    auth = LOGIN | {
        "username_field": "loginName",
        "password_field": "passWord",
        "fields": {"appType": 3},
        "name": "X-Auth-Token",
        "prefix": "",
    }
    with speaking(guarded(lambda asked: asked.headers.get("X-Auth-Token"))) as server:
        pages = list(pull(connector(server.address, {"paginator": NUMBERED}, auth=auth)))
    (login,) = server.of("/login")
    assert json.loads(login.body) == {
        "appType": 3,
        "loginName": PLANTED["user"],
        "passWord": PLANTED["password"],
    }
    assert numbers(pages) == list(range(25))
    assert {"Authorization", "X-Auth-Token"}.isdisjoint(login.headers)


def test_a_login_may_be_a_form_and_its_token_a_parameter_that_is_not_kept() -> None:
    auth = LOGIN | {"encoding": "form", "name": "access-token", "prefix": "", "location": "query"}
    with speaking(guarded(lambda asked: asked.query.get("access-token"))) as server:
        pages = list(pull(connector(server.address, {"paginator": NUMBERED}, auth=auth)))
    assert parse_qs(server.of("/login")[0].body.decode()) == {
        "username": [PLANTED["user"]],
        "password": [PLANTED["password"]],
    }
    assert numbers(pages) == list(range(25))
    assert all("token" not in page.url for page in pages)


@pytest.mark.parametrize(("life", "logins"), [("7200", 1), (0.00001, 3), ("soon", 1), (-1, 1), (True, 1)])
def test_a_tokens_life_may_be_a_text_and_nonsense_is_no_life(life: Any, logins: int) -> None:
    with speaking(guarded(lambda asked: asked.headers["Authorization"].removeprefix("Bearer "), life)) as server:
        list(pull(connector(server.address, {"paginator": NUMBERED}, auth=LOGIN)))
    assert len(server.of("/login")) == logins


def test_a_declared_life_counts_where_the_login_states_none() -> None:
    auth = {name: value for name, value in LOGIN.items() if name != "expires_in_path"}
    with speaking(guarded(lambda asked: asked.headers["Authorization"].removeprefix("Bearer "))) as server:
        at = connector(server.address, {"paginator": NUMBERED}, auth=auth | {"expiration_duration": "PT0.000001S"})
        list(pull(at))
    assert len(server.of("/login")) == 3


GRANT = {
    "type": "oauth2_client_credentials",
    "access_token_url": "/oauth/token",
    "client_id": "app_key",
    "client_secret": "signing",
    "scope": "read:things",
    "access_token_request_data": {"audience": "city"},
}


class Authorizing:
    """Things behind a client credentials grant whose tokens serve `uses` requests each."""

    def __init__(self, uses: int = 1000, answer: dict[str, Any] | None = None) -> None:
        self._uses, self._answer, self.given = uses, answer, 0
        self._left: dict[str, int] = {}

    def __call__(self, asked: Asked) -> Says:
        if asked.path == "/oauth/token":
            self.given += 1
            token = f"planted-token-{self.given}"
            self._left[token] = self._uses
            return says(self._answer or {"access_token": token, "token_type": "Bearer", "expires_in": 3600})
        token = asked.headers.get("Authorization", "").removeprefix("Bearer ")
        if self._left.get(token, 0) == 0:
            return says({"msg": f"{token} is expired"}, 401)
        self._left[token] -= 1
        return things()(asked)


def test_a_grant_gets_a_token_and_another_when_it_is_refused_in_mid_pull() -> None:
    with speaking(Authorizing(uses=2)) as server:
        pages = list(pull(connector(server.address, {"paginator": NUMBERED}, auth=GRANT)))
    asked = server.of("/oauth/token")
    assert (numbers(pages), len(asked)) == (list(range(25)), 2)
    assert parse_qs(asked[0].body.decode()) == {
        "grant_type": ["client_credentials"],
        "audience": ["city"],
        "scope": ["read:things"],
        "client_id": [PLANTED["app_key"]],
        "client_secret": [PLANTED["signing"]],
    }
    assert "Authorization" not in asked[1].headers


def test_a_client_may_show_itself_in_the_header() -> None:
    auth = GRANT | {"client_authentication": "basic"}
    with speaking(Authorizing()) as server:
        list(knowing(connector(server.address, {"paginator": NUMBERED}, auth=auth), app_key="id:1", signing="a b+c"))
    (asked,) = server.of("/oauth/token")
    # RFC 6749, section 2.3.1: both are form-encoded first, so that a colon in an id does no harm.
    assert base64.b64decode(asked.headers["Authorization"].split()[1]) == b"id%3A1:a+b%2Bc"
    assert b"client_secret" not in asked.body


def test_a_grant_whose_tokens_never_work_ends_as_refused() -> None:
    with speaking(Authorizing(uses=0)) as server, pytest.raises(PlatformRefused, match="secrets app_key and signing"):
        list(pull(connector(server.address, auth=GRANT)))
    assert (len(server.of("/oauth/token")), len(server.of("/things"))) == (2, 2)


@pytest.mark.parametrize(
    ("answer", "status", "error", "words"),
    [
        ({"error": "invalid_client"}, 401, PlatformRefused, "check the secrets app_key and signing"),
        ({"error": "invalid_client"}, 200, PlatformRefused, "no token at 'access_token'"),
        ([], 200, PlatformRefused, "no token at 'access_token'"),
        ({}, 503, PlatformBusy, "busy"),
    ],
)
def test_a_grant_that_is_not_given_says_why(answer: Any, status: int, error: type[Exception], words: str) -> None:
    with speaking(lambda asked: says(answer, status)) as server, pytest.raises(error, match=words):
        list(pull(connector(server.address, auth=GRANT, retries=0)))
    assert server.of("/things") == []


def test_a_grant_that_is_a_web_page_is_garbled() -> None:
    with speaking(lambda asked: Says(b"<html>")) as server, pytest.raises(PlatformGarbled, match="JSON"):
        list(pull(connector(server.address, auth=GRANT)))


def test_a_server_of_tokens_may_be_another_host_that_is_declared_by_its_full_address() -> None:
    authorizing = Authorizing()
    with speaking(authorizing) as elsewhere, speaking(authorizing) as server:
        auth = GRANT | {"access_token_url": f"{elsewhere.address}/oauth/token"}
        at = connector(server.address, {"paginator": NUMBERED}, auth=auth, headers={"X-Planted": "1"})
        pages = list(pull(at))
    assert numbers(pages) == list(range(25))
    assert [asked.path for asked in elsewhere.asked] == ["/oauth/token"]
    assert "X-Planted" not in elsewhere.asked[0].headers
    assert len(server.of("/things")) == 3


def test_a_cookie_of_the_platform_goes_to_no_other_host_not_even_another_port_of_it() -> None:
    """Cookies know no ports, so a jar alone would send them on."""
    authorizing = Authorizing(uses=1)

    def dialect(asked: Asked) -> Says:
        answer = authorizing(asked)
        answer.headers["Set-Cookie"] = "SESSION=planted-session; Path=/"
        return answer

    with speaking(authorizing) as elsewhere, speaking(dialect) as server:
        auth = GRANT | {"access_token_url": f"{elsewhere.address}/oauth/token"}
        list(pull(connector(server.address, {"paginator": NUMBERED}, auth=auth)))
    assert [asked.headers.get("Cookie") for asked in server.of("/things")][1:] == ["SESSION=planted-session"] * 4
    assert [asked.headers.get("Cookie") for asked in elsewhere.asked] == [None] * 3


def signed(
    target: str = "/things?b=2&a=%E9%87%91%20x&empty=", **declared: Any
) -> tuple[dict[str, str], dict[str, str]]:
    """What a signature adds to `target`: parameters, headers."""
    auth = HmacSignature(type="hmac_signature", app_key="app_key", secret="signing", **declared)
    carried = Signature(auth, Keyring(lambda name: Secret(name, PLANTED[name]))).freshen(target)
    query = parse_qs(carried.target.partition("?")[2], keep_blank_values=True)
    return {name: value for name, (value,) in query.items()}, dict(carried.headers)


def test_wechats_way_to_sign_is_declared() -> None:
    """`&key=SECRET` behind the sorted parameters, MD5 in capitals; source: WeChat Pay, 签名算法."""
    query, _ = signed(
        algorithm="md5", encoding="upper_hex", signed="{params}&key={secret}", app_key_param="appid",
        timestamp_form="epoch_s", nonce_param="nonce_str",
    )  # fmt: skip
    sign = query.pop("sign")
    text = "&".join(f"{name}={query[name]}" for name in sorted(query)) + f"&key={PLANTED['signing']}"
    assert sign == hashlib.md5(text.encode()).hexdigest().upper()
    assert query["a"] == "金 x"
    assert len(query["timestamp"]) == 10


def test_taobaos_way_to_sign_is_declared() -> None:
    """Names and values without anything between, within two secrets; the time as text; source: TOP, API 签名算法."""
    query, _ = signed(
        algorithm="md5", encoding="upper_hex", signed="{secret}{params}{secret}", assign="", join="",
        app_key_param="app_key", nonce_param=None, timestamp_form="local",
    )  # fmt: skip
    sign = query.pop("sign")
    text = PLANTED["signing"] + "".join(name + query[name] for name in sorted(query)) + PLANTED["signing"]
    assert sign == hashlib.md5(text.encode()).hexdigest().upper()
    stated = datetime.fromisoformat(query["timestamp"]).replace(tzinfo=ZoneInfo("Asia/Shanghai"))
    assert abs((datetime.now(stated.tzinfo) - stated).total_seconds()) < 60
    assert set(query) == {"a", "b", "empty", "app_key", "timestamp"}


@pytest.mark.parametrize(
    ("algorithm", "digest"),
    [("hmac_sha256", "sha256"), ("hmac_sha1", "sha1"), ("hmac_md5", "md5"), ("hmac_sm3", "sm3")],
)
def test_a_signature_may_stand_in_headers_in_base64(algorithm: str, digest: str) -> None:
    query, headers = signed(
        algorithm=algorithm, encoding="base64", location="header", app_key_param="X-App-Key",
        timestamp_param="X-Timestamp", nonce_param="X-Nonce", sign_param="X-Sign", timestamp_form="compact",
    )  # fmt: skip
    assert query == {"a": "金 x", "b": "2", "empty": ""}
    sign = headers.pop("X-Sign")
    both = query | headers
    text = "&".join(f"{name}={both[name]}" for name in sorted(both))
    assert sign == base64.b64encode(hmac.new(PLANTED["signing"].encode(), text.encode(), digest).digest()).decode()
    assert len(headers["X-Timestamp"]) == 14


def test_braces_in_a_parameter_do_not_bring_the_secret_into_a_signature_twice() -> None:
    query, _ = signed("/things?a={secret}{params}", algorithm="sha256", signed="{params}{secret}")
    sign = query.pop("sign")
    text = "&".join(f"{name}={query[name]}" for name in sorted(query)) + PLANTED["signing"]
    assert sign == hashlib.sha256(text.encode()).hexdigest()


def test_a_link_that_is_no_utf_8_is_followed_as_it_is_written() -> None:
    auth = {"type": "api_key", "name": "ak", "api_key": "app_key", "location": "query"}

    def dialect(asked: Asked) -> Says:
        at_end = "name" in asked.query
        return says({"rows": rows(1), "links": [] if at_end else [{"rel": "next", "href": "?name=%BD%F0&x=%C1%BD"}]})

    with speaking(dialect) as server:
        pages = list(pull(connector(server.address, {"paginator": {"type": "json_link"}}, auth=auth)))
    assert pages[1].url == f"{server.address}/things?name=%BD%F0&x=%C1%BD"


def test_a_token_that_leads_to_the_next_page_is_followed_and_one_of_ours_is_not_kept() -> None:
    auth, _ = FIXED["bearer"]

    def dialect(asked: Asked) -> Says:
        if "token" in asked.query:
            return says({"rows": rows(5, 10), "links": []})
        href = f"?token=page-2&echo={PLANTED['app_key']}&city=500000"
        return says({"rows": rows(10), "links": [{"rel": "next", "href": href}]})

    with speaking(dialect) as server:
        pages = list(pull(connector(server.address, {"paginator": {"type": "json_link"}}, auth=auth)))
    assert numbers(pages) == list(range(15))
    assert server.asked[1].query == {"token": "page-2", "city": "500000"}
    assert pages[1].url == f"{server.address}/things?city=500000"
    assert PLANTED["app_key"] not in (pages[0].resume or "")


def test_a_user_that_is_called_like_a_city_does_not_cut_the_city_out_of_links() -> None:
    def dialect(asked: Asked) -> Says:
        links = [] if "city" in asked.query else [{"rel": "next", "href": "/chongqing-city?city=chongqing-city"}]
        return says({"rows": rows(3), "links": links})

    with speaking(dialect) as server:
        at = connector(server.address, {"paginator": {"type": "json_link"}}, auth=FIXED["http_basic"][0])
        list(knowing(at, user="chongqing-city", password="planted-7f31"))
    assert (server.asked[1].path, server.asked[1].query) == ("/chongqing-city", {"city": "chongqing-city"})


def test_a_link_with_a_credential_in_its_path_is_refused() -> None:
    auth, _ = FIXED["bearer"]
    stream = {"paginator": {"type": "json_link", "next_url_path": "next"}}
    with (
        speaking(lambda asked: says({"rows": rows(3), "next": f"/{PLANTED['app_key']}/2"})) as server,
        pytest.raises(PlatformRefused, match="credential in its path") as refused,
    ):
        list(pull(connector(server.address, stream, auth=auth)))
    assert PLANTED["app_key"] not in str(refused.value)
