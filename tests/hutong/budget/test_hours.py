from datetime import datetime

import pytest

from hutong.budget.hours import quiet_until

HOURS = ["07:00-09:30", "22:00-06:00"]


@pytest.mark.parametrize(
    ("at", "end"),
    [
        ("2026-03-18T06:59:59.999999+08:00", None),
        ("2026-03-18T07:00:00+08:00", "2026-03-18T09:30:00+08:00"),
        ("2026-03-18T09:29:59.999999+08:00", "2026-03-18T09:30:00+08:00"),
        ("2026-03-18T09:30:00+08:00", None),
        ("2026-03-18T22:00:00+08:00", "2026-03-19T06:00:00+08:00"),
        ("2026-03-18T15:30:00+00:00", "2026-03-19T06:00:00+08:00"),
        ("2026-03-18T23:30:00+00:00", "2026-03-19T09:30:00+08:00"),
        ("2026-03-19T05:59:00+08:00", "2026-03-19T06:00:00+08:00"),
        ("2026-03-19T06:00:00+08:00", None),
    ],
)
def test_quiet_hours_are_of_the_citys_day_and_may_go_over_midnight(at: str, end: str | None) -> None:
    found = quiet_until(HOURS, datetime.fromisoformat(at))
    assert (found and found.isoformat()) == end
