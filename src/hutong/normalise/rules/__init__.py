"""The closed list of mapping rules, one file per rule, each compiled once into a plain function."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hutong.model.mapping import Rule
from hutong.normalise.reading import Reader
from hutong.normalise.rules.angle import compile_angle
from hutong.normalise.rules.area import compile_area
from hutong.normalise.rules.bit import compile_bit
from hutong.normalise.rules.code import compile_code
from hutong.normalise.rules.const import compile_const
from hutong.normalise.rules.context import Context, MisfitRule
from hutong.normalise.rules.duration import compile_duration
from hutong.normalise.rules.flag import compile_flag
from hutong.normalise.rules.identity import compile_id
from hutong.normalise.rules.line import compile_line
from hutong.normalise.rules.number import compile_number
from hutong.normalise.rules.point import compile_point
from hutong.normalise.rules.pseudonym import compile_pseudonym
from hutong.normalise.rules.quantity import compile_quantity
from hutong.normalise.rules.rate import compile_rate
from hutong.normalise.rules.stake import compile_stake
from hutong.normalise.rules.text import compile_text
from hutong.normalise.rules.time import compile_elapsed, compile_time

__all__ = ["FILLS_SEVERAL", "Context", "MisfitRule", "compile_rule"]

FILLS_SEVERAL = frozenset({"point", "line", "area", "code"})
"""Rules whose reader gives a dictionary of columns."""

_COMPILERS: Mapping[str, Callable[[Any, Context], Reader]] = {
    "text": compile_text,
    "number": compile_number,
    "quantity": compile_quantity,
    "rate": compile_rate,
    "time": compile_time,
    "elapsed": compile_elapsed,
    "angle": compile_angle,
    "point": compile_point,
    "line": compile_line,
    "area": compile_area,
    "code": compile_code,
    "id": compile_id,
    "flag": compile_flag,
    "bit": compile_bit,
    "const": compile_const,
    "stake": compile_stake,
    "duration": compile_duration,
    "pseudonym": compile_pseudonym,
}


def compile_rule(rule: Rule, context: Context) -> Reader:
    """`rule` as a function from a raw record to the value of its column, or to a dictionary of columns (FILLS_SEVERAL).

    The function raises Unreadable and nothing else, whatever the record holds.
    Raises MisfitRule, UnknownUnit, IncompatibleUnits, UnknownCrs (all ValueErrors), or SecretMissing.
    """
    return _COMPILERS[rule.rule](rule, context)
