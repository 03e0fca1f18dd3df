"""How long is waited before another try, and when none is made."""

from __future__ import annotations

import math

import pytest

from hutong.extract.tries import Patience, asked_wait_s

from .speaking import connector


@pytest.mark.parametrize(
    ("stated", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("9" * 5000, math.inf),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        (None, None),
        ("Wed, 21 Oct 2015 07:28:00 GMT", None),
        ("Wed, 99 Foo 2015", None),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
    ],
)
def test_what_a_platform_asks_for(stated: str | None, seconds: float | None) -> None:
    assert asked_wait_s(stated) == seconds


def test_a_date_in_the_future_is_not_cut_short() -> None:
    asked_s = asked_wait_s("Fri, 31 Dec 2099 23:59:59 GMT")
    assert asked_s is not None
    assert asked_s > 365 * 24 * 3600


def patience(**limits: float) -> Patience:
    return Patience(connector("http://127.0.0.1", retries=3, limits=limits))


def test_pauses_grow_up_to_their_limit_and_end_with_the_tries() -> None:
    left = patience(retry_wait_s=2)
    pauses = [left.pause_s(None) for _ in range(4)]
    assert pauses[0] == 0
    assert all(1 <= pause <= 2.5 for pause in pauses[1:3] if pause is not None)
    assert pauses[3] is None


def test_a_platform_is_never_asked_sooner_than_it_says() -> None:
    assert patience(retry_wait_s=2).pause_s(1.9) == 1.9
    assert patience(retry_wait_s=2).pause_s(2.1) is None
    assert patience(retry_wait_s=2).pause_s(math.inf) is None
