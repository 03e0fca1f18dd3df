"""Row rules: what every row of a dataset must keep, derived from its contract, and the plain row-wise check of them.

This is the definition of right; `schema.masks` says of whole columns which rows need not be asked here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from hutong.model.dataset import Field, RowRule
from hutong.model.finding import Finding
from hutong.schema.jumps import JUMP, compile_jump

Row = Mapping[str, Any]
Check = Callable[[Row], Finding | None]
CodeLists = Mapping[str, frozenset[str]]


def row_rules(fields: Sequence[Field], cross: Sequence[RowRule] = ()) -> tuple[RowRule, ...]:
    """The rules that `fields` imply (required, range, pattern, code list), then the contract's own across fields."""
    found: list[RowRule] = []
    for field in fields:
        if field.required:
            found.append(RowRule(f"{field.name}_required", "required", (field.name,)))
        if field.minimum is not None or field.maximum is not None:
            found.append(RowRule(f"{field.name}_range", "range", (field.name,), (field.minimum, field.maximum)))
        if field.pattern is not None:
            found.append(RowRule(f"{field.name}_pattern", "pattern", (field.name,), (field.pattern,)))
        if field.code_list is not None:
            found.append(RowRule(f"{field.name}_in_list", "code", (field.name,), (field.code_list,)))
    return (*found, *cross)


def compile_rules(
    rules: Sequence[RowRule], codes: CodeLists, hidden: frozenset[str] = frozenset()
) -> Callable[[Row], list[Finding]]:
    """A function from a row to its findings, none if it may pass. Rules of the kind `jump` compare rows and have their
    say in `compile_rows` only.

    codes: code list -> its codes. hidden: columns whose values no message may show.
    """
    checks = [_KINDS[rule.kind](rule, codes, hidden) for rule in rules if rule.kind != JUMP]

    def check(row: Row) -> list[Finding]:
        return [finding for one in checks if (finding := one(row)) is not None]

    return check


def compile_rows(
    rules: Sequence[RowRule], codes: CodeLists, hidden: frozenset[str] = frozenset()
) -> Callable[[Sequence[Row]], list[list[Finding]]]:
    """A function from the rows of a batch to the findings of each, in their order. Arguments as `compile_rules` has
    them; every row needs its `record` number where rows are compared.
    """
    alone = compile_rules(rules, codes, hidden)
    jumps = [compile_jump(rule, hidden) for rule in rules if rule.kind == JUMP]

    def check(rows: Sequence[Row]) -> list[list[Finding]]:
        found = [alone(row) for row in rows]
        for jump in jumps:
            for index, finding in jump(rows).items():
                found[index].append(finding)
        return found

    return check


def _finding(rule: RowRule, row: Row, hidden: frozenset[str], **params: str) -> Finding:
    shown = ["(personal)" if name in hidden else _shown(row[name]) for name in rule.fields]
    return Finding("row_rule", rule.id, rule.kind, ", ".join(rule.fields), ", ".join(shown), params)


def _shown(value: Any) -> str:
    text = "null" if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)
    return text if len(text) <= 80 else text[:79] + "…"


def _required(rule: RowRule, codes: CodeLists, hidden: frozenset[str]) -> Check:
    (name,) = rule.fields
    return lambda row: None if row[name] is not None else _finding(rule, row, hidden)


def _range(rule: RowRule, codes: CodeLists, hidden: frozenset[str]) -> Check:
    (name,), (low, high) = rule.fields, rule.args
    lowest, highest = float("-inf") if low is None else low, float("inf") if high is None else high
    said = {"minimum": "-∞" if low is None else f"{low:g}", "maximum": "∞" if high is None else f"{high:g}"}

    def check(row: Row) -> Finding | None:
        value = row[name]
        return None if value is None or lowest <= value <= highest else _finding(rule, row, hidden, **said)

    return check


def _pattern(rule: RowRule, codes: CodeLists, hidden: frozenset[str]) -> Check:
    (name,), (pattern,) = rule.fields, rule.args
    # fullmatch, because ODCS takes its patterns from JSON Schema but names a form for the whole value.
    matches = re.compile(pattern).fullmatch

    def check(row: Row) -> Finding | None:
        value = row[name]
        return None if value is None or matches(value) else _finding(rule, row, hidden, pattern=pattern)

    return check


def _code(rule: RowRule, codes: CodeLists, hidden: frozenset[str]) -> Check:
    (name,), (listed,) = rule.fields, rule.args
    known = codes[listed]

    def check(row: Row) -> Finding | None:
        value = row[name]
        return None if value is None or value in known else _finding(rule, row, hidden, list=listed)

    return check


def _before(rule: RowRule, codes: CodeLists, hidden: frozenset[str]) -> Check:
    first, second = rule.fields

    def check(row: Row) -> Finding | None:
        start, end = row[first], row[second]
        return None if start is None or end is None or start < end else _finding(rule, row, hidden)

    return check


def _not_above(rule: RowRule, codes: CodeLists, hidden: frozenset[str]) -> Check:
    first, second = rule.fields

    def check(row: Row) -> Finding | None:
        low, high = row[first], row[second]
        return None if low is None or high is None or low <= high else _finding(rule, row, hidden)

    return check


def _together(rule: RowRule, codes: CodeLists, hidden: frozenset[str]) -> Check:
    def check(row: Row) -> Finding | None:
        given = {row[name] is not None for name in rule.fields}
        return None if len(given) == 1 else _finding(rule, row, hidden)

    return check


def apart_at_most(seconds: float) -> float:
    """`seconds`, or as many as no two instants lie apart: a timedelta holds no more."""
    return max(-_ALL_TIME_S, min(seconds, _ALL_TIME_S))


_ALL_TIME_S = 1e12


def _within(rule: RowRule, codes: CodeLists, hidden: frozenset[str]) -> Check:
    (first, second), (below, above) = rule.fields, rule.args
    said = {"below": "-∞" if below is None else f"-{below:g}", "above": "∞" if above is None else f"{above:g}"}

    def check(row: Row) -> Finding | None:
        value, other = row[first], row[second]
        if value is None or other is None:
            return None
        apart = value - other
        # Instants lie seconds apart, to the microsecond.
        low, high = below, above
        unit: Any = 1
        if isinstance(apart, timedelta):
            low, high = (None if bound is None else apart_at_most(bound) for bound in (below, above))
            unit = timedelta(seconds=1)
        is_near = (low is None or -low * unit <= apart) and (high is None or apart <= high * unit)
        # What is not a number is neither near nor far, even where no bound is declared.
        return None if is_near and apart == apart else _finding(rule, row, hidden, **said)

    return check


def _required_if(rule: RowRule, codes: CodeLists, hidden: frozenset[str]) -> Check:
    name, other = rule.fields
    when = frozenset(rule.args)
    said = {"when": f"{other} = {' | '.join(rule.args)}" if when else other}

    def check(row: Row) -> Finding | None:
        is_needed = row[other] is not None and (not when or row[other] in when)
        return None if row[name] is not None or not is_needed else _finding(rule, row, hidden, **said)

    return check


_KINDS: Mapping[str, Callable[[RowRule, CodeLists, frozenset[str]], Check]] = {
    "required": _required,
    "range": _range,
    "pattern": _pattern,
    "code": _code,
    "before": _before,
    "not_above": _not_above,
    "together": _together,
    "within": _within,
    "required_if": _required_if,
}
