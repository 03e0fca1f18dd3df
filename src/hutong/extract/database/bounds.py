"""The window of a pull in the words of the column that it is asked by.

A column is always compared as what it is: an instant as an instant, a local time as the local time of its declared
zone, a text as text of one declared shape.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from hutong.extract.database import values
from hutong.extract.database.table import Column
from hutong.extract.window import EPOCH, STEPS, Window
from hutong.model.incremental import Incremental

_SHAPES = {
    "local": "^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?$",
    "iso": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]+)?",
    "epoch_s": "^[0-9]{10}([.][0-9]+)?$",
    "epoch_ms": "^[0-9]{13}$",
}
"""Text that sorts as the moments do which it states; regular expressions of both databases."""


class Unfit(ValueError):
    """A column cannot be asked by as its connector declares. The text says what to declare instead."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Half-open, in the column's own words. shape: which texts have a place between them; None for other columns."""

    start: str
    end: str
    shape: str | None = None


def bounds_of(column: Column, incremental: Incremental, window: Window) -> Bounds:
    """`window` for `column`. Raises Unfit when the column cannot say what `incremental` declares."""
    form, zone, kind = incremental.form, incremental.zone, column.kind
    if values.is_text(kind):
        return _of_text(column, form, zone, window)
    if values.is_number(kind):
        if not form.startswith("epoch"):
            raise Unfit(f"the column '{column.name}' holds numbers; state the form epoch_s or epoch_ms")
        return Bounds(_epoch(window.start, form), _epoch(window.end, form))
    if not values.is_moment(kind):
        raise Unfit(f"the column '{column.name}' holds neither times nor numbers; name another")
    if values.states_instant(kind):
        if form != "iso":
            raise Unfit(f"the column '{column.name}' states instants; state the form iso")
        return Bounds(_iso(window.start), _iso(window.end))
    if form not in ("iso", "local") or zone is None:
        raise Unfit(f"the column '{column.name}' holds times without a zone; state the form local and their zone")
    start, end = _local(window.start, zone, -1), _local(window.end, zone, 1)
    if isinstance(kind, sa.Date):
        # A day counts as its first moment: the last one is that in which the window's last moment lies.
        return Bounds(f"{start:%Y-%m-%d}", f"{end - timedelta(microseconds=1) + timedelta(days=1):%Y-%m-%d}")
    return Bounds(f"{start:%Y-%m-%d %H:%M:%S}", f"{end:%Y-%m-%d %H:%M:%S}")


def _of_text(column: Column, form: str, zone: str | None, window: Window) -> Bounds:
    if form.startswith("epoch"):
        return Bounds(_epoch(window.start, form), _epoch(window.end, form), _SHAPES[form])
    if zone is None:
        raise Unfit(f"the column '{column.name}' holds times as text; state in which zone all of it is written")
    start, end = _local(window.start, zone, -1), _local(window.end, zone, 1)
    if form == "local":
        return Bounds(f"{start:%Y-%m-%d %H:%M:%S}", f"{end:%Y-%m-%d %H:%M:%S}", _SHAPES[form])
    # Texts of several offsets do not sort: one offset is asked for, and other texts are told of as unread.
    offset = window.start.astimezone(ZoneInfo(zone)).isoformat()[-6:]
    spellings = f"({re.escape(offset)}|Z)$" if offset == "+00:00" else f"{re.escape(offset)}$"
    return Bounds(start.isoformat(), end.isoformat(), _SHAPES[form] + spellings)


def _epoch(moment: datetime, form: str) -> str:
    return str((moment - EPOCH) // STEPS[form])


def _iso(moment: datetime) -> str:
    return moment.isoformat()


def _local(moment: datetime, zone: str, outward: int) -> datetime:
    """`moment` on the clocks of `zone`, without it.

    Where those clocks are turned back, an hour comes twice and its times state two instants each; the bound is then
    moved `outward` (-1: earlier, 1: later) by that hour, because reading again loses nothing.
    """
    there = moment.astimezone(ZoneInfo(zone))
    first, second = (there.replace(fold=fold).utcoffset() or timedelta() for fold in (0, 1))
    return there.replace(tzinfo=None) + outward * max(first - second, timedelta())
