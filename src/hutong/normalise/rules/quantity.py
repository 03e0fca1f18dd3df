"""The rule `quantity`: a number in the source's unit, turned into the contract's unit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from hutong.model import mapping
from hutong.normalise.reading import (
    Raw,
    Reader,
    Unreadable,
    compile_fit,
    compile_look,
    number_or_text,
    number_reader,
    text_or_number,
)
from hutong.normalise.rules.context import Context, MisfitRule
from hutong.schema.units import conversion

NOT_STATED = "unknown"
"""A scale's code for a class that states no quantity."""


def compile_quantity(rule: mapping.Quantity, context: Context) -> Reader:
    """Reads a number, or a class of the scale `list`, whose codes are numbers in `unit`.

    Raises UnknownUnit, IncompatibleUnits, MisfitRule.
    """
    path = rule.from_
    look = compile_look(path, rule.missing, "quantity")
    convert, fit = conversion(rule.unit, context.unit()), compile_fit(context.need("int", "long", "double").type)
    if rule.list_ is not None:
        to_number: Callable[[Any, str, str], int | float | None] = _scale(context.crosswalk(rule.list_), rule.list_)
    else:
        to_number = number_reader(rule.as_text)

    def read(raw: Raw, received_at: datetime) -> int | float | None:
        value = look(raw)
        if value is None:
            return None
        found = to_number(value, path, "quantity")
        if found is None:
            return None
        try:
            return fit(convert(found))
        except (ValueError, OverflowError):
            raise Unreadable(path, value, "quantity") from None

    return read


def _scale(crosswalk: Mapping[str, str], name: str) -> Callable[[Any, str, str], int | float | None]:
    """A function from a raw class to its number."""
    try:
        numbers = {
            raw: None if code == NOT_STATED else number_or_text(code, name, "quantity")
            for raw, code in crosswalk.items()
        }
    except Unreadable as wrong:
        raise MisfitRule(f"the crosswalk '{name}' gives '{wrong.value}', which is no number") from None

    def of_class(value: Any, place: str, how: str) -> int | float | None:
        raw = text_or_number(value, place, how)
        if raw not in numbers:
            raise Unreadable(place, value, how)
        return numbers[raw]

    return of_class
