"""The rule `time`, by columns: the forms of which there are many a second; the others are read by distinct values."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from hutong.model import mapping
from hutong.model.mapping import paths_of
from hutong.normalise.clock import MOY_UNAVAILABLE, SEC_MARK_UNAVAILABLE
from hutong.normalise.columns.filling import RECEIVED_AT, SPACES, Fill, Filled, Leaves, NoColumnForm, always, given
from hutong.normalise.reading import Unreadable
from hutong.normalise.rules import compile_rule

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Stands for the receipt, of which these forms ask nothing."""

_UTC = pl.Datetime("us", "UTC")
_SECOND, _MINUTE, _DAY = 1_000_000, 60_000_000, 86_400_000_000
_LAST = 4_102_444_800
"""Seconds since 1970 of the year 2100. Of instants outside 1970 to 2100 nothing is sure here."""
_DIGITS = "^[0-9]{1,18}$"
# No second 60: polars counts a leap second into the next minute, Python knows none.
_LOCAL = r"^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-5][0-9](?:\.[0-9]{1,6})?$"
_ISO = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9](?:\.[0-9]{1,6})?(?:Z|[+-](?:0[0-9]|1[0-4]):[0-5][0-9])$"
)


def time(rule: mapping.Time, leaves: Leaves) -> Fill:
    """See `rules.time`."""
    paths = [rule.from_] if isinstance(rule.from_, str) else rule.from_
    match rule.form:
        case "epoch_s":
            return _epoch(paths[0], rule, leaves, 1)
        case "epoch_ms":
            return _epoch(paths[0], rule, leaves, 1000)
        case "moy_secmark":
            return _moy_secmark(paths[0], paths[1], rule, leaves)
        case "local":
            return _civil(paths[0], rule, leaves)
        case "iso":
            return _iso(paths[0], rule, leaves)
    raise NoColumnForm


def _whole(path: str, rule: mapping.Time, leaves: Leaves) -> tuple[pl.Expr, pl.Expr]:
    """The whole numbers at `path`, and where that is not sure."""
    value, kind = leaves.there(path, rule.missing), leaves.kind(path)
    if kind == pl.String and rule.as_text:
        text = value.str.strip_chars(SPACES)
        is_plain = text.str.contains(_DIGITS)
        return pl.when(is_plain).then(text).cast(pl.Int64, strict=False), given(text) & ~is_plain
    if kind != pl.Int64:
        raise NoColumnForm
    return value, pl.lit(False)


def _text(path: str, rule: mapping.Time, leaves: Leaves) -> pl.Expr:
    if leaves.kind(path) != pl.String:
        raise NoColumnForm
    return leaves.there(path, rule.missing).str.strip_chars(SPACES)


def _filled(leaves: Leaves, made: pl.Expr, unsure: list[pl.Expr]) -> Fill:
    return always({leaves.context.column: made}, unsure)


