"""A platform for every kind of credential, each made of secrets that are like no other text in the world."""

from __future__ import annotations

import json
import re
import secrets as chance
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from hutong.extract import soap
from tests.hutong.extract.certified import Certificate
from tests.hutong.extract.speaking import Asked, Dialect, Says, says
from tests.peers.declared import declare

CITY = Certificate("city")
SERVER, CLIENT = Certificate("server", CITY), Certificate("client", CITY)

RECORDS = [
    {"no": f"N{number}", "name": "路侧设备", "lon": 106.5, "lat": 29.6, "checked": "2026-03-18 08:00:00"}
    for number in range(25)
]


@dataclass(frozen=True)
class Sentinel:
    """A secret. core: the part of it that every way to write it shows, unless that encodes the whole."""

    value: str
    core: str

    @classmethod
    def made(cls, form: str = '{}/+="\\ &') -> Sentinel:
        core = chance.token_hex(12)
        return cls(form.format(core), core)

    @classmethod
    def of_key(cls, pem: str) -> Sentinel:
        return cls(pem, pem.split("\n")[1])


@dataclass(frozen=True)
class Kind:
    """How one platform is declared, and what its credential is made of. unsent: secrets that never leave us."""

    auth: Mapping[str, Any]
    secrets: Mapping[str, Sentinel]
    unsent: frozenset[str] = frozenset()
    more: Mapping[str, Any] = field(default_factory=dict)


def kinds() -> dict[str, Kind]:
    """One platform of each kind, with new secrets."""
    plain, chinese, name = Sentinel.made, lambda: Sentinel.made('口令{}:"é'), lambda: Sentinel.made("user{}")
    key = Sentinel.of_key(CLIENT.key)
    return {
        "s_basic": Kind(
            {"type": "http_basic", "username": "basic_user", "password": "basic_password"},
            {"basic_user": name(), "basic_password": chinese()},
        ),
        "s_bearer": Kind({"type": "bearer", "token": "bearer_token"}, {"bearer_token": plain()}),
        "s_key": Kind({"type": "api_key", "name": "X-Key", "api_key": "key"}, {"key": plain()}),
        "s_query": Kind(
            {"type": "api_key", "name": "ak", "api_key": "query_key", "location": "query"}, {"query_key": chinese()}
        ),
        "s_login": Kind(
            {
                "type": "bearer_login",
                "path": "/login",
                "username": "login_user",
                "password": "login_password",
                "token_path": "token",
            },
            {"login_user": name(), "login_password": chinese(), "given_login": plain()},
        ),
        "s_grant": Kind(
            {
                "type": "oauth2_client_credentials",
                "access_token_url": "/grant",
                "client_id": "client_id",
                "client_secret": "client_secret",
            },
            {"client_id": name(), "client_secret": chinese(), "given_grant": plain()},
        ),
        "s_shown": Kind(
            {
                "type": "oauth2_client_credentials",
                "access_token_url": "/shown",
                "client_id": "shown_id",
                "client_secret": "shown_secret",
                "client_authentication": "basic",
            },
            {"shown_id": name(), "shown_secret": plain(), "given_shown": plain()},
        ),
        "s_signed": Kind(
            {"type": "hmac_signature", "app_key": "app_key", "secret": "signing"},
            {"app_key": plain(), "signing": chinese()},
            frozenset({"signing"}),
        ),
        "s_licence": Kind({"type": "licence", "secret": "licence"}, {"licence": chinese()}),
        "s_mutual": Kind(
            {"type": "bearer", "token": "mutual_token"},
            {"mutual_token": plain(), "tls_key": key},
            frozenset({"tls_key"}),
            {"tls": {"certificate": "tls_certificate", "key": "tls_key", "authority": CITY.pem}},
        ),
    }


SOAP = {
    "transport": "soap",
    "path": "/soap",
    "operation": "query",
    "namespace": "http://ws.example.test",
    "licence_part": "jkxlh",
    "query_part": "doc",
}
PAGED = {"type": "page_number", "page_size": 10, "total_path": "total"}


def declared(folder: Path, found: Mapping[str, Kind], addresses: Mapping[str, str]) -> Path:
    """A root for `hutong` with a platform for each kind; its credentials lie in the folder `secrets` there."""
    for platform, kind in found.items():
        is_soap = kind.auth["type"] == "licence"
        stream: dict[str, Any] = (
            {"endpoint": SOAP, "data_selector": "row"}
            if is_soap
            else {"endpoint": "/things", "data_selector": "rows", "paginator": PAGED}
        )
        stream["success"] = {"path": "code", "values": ["0"], "message": "msg"}
        connector = {"address": addresses[platform], "auth": dict(kind.auth), "retries": 0, **kind.more}
        declare(folder, platform, connector, stream)
    (folder / "secrets").mkdir(mode=0o700)
    written = {name: one.value for kind in found.values() for name, one in kind.secrets.items()}
    for name, value in (written | {"tls_certificate": CLIENT.pem}).items():
        (folder / "secrets" / name).write_text(value)
        (folder / "secrets" / name).chmod(0o600)
    return folder


def telling(found: Mapping[str, Kind]) -> Dialect:
    """A platform that gives the tokens of the kinds, and everything else to everybody."""
    given = {
        path: found[platform].secrets[f"given_{path}"].value
        for path, platform in {"login": "s_login", "grant": "s_grant", "shown": "s_shown"}.items()
    }

    def dialect(asked: Asked) -> Says:
        path = asked.path.strip("/")
        if path in given:
            return says({"token": given[path], "access_token": given[path], "expires_in": 3600})
        if path == "soap":
            return enveloped("<code>0</code>" + "".join(map(_row, RECORDS)))
        first = (int(asked.query["page"]) - 1) * 10
        return says({"code": 0, "total": len(RECORDS), "rows": RECORDS[first : first + 10]})

    return dialect


def enveloped(rows: str) -> Says:
    document = escape(f"<root>{rows}</root>")
    within = f"<e:Body><r><queryReturn>{document}</queryReturn></r></e:Body>"
    return Says(
        f'<e:Envelope xmlns:e="{soap.ENVELOPE}">{within}</e:Envelope>'.encode(), content_type="text/xml; charset=UTF-8"
    )


def words_of(asked: Asked) -> str:
    """The same in few words, so that a message has room for them."""
    shown = [asked.headers.get("Authorization"), asked.headers.get("X-Key"), asked.query.get("ak")]
    shown += [asked.query.get("appKey"), re.sub(r".*<jkxlh[^>]*>|</jkxlh>.*", "", asked.body.decode("gbk"), flags=re.S)]
    return " ".join(filter(None, shown))


def _row(record: Mapping[str, Any]) -> str:
    return "<row>" + "".join(f"<{name}>{value}</{name}>" for name, value in record.items()) + "</row>"


def repeating(asked: Asked) -> str:
    """All that was asked, in the platform's own words, as an error page would repeat it."""
    return json.dumps({"msg": f"{asked.query} {asked.headers} {asked.body!r}"}, ensure_ascii=False)
