"""Units of measure: UCUM symbols, and what turns a number in one into a number in another.

Source: The Unified Code for Units of Measure, read by ucumvert into pint. Importing pint takes most of a second, so it
waits until a unit is first asked for.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from difflib import get_close_matches
from fractions import Fraction
from functools import cache
from math import isclose
from typing import Any

Convert = Callable[[float], float]

_USUAL = (
    "mm", "cm", "m", "km", "m/s", "km/h", "ms", "s", "min", "h", "d", "deg", "rad", "%", "m2", "km2", "kg", "t", "Hz",
    "{vehicle}/h", "{vehicle}/s", "{vehicle}/km",
)  # fmt: skip
"""What is offered for a mistyped unit."""


class UnknownUnit(ValueError):
    """The text is no UCUM unit, or one whose scale does not start at a true zero, such as `Cel` or `dB`."""

    def __init__(self, unit: str) -> None:
        self.unit = unit
        symbol = unit.rpartition(" ")[2]
        near = [one for one in get_close_matches(symbol.lower(), _USUAL, n=1, cutoff=0.7) if one != symbol]
        hint = f" (did you mean '{near[0]}'?)" if near else ""
        super().__init__(
            f"'{unit}' is no unit of a plain scale in UCUM{hint}; write it as there, such as km/h, 0.02 m/s or"
            " {vehicle}/h"
        )


class IncompatibleUnits(ValueError):
    """Two units of different kinds, such as a length and a time, or counts of different things."""

    def __init__(self, from_unit: str, to_unit: str) -> None:
        self.from_unit, self.to_unit = from_unit, to_unit
        super().__init__(
            f"'{from_unit}' cannot be turned into '{to_unit}': they are of different kinds; write the unit"
            " that the source counts in"
        )


@cache
def conversion(from_unit: str, to_unit: str) -> Convert:
    """A function from a finite number in `from_unit` to the same in `to_unit`.

    A number and a space in front of a unit are a factor: `0.02 m/s` counts in steps of 0.02 m/s. What is counted stays
    apart: `{vehicle}/h` becomes `{vehicle}/s`, but neither `1/s` nor `{person}/s`.
    Raises UnknownUnit or IncompatibleUnits. The function itself raises OverflowError beyond the range of a double.

    >>> conversion("km/h", "m/s")(72)
    20.0
    >>> conversion("%", "1")(31)
    0.31
    """
    return scaling(factor(from_unit, to_unit))


def scaling(by: Fraction) -> Convert:
    """Multiplication by `by`, rounded as late as possible: times a whole number, then divided by a whole number.

    >>> scaling(Fraction("1e-7"))(295630842)
    29.5630842
    """
    top, bottom = by.numerator, by.denominator
    if max(abs(top), bottom) > _EXACT:
        inexact = float(by)
        return lambda value: value * inexact
    return lambda value: value * top / bottom


def factor(from_unit: str, to_unit: str) -> Fraction:
    """How many `to_unit` one `from_unit` is. Raises UnknownUnit or IncompatibleUnits."""
    (from_size, from_counted), (to_size, to_counted) = _read(from_unit), _read(to_unit)
    ratio = from_size / to_size
    if not ratio.dimensionless or from_counted != to_counted:
        raise IncompatibleUnits(from_unit, to_unit)
    # Radians and degrees have no dimension either, but an angle is not a ratio.
    if _is_angle(from_size) != _is_angle(to_size):
        raise IncompatibleUnits(from_unit, to_unit)
    return _simplest(float(ratio.to_base_units().magnitude)) * _leading(from_unit)[0] / _leading(to_unit)[0]


_EXACT = 2**53
"""Whole numbers up to here are doubles without rounding."""

_LEADING = re.compile(r"(\d{1,30}(?:\.\d{1,30})?(?:[eE][+-]?\d{1,2})?)\s+(\S.*)", re.ASCII)
_HUGE = re.compile(r"\d{3}|.{61}", re.ASCII | re.DOTALL)
"""What no exponent of a unit is, nor a unit: the parsers of both libraries would work it out."""
_ANNOTATION = re.compile(r"\{([^{}]*)\}")


def _leading(unit: str) -> tuple[Fraction, str]:
    """The number in front of a unit, and the unit behind it."""
    found = _LEADING.fullmatch(unit.strip())
    if found is None:
        return Fraction(1), unit.strip()
    number = Fraction(found[1])
    if number == 0:
        raise UnknownUnit(unit)
    return number, found[2]


def _simplest(ratio: float) -> Fraction:
    """The simple fraction that `ratio` was rounded from (0.2777... is 5/18); `ratio` itself if there is none."""
    near = Fraction(ratio).limit_denominator(10**7)
    # pint multiplies step by step, so that a foot comes as 0.30479999999999996 m.
    return near if isclose(near, ratio, rel_tol=1e-15) else Fraction(ratio)


@cache
def _read(unit: str) -> tuple[Any, Counter[str]]:
    """One `unit` without its leading number as a pint quantity, and the things that it counts with their exponents."""
    symbol, counted = _leading(unit)[1], Counter[str]()
    if ("{" in symbol and "(" in symbol) or _HUGE.search(symbol):
        raise UnknownUnit(unit)
    for found in _ANNOTATION.finditer(symbol):
        divides = re.search(r"[./](?=[^./]*$)", _ANNOTATION.sub("", symbol[: found.start()]))
        counted[found[1]] += -1 if divides is not None and divides[0] == "/" else 1
    # UCUM gives what stands in braces the value one.
    plain = _ANNOTATION.sub("", re.sub(r"(^|[./])\{[^{}]*\}", r"\g<1>1", symbol))
    try:
        size = _registry().from_ucum(plain)
        size = size if hasattr(size, "to_base_units") else _registry().Quantity(size)
        if not size._is_multiplicative:
            raise UnknownUnit(unit)
        return size, Counter({thing: power for thing, power in counted.items() if power})
    except UnknownUnit:
        raise
    except Exception as wrong:  # the parsers of both libraries raise errors of many families
        raise UnknownUnit(unit) from wrong


def _is_angle(size: Any) -> bool:
    return "radian" in str(size.to_root_units().units)


@cache
def _registry() -> Any:
    from ucumvert import PintUcumRegistry

    return PintUcumRegistry()