def _epoch(path: str, rule: mapping.Time, leaves: Leaves, per_second: int) -> Fill:
    value, unread = _whole(path, rule, leaves)
    within = value.is_between(0, _LAST * per_second)
    return _filled(leaves, pl.when(within).then(value * (_SECOND // per_second)).cast(_UTC), [~within, unread])


def _civil(path: str, rule: mapping.Time, leaves: Leaves) -> Fill:
    if rule.zone is None:
        raise NoColumnForm
    text, zone = _text(path, rule, leaves), str(ZoneInfo(rule.zone))
    is_plain = text.str.contains(_LOCAL)
    front = pl.when(is_plain).then(text.str.slice(0, 19))
    civil = front.str.to_datetime("%Y-%m-%d %H:%M:%S", time_unit="us", strict=False)
    # Times that the clocks of the zone skipped or showed twice become null.
    local = civil.dt.replace_time_zone(zone, ambiguous="null", non_existent="null").dt.convert_time_zone("UTC")
    instant = (local.cast(pl.Int64) + _fraction(text.str.slice(20))).cast(_UTC)
    return _with_others(text, is_plain, instant, rule, leaves)


def _with_others(text: pl.Expr, is_plain: pl.Expr, instant: pl.Expr, rule: mapping.Time, leaves: Leaves) -> Fill:
    """Texts in other spellings, such as a date alone, are read by the scalar form, each of them once."""
    read, column, (path,) = compile_rule(rule, leaves.context), leaves.context.column, paths_of(rule)

    def make(frame: pl.DataFrame, asked: Mapping[str, pl.Series]) -> Filled:
        found = instant
        others = asked["others"]
        if others.null_count() < len(others):
            known: dict[str, datetime] = {}
            for other in others.unique().drop_nulls():
                # What cannot be read the scalar form explains, record by record.
                with suppress(Unreadable):
                    at = read(_record(path, other), EPOCH)
                    known |= {other: at} if at is not None else {}
            spelled = pl.lit(others).replace_strict(list(known), list(known.values()), default=None, return_dtype=_UTC)
            found = pl.coalesce(instant, spelled)
        return Filled({column: found}, [given(text) & ~_is_modern(found)])

    return Fill(make, {"others": pl.when(~is_plain).then(text)})


def _record(path: str, value: str) -> dict[str, Any]:
    """A record with `value` at `path` and nothing else."""
    *parents, last = path.split(".")
    record: dict[str, Any] = {last: value}
    for name in reversed(parents):
        record = {name: record}
    return record


def _fraction(digits: pl.Expr) -> pl.Expr:
    """Up to six digits behind the point, as microseconds."""
    return _digits(digits.str.pad_end(6, "0"))


def _iso(path: str, rule: mapping.Time, leaves: Leaves) -> Fill:
    text = _text(path, rule, leaves)
    is_plain = text.str.contains(_ISO)
    civil = (
        pl.when(is_plain).then(text.str.slice(0, 19)).str.to_datetime("%Y-%m-%dT%H:%M:%S", time_unit="us", strict=False)
    )
    fraction = _fraction(text.str.extract(r"\.([0-9]{1,6})").fill_null(""))
    # ±hh:mm, the last six characters; a zone Z has none.
    offset = pl.when(text.str.ends_with("Z")).then(pl.lit("+00:00")).otherwise(text.str.slice(-6))
    minutes = _digits(offset.str.slice(1, 2)) * 60 + _digits(offset.str.slice(4, 2))
    ahead = pl.when(offset.str.starts_with("-")).then(-minutes).otherwise(minutes)
    instant = (civil.cast(pl.Int64) + fraction - ahead * _MINUTE).cast(_UTC)
    return _with_others(text, is_plain, instant, rule, leaves)


def _digits(text: pl.Expr) -> pl.Expr:
    return text.cast(pl.Int64, strict=False)


def _is_modern(instant: pl.Expr) -> pl.Expr:
    return instant.dt.epoch("s").is_between(0, _LAST).fill_null(False)


def _moy_secmark(moy_path: str, mark_path: str, rule: mapping.Time, leaves: Leaves) -> Fill:
    """An instant is settled by one close by; see `clock.moy_secmark`."""
    (moy, unread), (mark, unsaid) = _whole(moy_path, rule, leaves), _whole(mark_path, rule, leaves)
    said, unheard = (None, pl.lit(False)) if rule.near is None else _whole(rule.near, rule, leaves)
    is_far = pl.lit(False) if said is None else ~said.is_between(0, _LAST * 1000)
    # Far away, the product might begin anew.
    near = None if said is None else pl.when(~is_far).then(said * 1000)
    received = pl.col(RECEIVED_AT).cast(pl.Int64)
    close = received if near is None else pl.coalesce(near, received)
    year = close.cast(_UTC).dt.truncate("1y").cast(pl.Int64)
    instant = year + moy * _MINUTE + mark * 1000
    unavailable = (moy == MOY_UNAVAILABLE) | (mark >= SEC_MARK_UNAVAILABLE)
    # So close that no other year can be meant.
    sure = (
        moy.is_between(0, 527_039)
        & (mark >= 0)
        & ((instant - close).abs() < 100 * _DAY)
        & (instant.cast(_UTC).dt.year() == close.cast(_UTC).dt.year())
        & close.is_between(0, _LAST * _SECOND)
    )
    off = instant - close
    half = _MINUTE // 2
    to_near = pl.when(off > half).then(-_MINUTE).when(off < -half).then(_MINUTE).otherwise(0)
    to_received = pl.when(off > half).then(-_MINUTE).otherwise(0)
    moved = to_received if near is None else pl.when(near.is_not_null()).then(to_near).otherwise(to_received)
    made = pl.when(given(moy, mark) & ~unavailable).then(instant + moved).cast(_UTC)
    is_said = given(moy, mark) & ~unavailable
    # A mark for unavailable that is out of all bounds is still looked at by the scalar form.
    return _filled(
        leaves, made, [is_said & ~sure.fill_null(False), (moy < 0) | (mark < 0), is_far, unread, unsaid, unheard]
    )
