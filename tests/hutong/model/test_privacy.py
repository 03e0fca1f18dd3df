"""What is blotted out of free text, and what is left."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.model.privacy import BLOT, mask

SERIAL = st.text("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", min_size=5, max_size=6)
PROVINCES = st.sampled_from("京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼")


@pytest.mark.parametrize(
    "personal",
    [
        "渝A12345",
        "渝AD12345",
        "渝A12345F",
        "渝A·12345",
        "渝A・D12345",
        "渝A.12345",
        "渝 A 12345",
        "渝A-12345",
        "渝 A 1 2 3 4 5",
        "渝A 123 45",
        "渝a12345",
        "渝Ａ１２３４５",
        "渝Ａ·Ｄ１２３４５",
        "渝A1234警",
        "渝A1234学",
        "粤Z1234港",
        "渝A1234应急",
        "WJ渝12345",
        "014578使",
        "使014578",
        "13800138000",
        "138-0013-8000",
        "138 0013 8000",
        "+86 13800138000",
        "8613800138000",
        "１３８００１３８０００",
        "50011219900101123X",
        "50011219900101123x",
        "500112199001011234",
        "500112 19900101 1234",
        "500112900101123",
    ],
)
def test_an_identity_is_blotted_out_and_its_surroundings_stay(personal: str) -> None:
    assert mask(f"前{personal}后") == f"前{BLOT}后"
    assert mask(f"（{personal}），") == f"（{BLOT}），"


@pytest.mark.parametrize(
    "plain",
    [
        "",
        "金开大道3公里250米两车追尾，1人受伤",
        "2026-03-18 08:12:37",
        "5001125202600417",  # number of an accident
        "1773792927300",  # epoch in ms
        "359633.3,3272547.9,106.555318,29.560151",
        "500112000000",
        "渝北区",
        "渝A",
        "R50011201",
        "使用1234567次",
        "12345678901",
    ],
)
def test_other_text_stays_as_it_is(plain: str) -> None:
    assert mask(plain) == plain


def test_a_number_behind_a_plate_stays() -> None:
    assert mask("渝A12345 3人受伤") == "*** 3人受伤"


def test_every_identity_of_a_text_is_blotted_out() -> None:
    said = "渝A12345与渝B6789F相撞，驾驶人电话13800138000，证号50011219900101123X"
    assert mask(said) == "***与***相撞，驾驶人电话***，证号***"


@given(st.text(), PROVINCES, st.sampled_from("ABCDEFGHJK"), st.sampled_from(["", "·", " ", "．"]), SERIAL, st.text())
def test_no_plate_survives_in_any_text(
    before: str, province: str, letter: str, gap: str, serial: str, after: str
) -> None:
    assert province + letter + gap + serial not in mask(before + province + letter + gap + serial + after)


@given(st.text())
def test_masked_text_has_nothing_left_to_mask(said: str) -> None:
    assert mask(mask(said)) == mask(said)
