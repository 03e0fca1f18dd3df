from datetime import UTC, datetime, timedelta

import pytest

from citysim.clock import (
    BEIJING,
    CityClock,
    beijing_text,
    default_recording_start,
    from_beijing_text,
    interval_end_text,
    minute_of_utc_year,
)


def test_the_default_recording_has_wholly_happened_and_starts_on_five_minutes() -> None:
    start = default_recording_start(datetime(2026, 3, 18, 1, 2, 33, 5, tzinfo=UTC))
    assert start == datetime(2026, 3, 18, 8, 15, tzinfo=BEIJING)


def test_a_fast_clock_runs_ahead_of_real_time() -> None:
    start = datetime(2026, 3, 18, tzinfo=BEIJING)
    clock = CityClock(start, start + timedelta(seconds=10), speed=1e6)
    assert clock.now_s() > 10
    assert CityClock(start, start, speed=1e-9).now_s() == pytest.approx(0, abs=1e-3)


def test_an_interval_that_ends_at_midnight_is_written_24_on_the_earlier_day() -> None:
    assert interval_end_text(datetime(2026, 3, 19, tzinfo=BEIJING)) == "2026-03-18 24:00:00"
    assert interval_end_text(datetime(2026, 3, 19, 0, 5, tzinfo=BEIJING)) == "2026-03-19 00:05:00"


def test_the_minute_of_the_year_is_counted_in_utc() -> None:
    # Beijing 00:30 on 1 January still lies in the year before.
    assert minute_of_utc_year(datetime(2026, 1, 1, 0, 30, tzinfo=BEIJING)) == 525150
    assert minute_of_utc_year(datetime(2026, 3, 18, 8, 15, 27, tzinfo=BEIJING)) == 109455


def test_beijing_text_goes_there_and_back() -> None:
    moment = datetime(2026, 3, 18, 0, 15, 27, tzinfo=UTC)
    assert beijing_text(moment) == "2026-03-18 08:15:27"
    assert from_beijing_text("2026-03-18 08:15:27") == moment
    with pytest.raises(ValueError, match="does not match format"):
        from_beijing_text("2026-03-18T08:15:27")
