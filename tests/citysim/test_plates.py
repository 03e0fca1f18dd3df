import re
from random import Random

from citysim.plates import identity_check, identity_number, mobile_number, plate


def test_plates_have_the_form_of_their_kind_and_no_i_or_o() -> None:
    random = Random(1)
    for number in range(500):
        made = plate(random, is_heavy=number % 4 == 0)
        form = {
            "01": r"渝[A-H][A-HJ-NP-Z0-9]{5}",
            "02": r"渝[A-H][A-HJ-NP-Z0-9]{5}",
            "51": r"渝[A-H][0-9]{5}[DF]",
            "52": r"渝[A-H][DF][0-9]{5}",
        }[made.kind]
        assert re.fullmatch(form, made.text), made
        assert made.colour == {"01": "1", "02": "2", "51": "4", "52": "4"}[made.kind]


def test_new_energy_plates_have_eight_characters() -> None:
    random = Random(2)
    lengths = {len(plate(random).text) for _ in range(100)}
    assert lengths == {7, 8}


def test_identity_numbers_carry_a_valid_check_character() -> None:
    random = Random(3)
    for _ in range(200):
        number = identity_number(random, "500112")
        assert re.fullmatch(r"500112(19|20)\d{9}[\dX]", number)
        assert identity_check(number[:17]) == number[17]


def test_mobile_numbers_have_eleven_digits() -> None:
    assert re.fullmatch(r"1[3-9]\d{9}", mobile_number(Random(4)))
