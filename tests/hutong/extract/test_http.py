"""What can go wrong on the way: busy, refused, garbled, too large, elsewhere."""

from __future__ import annotations

import gzip
import json
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from hutong.errors import PlatformBusy, PlatformError, PlatformGarbled, PlatformRefused, RegistryError

from .speaking import Asked, Dialect, Says, connector, numbers, pull, rows, says, speaking

FINE = says({"rows": rows(3)})


def in_turn(*answers: Says) -> Dialect:
    """The answers one after the other; the last for ever."""
    left: Iterator[Says] = iter(answers)
    return lambda asked: next(left, answers[-1])


def test_busy_once_is_asked_again() -> None:
    with speaking(in_turn(says({}, 503), FINE)) as server:
        pages = list(pull(connector(server.address)))
    assert numbers(pages) == [0, 1, 2]
    assert (pages[0].status, pages[0].attempts) == (200, 2)


@pytest.mark.parametrize("status", [429, 500, 503])
def test_busy_for_ever_is_busy_after_a_bounded_number_of_tries(status: int) -> None:
    with (
        speaking(lambda asked: says({}, status)) as server,
        pytest.raises(PlatformBusy, match=f"testing.things: .*HTTP {status}, 2 tries.*hutong sync testing things"),
    ):
        list(pull(connector(server.address)))
    assert len(server.asked) == 2


def test_a_retry_waits_as_long_as_the_platform_says() -> None:
    with speaking(in_turn(says({}, 503, **{"Retry-After": "1"}), FINE)) as server:
        began = time.monotonic()
        list(pull(connector(server.address)))
    assert time.monotonic() - began >= 1


@pytest.mark.parametrize("status", [400, 403, 404, 422])
def test_other_client_errors_are_refused_at_once(status: int) -> None:
    with speaking(lambda asked: says({}, status)) as server, pytest.raises(PlatformRefused, match=f"HTTP {status}"):
        list(pull(connector(server.address)))
    assert len(server.asked) == 1


def test_nobody_there_is_busy_and_names_the_host_alone() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(
        PlatformBusy, match=r"testing.things: 127.0.0.1:\d+ cannot be reached \(ConnectionRefusedError\)"
    ):
        list(pull(connector(address)))


def test_silence_is_busy_after_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        at = connector(f"http://127.0.0.1:{silent.getsockname()[1]}", limits={"silence_s": 0.2}, retries=0)
        with pytest.raises(PlatformBusy, match=r"cannot be reached|does not answer"):
            list(pull(at))


def test_a_body_shorter_than_promised_is_garbled() -> None:
    body = FINE.body
    with (
        speaking(lambda asked: Says(body, promised=len(body) + 100)) as server,
        pytest.raises(PlatformGarbled, match="cut short"),
    ):
        list(pull(connector(server.address)))


def test_a_cut_document_is_garbled() -> None:
    with speaking(lambda asked: Says(FINE.body[:-20])) as server, pytest.raises(PlatformGarbled, match="cut short"):
        list(pull(connector(server.address)))


def test_a_login_page_in_html_is_garbled() -> None:
    page = b"<!DOCTYPE html><html><body><form action=/sso>\xe7\x99\xbb\xe5\xbd\x95</form></body></html>"
    with (
        speaking(lambda asked: Says(page, content_type="text/html")) as server,
        pytest.raises(PlatformGarbled, match="HTML"),
    ):
        list(pull(connector(server.address)))


def test_records_elsewhere_than_declared_are_garbled() -> None:
    with speaking(lambda asked: says({"items": []})) as server, pytest.raises(PlatformGarbled, match="no 'rows'"):
        list(pull(connector(server.address)))


def test_an_answer_beyond_the_limit_is_not_read_to_its_end() -> None:
    with (
        speaking(lambda asked: says({"rows": rows(100)})) as server,
        pytest.raises(PlatformGarbled, match="larger than 1000 bytes"),
    ):
        list(pull(connector(server.address, limits={"answer_bytes": 1000})))


def test_the_limit_counts_what_an_answer_unfolds_to() -> None:
    bomb = gzip.compress(json.dumps({"rows": [], "fill": " " * 5_000_000}).encode())
    assert len(bomb) < 10_000
    with (
        speaking(lambda asked: Says(bomb, headers={"Content-Encoding": "gzip"})) as server,
        pytest.raises(PlatformGarbled, match="larger than 100000 bytes"),
    ):
        list(pull(connector(server.address, limits={"answer_bytes": 100_000})))


def test_a_packed_answer_is_kept_unpacked() -> None:
    with speaking(lambda asked: Says(gzip.compress(FINE.body), headers={"Content-Encoding": "gzip"})) as server:
        assert [page.body for page in pull(connector(server.address))] == [FINE.body]


def test_a_redirect_on_the_same_host_is_followed() -> None:
    def dialect(asked: Asked) -> Says:
        return FINE if asked.path == "/new" else says({}, 302, Location="/new")

    with speaking(dialect) as server:
        pages = list(pull(connector(server.address)))
    assert (numbers(pages), pages[0].url) == ([0, 1, 2], f"{server.address}/new")


