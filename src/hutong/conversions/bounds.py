"""What a row rule asks, in signs that need no language, and what its kind is called in both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hutong.model.dataset import RowRule, RuleKind
from hutong.model.declared import Words

RULE_KINDS: Mapping[RuleKind, Words] = {
    "required": Words(en="given", zh="必填"),
    "range": Words(en="within bounds", zh="在取值范围内"),
    "pattern": Words(en="of this form", zh="符合格式"),
    "code": Words(en="in the code list", zh="在代码表内"),
    "before": Words(en="the first before the second", zh="前者早于后者"),
    "not_above": Words(en="the first not above the second", zh="前者不大于后者"),
    "together": Words(en="given together or not at all", zh="同时有值或同时为空"),
    "within": Words(en="the first less the second within bounds", zh="前者与后者之差在范围内"),
    "required_if": Words(en="the first given where the second says so", zh="后者如此取值时前者必填"),
    "jump": Words(
        en="no place that the same thing cannot have reached, seen within its batch",
        zh="同一对象不出现无法到达的位置（在批次内判定）",
    ),
}


def bounds_of(rule: RowRule) -> str:
    """The bounds of `rule`, such as `0 … 70`, `∈ crs` or `period_start < period_end`."""
    return _BOUNDS[rule.kind](rule)


def _within(rule: RowRule) -> str:
    (first, second), (below, above) = rule.fields, rule.args
    return f"{first} − {second}: {_span(None if below is None else -below, above)}"


def _required_if(rule: RowRule) -> str:
    first, second = rule.fields
    return f"{first} ≠ null ⇐ {second}" + (f" ∈ {' | '.join(map(str, rule.args))}" if rule.args else " ≠ null")


def _jump(rule: RowRule) -> str:
    speed, slack = rule.args
    return f"{', '.join(rule.fields[:2])}: ≤ {speed:.15g} m/s + {slack:.15g} m"


def _span(low: Any, high: Any) -> str:
    return f"{'-∞' if low is None else f'{low:.15g}'} … {'∞' if high is None else f'{high:.15g}'}"


_BOUNDS: Mapping[RuleKind, Callable[[RowRule], str]] = {
    "required": lambda rule: "≠ null",
    "range": lambda rule: _span(*rule.args),
    "pattern": lambda rule: str(rule.args[0]),
    "code": lambda rule: f"∈ {rule.args[0]}",
    "before": lambda rule: " < ".join(rule.fields),
    "not_above": lambda rule: " ≤ ".join(rule.fields),
    "together": lambda rule: " ⇔ ".join(rule.fields),
    "within": _within,
    "required_if": _required_if,
    "jump": _jump,
}
