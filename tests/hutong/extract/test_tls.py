"""Mutual TLS: both sides show a certificate, and ours never lies on a disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from hutong.errors import HutongError, PlatformError, PlatformRefused, RegistryError, SecretMissing
from hutong.extract.stage import extract
from hutong.model.batch import Page, Resume, Sequence
from hutong.model.connector import Connector
from hutong.secrets import Secret

from .certified import Certificate
from .speaking import NOW, NUMBERED, PLANTED, Server, connector, numbered, numbers, rows, says, speaking

CITY, OTHER = Certificate("city"), Certificate("other")
SERVER, CLIENT = Certificate("server", CITY), Certificate("client", CITY)
SECRETS = PLANTED | {
    "certificate": CLIENT.pem,
    "key": CLIENT.key,
    "authority": CITY.pem,
    "other": OTHER.pem,
    "others_key": OTHER.key,
    "locked": CLIENT.locked("planted"),
    "rubbish": "-----BEGIN PRIVATE KEY-----\nplanted-rubbish\n-----END PRIVATE KEY-----\n",
}
MUTUAL = {"certificate": "certificate", "key": "key", "authority": "authority"}


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    shown, clients = SERVER.written(tmp_path, with_key=True), CITY.written(tmp_path)
    with speaking(numbered(rows(25), total=25), certificate=shown, clients=clients) as one:
        yield one


def pull(at: Connector) -> Iterator[Page]:
    sequence = Sequence("testing", "things", "500000")
    return extract(sequence, at, at.streams["things"], lambda name: Secret(name, SECRETS[name]), Resume(), NOW)


def asking(server: Server, **tls: str) -> Connector:
    auth = {"type": "bearer", "token": "app_key"}
    return connector(server.address, {"paginator": NUMBERED}, auth=auth, tls=tls, retries=0)


def test_both_sides_show_a_certificate_and_the_credential_goes_along(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("TMPDIR", str(empty))
    monkeypatch.chdir(empty)
    pages = list(pull(asking(server, **MUTUAL)))
    assert numbers(pages) == list(range(25))
    assert {asked.headers["Authorization"] for asked in server.asked} == {f"Bearer {PLANTED['app_key']}"}
    assert list(empty.iterdir()) == []


def test_an_authority_may_be_written_into_the_connector(server: Server) -> None:
    pages = list(pull(asking(server, **MUTUAL | {"authority": CITY.pem})))
    assert numbers(pages) == list(range(25))


def test_only_the_declared_authority_is_trusted_whatever_the_environment_says(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CITY.written(tmp_path)))
    assert numbers(list(pull(asking(server, certificate="certificate", key="key")))) == list(range(25))
    asked = len(server.asked)
    with pytest.raises(PlatformRefused, match="certificate is not trusted"):
        list(pull(asking(server, **MUTUAL | {"authority": "other"})))
    assert len(server.asked) == asked


def test_a_certificate_of_another_host_is_not_trusted_whoever_gave_it(tmp_path: Path) -> None:
    other = Certificate("elsewhere", CITY, at="127.0.0.9")
    shown, clients = other.written(tmp_path, with_key=True), CITY.written(tmp_path)
    with speaking(numbered(rows(5)), certificate=shown, clients=clients) as server:
        with pytest.raises(PlatformRefused, match="certificate is not trusted"):
            list(pull(asking(server, **MUTUAL)))
        assert server.asked == []


def test_without_a_certificate_of_ours_nothing_is_told(server: Server) -> None:
    with pytest.raises(PlatformError, match=r"does not accept our certificate|breaks off"):
        list(pull(asking(server, authority="authority")))
    assert server.asked == []


@pytest.mark.parametrize(
    ("tls", "names"),
    [
        ({"key": "others_key"}, "'certificate' and 'key'|'others_key'"),
        ({"key": "locked"}, "without a passphrase"),
        ({"key": "rubbish"}, "PEM"),
        ({"certificate": "rubbish"}, "PEM"),
        ({"authority": "rubbish"}, "'rubbish'"),
        ({"authority": "key"}, "'key'"),
    ],
)
def test_a_secret_that_is_no_such_pem_is_refused_and_not_shown(server: Server, tls: dict[str, str], names: str) -> None:
    with pytest.raises(SecretMissing, match=names) as refused:
        list(pull(asking(server, **MUTUAL | tls)))
    for value in SECRETS.values():
        assert all(line not in str(refused.value) for line in value.split("\n") if len(line) > 8)
    assert server.asked == []


def test_an_authority_that_is_no_certificate_is_a_mistake_in_the_file(server: Server) -> None:
    with pytest.raises(RegistryError, match=r"tls.authority"):
        list(pull(asking(server, **MUTUAL | {"authority": "-----BEGIN CERTIFICATE-----\nx\n"})))


def test_no_descriptor_is_left_open(server: Server) -> None:
    def left() -> int:
        return len(os.listdir("/dev/fd"))

    list(pull(asking(server, **MUTUAL)))
    before = left()
    for key in ("key", "rubbish", "locked"):
        with pytest.raises(HutongError):
            list(pull(asking(server, **MUTUAL | {"key": key, "authority": "rubbish"})))
    assert left() <= before  # the server's own end of the first connection may have counted


def test_another_host_is_not_shown_the_certificate(server: Server, tmp_path: Path) -> None:
    """A server of tokens elsewhere that asks for one does not get the platform's."""
    (tmp_path / "elsewhere").mkdir()
    shown, clients = SERVER.written(tmp_path / "elsewhere", with_key=True), CITY.written(tmp_path)
    with speaking(lambda asked: says({}), certificate=shown, clients=clients) as elsewhere:
        auth = {
            "type": "oauth2_client_credentials",
            "access_token_url": f"{elsewhere.address}/token",
            "client_id": "app_key",
            "client_secret": "signing",
        }
        with pytest.raises(PlatformError):
            list(pull(connector(server.address, auth=auth, tls=MUTUAL, retries=0)))
    assert elsewhere.asked == []
