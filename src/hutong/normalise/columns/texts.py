"""Rules that make text and truth, by columns: text, id, code, flag, const."""

from __future__ import annotations

import polars as pl

from hutong.model import mapping
from hutong.normalise.columns.filling import SPACES, Fill, Leaves, NoColumnForm, always, given, holdable
from hutong.normalise.rules.code import UNMAPPED
from hutong.normalise.rules.const import constant
from hutong.normalise.rules.identity import BETWEEN


def text(rule: mapping.Text, leaves: Leaves) -> Fill:
    """See `rules.text`; masked text has no column form of its own."""
    if rule.mask or leaves.kind(rule.from_) != pl.String:
        raise NoColumnForm
    trimmed = leaves.there(rule.from_, rule.missing).str.strip_chars(SPACES)
    absent = [value for value in rule.missing if isinstance(value, str)]
    made = pl.when(~trimmed.is_in(absent)).then(trimmed) if absent else trimmed
    return always({leaves.context.column: made}, [])


def identity(rule: mapping.Id, leaves: Leaves) -> Fill:
    """See `rules.identity`."""
    paths = [rule.from_] if isinstance(rule.from_, str) else rule.from_
    parts, unsure = [], []
    for path in paths:
        if leaves.kind(path) == pl.Boolean:
            raise NoColumnForm
        part = worded(path, rule.missing, leaves)
        parts.append(part)
        unsure.append(part.str.strip_chars(SPACES) == "")
    made = pl.concat_str(parts, separator=BETWEEN) if len(parts) > 1 else parts[0]
    return always({leaves.context.column: made}, unsure)


def worded(path: str, missing: list[mapping.Scalar], leaves: Leaves) -> pl.Expr:
    """What stands at `path` as text: texts as they are, whole numbers in digits. Raises NoColumnForm."""
    leaf, kind = leaves.there(path, missing), leaves.kind(path)
    if kind in (pl.Int64, pl.Boolean):
        return leaf.cast(pl.String)
    if kind != pl.String:
        raise NoColumnForm
    return leaf


def code(rule: mapping.Code, leaves: Leaves) -> Fill:
    """See `rules.code`."""
    column, word = leaves.context.column, worded(rule.from_, rule.missing, leaves)
    walk = leaves.context.crosswalk(rule.list_)
    known = word.replace_strict(list(walk), list(walk.values()), default=pl.lit(UNMAPPED), return_dtype=pl.String)
    return always({column: pl.when(given(word)).then(known), f"{column}_raw": word}, [])


def flag(rule: mapping.Flag, leaves: Leaves) -> Fill:
    """See `rules.flag`."""
    leaf, kind = leaves.there(rule.from_, rule.missing), leaves.kind(rule.from_)
    if kind.is_nested():
        raise NoColumnForm
    is_true, is_false = (leaf.is_in(holdable(values, kind).implode()) for values in (rule.true, rule.false))
    return always({leaves.context.column: pl.when(given(leaf)).then(is_true)}, [~is_true & ~is_false])


def const(rule: mapping.Const, leaves: Leaves) -> Fill:
    """See `rules.const`."""
    return always({leaves.context.column: pl.lit(constant(rule, leaves.context))}, [])
