"""Time forms: what each reads, and what it refuses."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.normalise import clock

CHINA = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-18 08:12:37", utc(2026, 3, 18, 0, 12, 37)),
        ("2026-03-18 08:20:11.0", utc(2026, 3, 18, 0, 20, 11)),
        ("2026-03-18 08:12:37.123456", utc(2026, 3, 18, 0, 12, 37, 123456)),
        ("2026-03-18 08:12:37.5", utc(2026, 3, 18, 0, 12, 37, 500000)),
        ("2026-03-18T08:12:37", utc(2026, 3, 18, 0, 12, 37)),
        ("2025-11-30", utc(2025, 11, 29, 16)),
        ("20260318081237", utc(2026, 3, 18, 0, 12, 37)),
        ("20260318", utc(2026, 3, 17, 16)),
        ("2026/3/5 8:4:3", utc(2026, 3, 5, 0, 4, 3)),
        ("2026-3-5 8:4:3", utc(2026, 3, 5, 0, 4, 3)),
        ("2026-03-18 24:00:00", utc(2026, 3, 18, 16)),
        ("2026-12-31 24:00:00", utc(2026, 12, 31, 16)),
        ("2024-02-29 24:00:00.0", utc(2024, 2, 29, 16)),
    ],
)
def test_civil_time_of_china_becomes_utc(text: str, expected: datetime) -> None:
    assert clock.local(text, CHINA) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "2026-02-30 08:00:00",
        "2026-13-01",
        "2026-03-18 24:00:01",
        "2026-03-18 25:10:00",
        "2026-03-18 08:60:00",
        "2026-03-18 23:59:60",
        "2026-03/18 08:00:00",
        "18.03.2026",
        "2026-03-18 08:00:00+08:00",
        "2026-03-18T08:00:00Z",
        "202603180812",
        "1773792927300",
        "２０２６-03-18",
        "9999-12-31 24:00:00",
        "0000-01-01",
        "2026-03-18 08:00:00 ",
    ],
)
def test_other_text_is_no_civil_time(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        clock.local(text, CHINA)


def test_a_time_that_the_clocks_skipped_or_showed_twice_is_refused() -> None:
    for text in ("2026-03-29 02:30:00", "2026-10-25 02:30:00"):
        with pytest.raises(ValueError, match="2026"):
            clock.local(text, BERLIN)
    assert clock.local("2026-10-25 03:00:00", BERLIN) == utc(2026, 10, 25, 2)
    with pytest.raises(ValueError, match="1986"):
        clock.local("1986-05-04 02:30:00", CHINA)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-18T00:15:30Z", utc(2026, 3, 18, 0, 15, 30)),
        ("2026-03-18T08:15:30.300+08:00", utc(2026, 3, 18, 0, 15, 30, 300000)),
        ("2026-03-18T08:15:30+0800", utc(2026, 3, 18, 0, 15, 30)),
        ("2026-03-17T19:15-05", utc(2026, 3, 18, 0, 15)),
        ("2026-03-18T24:00:00Z", utc(2026, 3, 19)),
        ("2026-03-18 00:15:30.1234567Z", utc(2026, 3, 18, 0, 15, 30, 123456)),
    ],
)
def test_iso_with_an_offset_needs_no_zone(text: str, expected: datetime) -> None:
    assert clock.iso(text, None) == expected
    assert clock.iso(text, CHINA) == expected


def test_iso_without_an_offset_needs_a_zone() -> None:
    assert clock.iso("2026-03-18T08:15:30", CHINA) == utc(2026, 3, 18, 0, 15, 30)
    assert clock.iso("2026-03-18", CHINA) == utc(2026, 3, 17, 16)
    for text in ("2026-03-18T08:15:30", "2026-03-18"):
        with pytest.raises(ValueError, match="2026"):
            clock.iso(text, None)


@pytest.mark.parametrize(
    "text", ["2026-W12-3", "2026-03-18T08:15:30+24:00", "2026-03-18T08:15:30+08:60", "2026-3-18T08:15Z", "now"]
)
def test_other_text_is_not_iso(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        clock.iso(text, CHINA)


def test_epochs_keep_every_digit() -> None:
    assert clock.epoch(1773792927300, 1000) == utc(2026, 3, 18, 0, 15, 27, 300000)
    assert clock.epoch(1773792927, 1) == utc(2026, 3, 18, 0, 15, 27)
    assert clock.epoch(1773792927.3, 1) == utc(2026, 3, 18, 0, 15, 27, 300000)
    assert clock.epoch(-1, 1) == utc(1969, 12, 31, 23, 59, 59)


def test_milliseconds_taken_for_seconds_lie_beyond_the_calendar() -> None:
    with pytest.raises(ValueError, match=r".*"):
        clock.epoch(1773792927300, 1)


class TestMoySecMark:
    def test_it_is_utc(self) -> None:
        assert clock.moy_secmark(109455, 27300, None, utc(2026, 3, 18, 0, 15, 28)) == utc(
            2026, 3, 18, 0, 15, 27, 300000
        )

    def test_half_past_midnight_on_new_year_in_beijing_is_still_last_year(self) -> None:
        expected = utc(2025, 12, 31, 16, 30)
        assert clock.moy_secmark(525150, 0, None, utc(2025, 12, 31, 16, 30, 1)) == expected
        assert clock.moy_secmark(525150, 0, None, utc(2026, 1, 1, 0, 5)) == expected
        assert clock.moy_secmark(525150, 0, utc(2025, 12, 31, 16, 30), utc(2026, 6, 1)) == expected

    def test_a_clock_that_is_ahead_belongs_to_next_year(self) -> None:
        assert clock.moy_secmark(0, 200, None, utc(2025, 12, 31, 23, 59, 59)) == utc(2026, 1, 1, 0, 0, 0, 200000)

    def test_a_participant_sampled_before_the_rollover_belongs_to_the_minute_before(self) -> None:
        envelope = utc(2026, 3, 18, 0, 16, 0, 100000)
        assert clock.moy_secmark(109456, 59900, envelope, envelope) == utc(2026, 3, 18, 0, 15, 59, 900000)

    def test_a_minute_taken_before_the_rollover_is_moved_on(self) -> None:
        envelope = utc(2026, 3, 18, 0, 16, 0, 100000)
        assert clock.moy_secmark(109455, 50, envelope, envelope) == utc(2026, 3, 18, 0, 16, 0, 50000)

    def test_the_rollover_of_the_year_is_a_rollover_too(self) -> None:
        envelope = utc(2026, 1, 1, 0, 0, 0, 100000)
        assert clock.moy_secmark(0, 59900, envelope, envelope) == utc(2025, 12, 31, 23, 59, 59, 900000)

    def test_a_late_receipt_does_not_move_the_minute(self) -> None:
        assert clock.moy_secmark(109455, 27300, None, utc(2026, 3, 18, 1)) == utc(2026, 3, 18, 0, 15, 27, 300000)

    def test_a_record_is_not_received_before_its_instant(self) -> None:
        received = utc(2026, 3, 18, 0, 16, 0, 20000)
        assert clock.moy_secmark(109456, 59950, None, received) == utc(2026, 3, 18, 0, 15, 59, 950000)

    @pytest.mark.parametrize(("moy", "mark"), [(527040, 0), (0, 60000), (0, 60999), (0, 65535)])
    def test_marks_for_unavailable_are_null(self, moy: int, mark: int) -> None:
        assert clock.moy_secmark(moy, mark, None, utc(2026, 3, 18)) is None

    @pytest.mark.parametrize(("moy", "mark"), [(-1, 0), (527041, 0), (0, -1), (525600, 0)])
    def test_minutes_that_no_year_around_has_are_refused(self, moy: int, mark: int) -> None:
        with pytest.raises(ValueError, match=r".*"):
            clock.moy_secmark(moy, mark, None, utc(2026, 3, 18))

    def test_leap_years_have_a_day_more(self) -> None:
        assert clock.moy_secmark(527039, 0, None, utc(2028, 12, 31, 23, 59)) == utc(2028, 12, 31, 23, 59)

    @given(st.datetimes(datetime(2000, 1, 1), datetime(2099, 12, 31)), st.integers(0, 300))
    def test_any_instant_is_found_again_from_its_envelope(self, naive: datetime, early_ms: int) -> None:
        instant = naive.replace(tzinfo=UTC, microsecond=naive.microsecond // 1000 * 1000)
        envelope = instant + timedelta(milliseconds=early_ms)
        moy = (
            int(
                (envelope - envelope.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)).total_seconds()
            )
            // 60
        )
        mark = instant.second * 1000 + instant.microsecond // 1000
        assert clock.moy_secmark(moy, mark, envelope, envelope) == instant


def test_an_interval_that_ends_at_midnight_stays_in_its_day() -> None:
    start = clock.interval_start(clock.local("2026-03-18 24:00:00", CHINA), 300)
    assert start == utc(2026, 3, 18, 15, 55)
    assert clock.civil_date(start).isoformat() == "2026-03-18"


@given(st.text())
def test_no_text_raises_anything_but_value_error(text: str) -> None:
    for read in (lambda: clock.local(text, CHINA), lambda: clock.iso(text, None), lambda: clock.iso(text, BERLIN)):
        with suppress(ValueError):
            assert read().utcoffset() == timedelta(0)
