"""Units: what converts, exactly, and what is refused."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.schema.units import IncompatibleUnits, UnknownUnit, conversion, factor


@pytest.mark.parametrize(
    ("value", "from_unit", "to_unit", "expected"),
    [
        (72, "km/h", "m/s", 20.0),
        (31, "%", "1", 0.31),
        (0.1, "%", "1", 0.001),
        (722, "0.02 m/s", "m/s", 14.44),
        (833, "0.02 m/s", "km/h", 59.976),
        (7200, "0.0125 deg", "deg", 90.0),
        (30, "5 cm", "m", 1.5),
        (450, "cm", "m", 4.5),
        (3600, "{vehicle}/h", "{vehicle}/s", 1.0),
        (1, "{vehicle}/s", "{vehicle}/h", 3600.0),
        (7, "{vehicle}", "{vehicle}", 7.0),
        (186, "{vehicle}/min", "{vehicle}/h", 11160.0),
        (1, "1e-7 deg", "deg", 1e-7),
        (8000, "{CNY}", "{CNY}", 8000.0),
        (5, "min", "s", 300.0),
        (1, "[mi_i]", "m", 1609.344),
    ],
)
def test_a_value_converts_without_a_trace_of_rounding(
    value: float, from_unit: str, to_unit: str, expected: float
) -> None:
    assert conversion(from_unit, to_unit)(value) == expected


def test_degrees_become_radians_to_the_last_digits() -> None:
    assert conversion("deg", "rad")(180) == pytest.approx(3.141592653589793, abs=1e-15)


@pytest.mark.parametrize(
    "unit", ["", " ", "xyzzy", "CNY", "0 m", "-1 m", "2,5 m", "Cel", "dB", "m/({a}.s)", "{", "m}", "速度"]
)
def test_what_is_no_plain_unit_is_unknown(unit: str) -> None:
    with pytest.raises(UnknownUnit, match="write it as there"):
        conversion(unit, "m")


@pytest.mark.parametrize(
    ("from_unit", "to_unit"),
    [
        ("m", "s"),
        ("m/s", "m"),
        ("{vehicle}/h", "{person}/h"),
        ("{vehicle}/h", "1/h"),
        ("{vehicle}", "1"),
        ("s/{vehicle}", "{vehicle}.s"),
        ("deg", "1"),
        ("deg", "%"),
    ],
)
def test_units_of_different_kinds_do_not_convert(from_unit: str, to_unit: str) -> None:
    with pytest.raises(IncompatibleUnits, match="different kinds"):
        conversion(from_unit, to_unit)


UNITS = st.sampled_from(["m", "cm", "km", "0.1 m", "5 cm", "[ft_i]"])


@given(UNITS, UNITS, st.integers(-(10**9), 10**9))
def test_there_and_back_gives_the_same(one: str, other: str, value: int) -> None:
    assert conversion(other, one)(conversion(one, other)(value)) == pytest.approx(value, rel=1e-15)
    assert factor(one, other) * factor(other, one) == 1


def test_the_unit_library_is_imported_only_when_a_unit_is_asked_for() -> None:
    code = "import sys, hutong.schema.units; sys.exit('pint' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
