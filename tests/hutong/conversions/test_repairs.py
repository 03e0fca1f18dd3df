"""Every repair can be said in both languages."""

from __future__ import annotations

from typing import Any

import pytest

from hutong.conversions import repair_words
from hutong.model.repair import KINDS

WHO = {"reason": "-", "author": "-", "date": "2026-03-19"}
COMMON = {"stream": "a.b", "from": "x.y", "refused_for": ["y_unreadable"], **WHO}
OWN: dict[str, tuple[dict[str, Any], str]] = {
    "map_code": ({"codes": {"9": "free"}}, "codes of x.y: 9 → free"),
    "zone": ({"zone": "UTC"}, "x.y is civil time of UTC"),
    "strip": ({"suffix": "km/h"}, '"km/h" cut off x.y'),
    "missing": ({"values": [-9]}, "-9 in x.y is no value"),
    "swap": ({}, "the coordinates at x.y in the other order"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_repair_says_what_it_does(kind: str) -> None:
    own, said = OWN[kind]
    words = repair_words(KINDS[kind].model_validate({**COMMON, "repair": kind, **own}))
    assert words.en == said
    assert "x.y" in words.zh
