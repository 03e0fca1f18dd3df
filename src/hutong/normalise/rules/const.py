"""The rule `const`: the same for every record of the stream."""

from __future__ import annotations

from datetime import datetime

from hutong.model import mapping
from hutong.model.dataset import FieldType
from hutong.model.mapping import Scalar
from hutong.normalise.reading import Raw, Reader, compile_fit
from hutong.normalise.rules.context import Context, MisfitRule


def compile_const(rule: mapping.Const, context: Context) -> Reader:
    """Gives the value, which must be of the contract's type. Raises MisfitRule."""
    value = constant(rule, context)

    def read(raw: Raw, received_at: datetime) -> Scalar:
        return value

    return read


def constant(rule: mapping.Const, context: Context) -> Scalar:
    """The value as the contract's type. Raises MisfitRule."""
    try:
        return _as(context.field.type, rule.value)
    except (TypeError, ValueError, OverflowError):
        kind = context.field.type
        raise MisfitRule(f"{context.dataset.id}.{context.column} is a {kind}, which {rule.value!r} is not") from None


def _as(kind: FieldType, value: Scalar) -> Scalar:
    if isinstance(value, bool | str):
        if kind != ("boolean" if isinstance(value, bool) else "string"):
            raise TypeError
        return value
    return None if value is None else compile_fit(kind)(value)
