"""Texts come out without secrets, whichever way they are written there."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus
from xml.sax.saxutils import escape

import pytest

from hutong.extract.keyring import Keyring
from hutong.secrets import Secret

VALUE = 'p&"口令\\ é/7f31<'


def keyring(**values: str) -> Keyring:
    found = Keyring(lambda name: Secret(name, values[name]))
    for name in values:
        found.reveal(name)
    return found


@pytest.mark.parametrize(
    "written",
    [
        VALUE,
        quote(VALUE, safe=""),
        quote(VALUE),
        quote_plus(VALUE),
        quote(VALUE, safe="").lower(),
        json.dumps(VALUE),
        json.dumps(VALUE, ensure_ascii=False),
        escape(VALUE),
        html.escape(VALUE),
        repr(VALUE),
        repr(VALUE.encode()),
        base64.b64encode(VALUE.encode()).decode(),
        VALUE.encode().hex(),
        VALUE.encode().hex().upper(),
    ],
)
def test_a_secret_is_taken_out_in_every_form(written: str) -> None:
    assert "<gate>" in keyring(gate=VALUE).clean(f"refused: {written}.")
    assert "7f31" not in keyring(gate=VALUE).clean(f"refused: {written}.")


def test_a_secret_within_another_is_taken_out_with_the_whole() -> None:
    both = keyring(short="planted", long="planted-and-more")
    assert both.clean("planted-and-more, planted") == "<long>, <short>"


def test_a_name_that_was_put_in_is_not_searched_again() -> None:
    assert keyring(password="secret-1", user="pass").clean("secret-1 pass") == "<password> <user>"


def test_a_line_of_a_key_is_taken_out_too() -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49\nAwEHBG0wawIBAQQg\n-----END PRIVATE KEY-----\n"
    assert keyring(key=pem).clean("bad line AwEHBG0wawIBAQQg of -----BEGIN") == "bad line <key> of -----BEGIN"


def test_a_token_that_was_renewed_is_still_a_secret() -> None:
    ring = keyring()
    for token in ("planted-token-1", "planted-token-2"):
        ring.remember("token", token)
    assert ring.clean("planted-token-1 expired, planted-token-2 is new") == "<token> expired, <token> is new"


def test_a_word_of_our_own_is_not_taken_for_a_short_secret() -> None:
    assert keyring(user="HTTP").hide("it is busy (HTTP 503)") == "it is busy (HTTP 503)"
    assert keyring(user="HTTP").clean("HTTP") == "<user>"


def test_a_number_that_a_short_secret_would_be_in_hex_stays_in_a_link() -> None:
    assert keyring(pin="1234").link("http://h/x?id=31323334&pin=1234") == "http://h/x?id=31323334&pin=1234"


def test_a_secret_is_looked_up_once() -> None:
    asked: list[str] = []

    def secrets(name: str) -> Secret:
        asked.append(name)
        return Secret(name, "planted")

    ring = Keyring(secrets)
    assert (ring.reveal("key"), ring.reveal("key"), asked) == ("planted", "planted", ["key"])


def test_a_kept_address_holds_no_secret_in_parameters_or_path() -> None:
    ring = keyring(key="planted-key", user="planted-user")
    url = "http://h/planted-key/x?a=1&b=planted-key&sign=s&c=planted-user&Token=t&d=Bearer%20planted-key"
    assert ring.address(url) == "http://h/<key>/x?a=1"
