"""A window is known by its bounds, and its chunks are cut at the city's civil time."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from hutong.errors import AskedWrongly
from hutong.model.window import Window, read_length

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
CHINA = timezone(timedelta(hours=8))


def test_it_is_the_same_however_its_zone_is_written() -> None:
    window = Window.read("2026-03-17T00:00+08:00", "2026-03-18T00:00+08:00")
    assert window == Window.read("2026-03-16T16:00Z", "2026-03-17T16:00:00+00:00")
    assert window.run == "backfill/20260316T160000-20260317T160000"


@pytest.mark.parametrize(
    ("start", "end", "said"),
    [
        ("2026-03-18T08:00", "2026-03-19T08:00Z", r"no zone; add it, such as 2026-03-18T08:00:00\+08:00"),
        ("yesterday", "2026-03-19T08:00Z", "'yesterday' is no instant; write it like"),
        ("2026-03-19T08Z", "2026-03-18T08Z", "exchange"),
        ("2026-03-19T08Z", "2026-03-19T16+08", "exchange"),
        ("2026-03-18T08:00:00.5Z", "2026-03-19T08Z", "no whole second"),
    ],
)
def test_bounds_that_mean_no_window_are_refused_with_the_next_step(start: str, end: str, said: str) -> None:
    with pytest.raises(AskedWrongly, match=said):
        Window.read(start, end)


def test_days_are_cut_at_midnight_of_the_city() -> None:
    window = Window(datetime(2026, 3, 17, 5, tzinfo=CHINA), datetime(2026, 3, 19, 5, tzinfo=CHINA))
    midnights = [datetime(2026, 3, 17, 16, tzinfo=UTC), datetime(2026, 3, 18, 16, tzinfo=UTC)]
    assert [one.start for one in window.chunks(DAY)] == [window.start, *midnights]
    assert [one.end for one in window.chunks(DAY)] == [*midnights, window.end]


def test_weeks_begin_on_monday() -> None:
    window = Window(datetime(2026, 3, 1, tzinfo=CHINA), datetime(2026, 4, 1, tzinfo=CHINA))
    assert {one.start.astimezone(CHINA).weekday() for one in window.chunks(timedelta(weeks=1))[1:]} == {0}


@pytest.mark.parametrize("every", [timedelta(minutes=7), HOUR, timedelta(hours=7), DAY, timedelta(days=3)])
def test_chunks_touch_and_those_of_two_windows_that_overlap_are_shared(every: timedelta) -> None:
    one = Window(datetime(2026, 3, 17, 0, 30, tzinfo=UTC), datetime(2026, 3, 27, tzinfo=UTC))
    other = Window(datetime(2026, 3, 19, 0, 13, tzinfo=UTC), datetime(2026, 3, 29, tzinfo=UTC))
    chunks = one.chunks(every)
    assert [(chunks[0].start, chunks[-1].end), *((b.start, b.start) for b in chunks[1:])] == [
        (one.start, one.end),
        *((a.end, a.end) for a in chunks[:-1]),
    ]
    assert all(chunk.end - chunk.start == every for chunk in chunks[1:-1])
    shared = [chunk for chunk in chunks[1:-1] if chunk.start >= other.start + every]
    assert shared
    assert set(shared) <= set(other.chunks(every))


def test_a_window_that_is_one_chunk_stays_whole() -> None:
    window = Window(datetime(2026, 3, 17, tzinfo=CHINA), datetime(2026, 3, 18, tzinfo=CHINA))
    assert window.chunks(DAY) == [window]


@pytest.mark.parametrize(
    ("every", "said"),
    [
        (timedelta(seconds=1), "86400, more than 10000; make them longer"),
        (timedelta(0), "no whole number of seconds"),
        (timedelta(seconds=1.5), "no whole number of seconds"),
        (-HOUR, "no whole number of seconds"),
    ],
)
def test_a_length_that_cuts_nothing_useful_is_refused(every: timedelta, said: str) -> None:
    window = Window(datetime(2026, 3, 17, tzinfo=UTC), datetime(2026, 3, 18, tzinfo=UTC))
    with pytest.raises(AskedWrongly, match=said):
        window.chunks(every)


@pytest.mark.parametrize(
    ("text", "length"),
    [("90s", timedelta(seconds=90)), ("30m", timedelta(minutes=30)), ("1h", HOUR), ("PT1H", HOUR), ("1d", DAY),
     ("P1D", DAY), ("1w", timedelta(weeks=1)), ("P1DT12H", timedelta(hours=36))],
)  # fmt: skip
def test_a_length_is_written_shortly_or_as_in_connectors(text: str, length: timedelta) -> None:
    assert read_length(text) == length


@pytest.mark.parametrize("text", ["", "1", "h", "one hour", "1 h", "1y", "P", "PT", "1.5h", "-1h", "1H", "9999999d"])
def test_a_text_that_is_no_length_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(AskedWrongly, match="write it like 30m, 1h, 1d or PT1H"):
        read_length(text)