def test_a_redirect_to_another_host_is_refused_and_not_asked() -> None:
    with (
        speaking(lambda asked: FINE) as other,
        speaking(lambda asked: says({}, 302, Location=f"{other.address}/sso?ticket=1")) as server,
        pytest.raises(PlatformRefused, match="another host") as refused,
    ):
        list(pull(connector(server.address)))
    assert other.asked == []
    assert "ticket" not in str(refused.value)


def test_redirects_in_a_circle_are_refused() -> None:
    with (
        speaking(lambda asked: says({}, 302, Location="/things")) as server,
        pytest.raises(PlatformRefused, match="circle"),
    ):
        list(pull(connector(server.address)))
    assert len(server.asked) < 10


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with speaking(lambda asked: FINE) as proxy, speaking(lambda asked: FINE) as server:
        monkeypatch.setenv("HTTP_PROXY", proxy.address)
        monkeypatch.setenv("http_proxy", proxy.address)
        list(pull(connector(server.address)))
    assert (len(proxy.asked), len(server.asked)) == (0, 1)


def test_a_netrc_does_not_replace_what_the_connector_sends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with speaking(lambda asked: FINE) as server:
        list(pull(connector(server.address)))
    assert "Authorization" not in server.asked[0].headers


def self_signed(folder: Path) -> Path:
    """Key and certificate for 127.0.0.1, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = folder / "both.pem"
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + certificate.public_bytes(Encoding.PEM))
    return path


def test_an_unknown_certificate_is_refused_and_a_named_one_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = self_signed(tmp_path)
    signed = {"type": "hmac_signature", "app_key": "app_key", "secret": "signing"}
    with speaking(lambda asked: FINE, certificate=both) as server:
        with pytest.raises(PlatformRefused, match="certificate is not trusted"):
            list(pull(connector(server.address, auth=signed)))
        assert server.asked == []
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(both))
        list(pull(connector(server.address, auth=signed)))
    assert set(server.asked[0].query) == {"appKey", "timestamp", "nonce", "sign"}


def test_a_number_of_absurd_length_is_garbled() -> None:
    absurd = Says(b'{"rows": [{"no": ' + b"9" * 5000 + b"}]}")
    with speaking(lambda asked: absurd) as server, pytest.raises(PlatformGarbled):
        list(pull(connector(server.address)))


@pytest.mark.parametrize("location", ["http://[::1", "http://127.0.0.1:99999/", "https:///x", "//other.test/"])
def test_a_redirect_to_no_address_is_refused(location: str) -> None:
    with speaking(lambda asked: says({}, 302, Location=location)) as server, pytest.raises(PlatformRefused):
        list(pull(connector(server.address)))


@pytest.mark.parametrize(
    "address", ["http://[::1", "ftp://127.0.0.1/", "file:///etc/passwd", "127.0.0.1:80", "http://a:b@127.0.0.1/"]
)
def test_only_plain_http_and_https_addresses_are_asked(address: str) -> None:
    with pytest.raises(RegistryError, match="address"):
        list(pull(connector(address)))


def test_declared_headers_and_parameters_are_sent() -> None:
    with speaking(lambda asked: FINE) as server:
        stream = {"endpoint": {"path": "/things", "params": {"district": "渝中"}}}
        pages = list(pull(connector(server.address, stream, headers={"Accept": "application/geo+json"})))
    assert server.asked[0].query == {"district": "渝中"}
    assert server.asked[0].headers["Accept"] == "application/geo+json"
    assert pages[0].url == f"{server.address}/things?district=%E6%B8%9D%E4%B8%AD"


SUCCESS = {"path": "code", "values": ["0"], "message": "msg", "refused": ["7"], "busy": ["9"]}


def test_busy_in_the_body_is_asked_again() -> None:
    with speaking(in_turn(says({"code": 9}), says({"code": 0, "rows": rows(3)}))) as server:
        pages = list(pull(connector(server.address, {"success": SUCCESS})))
    assert (numbers(pages), pages[0].attempts) == ([0, 1, 2], 2)


@pytest.mark.parametrize(
    ("code", "error", "tries"),
    [(9, PlatformBusy, 2), (7, PlatformRefused, 1), (5, PlatformGarbled, 1), (None, PlatformGarbled, 1)],
)
def test_the_code_in_the_body_decides(code: int | None, error: type[PlatformError], tries: int) -> None:
    with (
        speaking(lambda asked: says({"code": code, "msg": "坏\x1b[31m\n了" + "x" * 900, "rows": []})) as server,
        pytest.raises(error, match="坏") as failed,
    ):
        list(pull(connector(server.address, {"success": SUCCESS})))
    assert len(server.asked) == tries
    assert "\x1b" not in str(failed.value)
    assert "\n" not in str(failed.value)
    assert len(str(failed.value)) < 500


def test_words_about_personal_streams_are_masked() -> None:
    with (
        speaking(lambda asked: says({"code": 5, "msg": "渝A12345 未找到", "rows": []})) as server,
        pytest.raises(PlatformGarbled, match="未找到") as failed,
    ):
        list(pull(connector(server.address, {"success": SUCCESS, "personal": ["hphm"]})))
    assert "A12345" not in str(failed.value)
