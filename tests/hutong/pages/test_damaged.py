"""Bytes that were damaged on the way, in every format: they are read, or they are garbled; nothing else happens."""

import random

import pytest

from hutong.model.bounds import Limits
from hutong.pages import Garbled, document, records, select, without
from tests.hutong.making import stream
from tests.hutong.pages.test_never_keep import CASES

PIECES = [b"\0", b"\xff", b'"', b"[", b"{", b"}", b",", b"\n", b"<", b">", b"1e999", b"NaN", b"null", b"9" * 5000]
PIECES += [b"PK\x03\x04", b"PK\x01\x02", b"&x;", b"<!DOCTYPE a>", b"\xef\xbb\xbf", b"\xff\xfe"]


def damaged(body: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice([1, 1, 2, 4])):
        place, other = chance.randrange(len(body) + 1), chance.randrange(len(body) + 1)
        body = chance.choice(
            [
                body[:place] + bytes([chance.randrange(256)]) + body[place + 1 :],
                body[:place] + chance.choice(PIECES) + body[place:],
                body[:place] + body[place + chance.randrange(30) :],
                body[:place] + body[other : other + 60] + body[place:],
                body[:place],
            ]
        )
    return body


@pytest.mark.parametrize("seed", range(4))
def test_damage_never_ends_in_another_error_or_in_other_records_when_read_again(seed: int) -> None:
    chance = random.Random(seed)
    garbled = read = 0
    for _ in range(1000):
        form, whole = chance.choice(CASES)
        body = damaged(whole, chance)
        asked = stream(format=form, data_selector="r.i" if "xml" in str(form) else "", never_keep=["phone", "@phone"])
        try:
            found = select(document(body, "", asked, Limits(answer_bytes=10_000_000)), asked) if body else []
            assert records(body, "", asked) == found
            assert len(records(without(body, "", asked), "", asked)) == len(found)
            read += 1
        except Garbled:
            garbled += 1
    assert min(garbled, read) > 100
