"""The window of a pull in the words of a column."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from hutong.extract.database import values
from hutong.extract.database.bounds import Bounds, Unfit, bounds_of
from hutong.extract.database.table import Column
from hutong.extract.window import Window
from hutong.model.incremental import Incremental


def bounds(kind: sa.types.TypeEngine[object], start: str, end: str, **incremental: str) -> Bounds:
    column = Column("at", '"at"', kind, True, sa.column("at"), sa.column("at"), values.writer_of(kind))
    declared = Incremental.model_validate({"cursor_path": "at", "since": "P1D", **incremental})
    window = Window(*(datetime.fromisoformat(text).astimezone(UTC) for text in (start, end)), timedelta(seconds=1))
    return bounds_of(column, declared, window)


def test_local_times_are_asked_for_in_their_zone() -> None:
    found = bounds(
        sa.DateTime(), "2026-03-18T00:15:00+00:00", "2026-03-18T00:30:00+00:00", form="local", zone="Asia/Shanghai"
    )
    assert found == Bounds("2026-03-18 08:15:00", "2026-03-18 08:30:00")


def test_instants_are_asked_for_with_their_offset() -> None:
    found = bounds(sa.DateTime(timezone=True), "2026-03-18T08:15:00+08:00", "2026-03-18T08:30:00+08:00", form="iso")
    assert found == Bounds("2026-03-18T00:15:00+00:00", "2026-03-18T00:30:00+00:00")


def test_days_are_asked_for_up_to_the_one_that_has_begun() -> None:
    zone = {"form": "local", "zone": "Asia/Shanghai"}
    found = bounds(sa.Date(), "2026-03-18T08:15:00+08:00", "2026-03-19T08:00:00+08:00", **zone)
    assert found == Bounds("2026-03-18", "2026-03-20")
    at_midnight = bounds(sa.Date(), "2026-03-18T00:00:00+08:00", "2026-03-19T00:00:00+08:00", **zone)
    assert at_midnight == Bounds("2026-03-18", "2026-03-19")


def test_an_hour_that_comes_twice_is_read_whole() -> None:
    """In Shanghai, 1 a.m. to 2 a.m. of 14 September 1986 came twice; each of its times states two instants."""
    zone = {"form": "local", "zone": "Asia/Shanghai"}
    first, second = "1986-09-14T01:30:00+09:00", "1986-09-14T01:30:00+08:00"
    assert bounds(sa.DateTime(), first, second, **zone) == Bounds("1986-09-14 00:30:00", "1986-09-14 02:30:00")


def test_text_is_asked_for_in_its_own_shape() -> None:
    window = ("2026-03-18T00:15:00+00:00", "2026-03-18T00:30:00+00:00")
    found = bounds(sa.Text(), *window, form="iso", zone="Asia/Shanghai")
    assert (found.start, found.end) == ("2026-03-18T08:15:00", "2026-03-18T08:30:00")
    assert found.shape is not None
    assert found.shape.endswith(r"\+08:00$")
    assert bounds(sa.Text(), *window, form="epoch_ms").start == "1773792900000"


@pytest.mark.parametrize(
    ("kind", "incremental", "words"),
    [
        (sa.Integer(), {"form": "iso"}, "epoch_s"),
        (sa.DateTime(timezone=True), {"form": "local", "zone": "UTC"}, "form iso"),
        (sa.DateTime(), {"form": "iso"}, "their zone"),
        (sa.Text(), {"form": "local"}, "which zone"),
        (sa.Boolean(), {"form": "iso"}, "name another"),
    ],
)
def test_a_column_that_cannot_say_what_is_declared_is_unfit(
    kind: sa.types.TypeEngine[object], incremental: dict[str, str], words: str
) -> None:
    with pytest.raises(Unfit, match=words):
        bounds(kind, "2026-03-18T00:15:00+00:00", "2026-03-18T00:30:00+00:00", **incremental)
