"""What is asked for, and how far the cursor moves."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hutong.errors import RegistryError, StoreError
from hutong.extract.window import Window, bounds, instant, opening
from hutong.model.connector import Incremental

from .speaking import INCREMENTAL, NOW, NUMBERED, connector, numbered, pull, rows, says, speaking


def incremental(**changes: Any) -> Incremental:
    return Incremental.model_validate(INCREMENTAL | changes)


@pytest.mark.parametrize(
    ("value", "form", "zone", "utc"),
    [
        ("2026-03-18 08:15:27", "local", "Asia/Shanghai", "2026-03-18T00:15:27"),
        ("2026-03-18 08:15:27.0", "local", "Asia/Shanghai", "2026-03-18T00:15:27"),
        ("2026-03-18 08:15:27.25", "local", "Asia/Shanghai", "2026-03-18T00:15:27.250000"),
        ("2026-03-18 24:00:00", "local", "Asia/Shanghai", "2026-03-18T16:00:00"),
        ("2026-12-31 24:00:00.0", "local", "Asia/Shanghai", "2026-12-31T16:00:00"),
        ("2026/3/5 8:4:3", "local", "Asia/Shanghai", "2026-03-05T00:04:03"),
        ("20260318081527", "local", "Asia/Shanghai", "2026-03-18T00:15:27"),
        ("2026-03-18", "local", "Asia/Shanghai", "2026-03-17T16:00:00"),
        (" 2026-03-18 08:15 ", "local", "Asia/Shanghai", "2026-03-18T00:15:00"),
        ("2026-11-01 01:30:00", "local", "America/New_York", "2026-11-01T05:30:00"),
        (1773792927300, "epoch_ms", None, "2026-03-18T00:15:27.300000"),
        ("1773792927300", "epoch_ms", None, "2026-03-18T00:15:27.300000"),
        (1773792927, "epoch_s", None, "2026-03-18T00:15:27"),
        ("1773792927.000001", "epoch_s", None, "2026-03-18T00:15:27.000001"),
        ("2026-03-18T08:15:27+08:00", "iso", None, "2026-03-18T00:15:27"),
        ("2026-03-18T00:15:27.5Z", "iso", None, "2026-03-18T00:15:27.500000"),
        ("2026-03-18T24:00:00+08:00", "iso", None, "2026-03-18T16:00:00"),
        ("2026-03-18T08:15:27", "iso", "Asia/Shanghai", "2026-03-18T00:15:27"),
    ],
)
def test_times_are_read(value: object, form: str, zone: str | None, utc: str) -> None:
    assert instant(value, form, zone) == datetime.fromisoformat(utc).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        [],
        {},
        "",
        "null",
        "-",
        "NaN",
        "Infinity",
        float("inf"),
        10**40,
        pytest.param(10**5000, id="huge"),
        "1e999999",
    ],
)
@pytest.mark.parametrize("form", ["local", "iso", "epoch_s", "epoch_ms"])
def test_what_states_no_time_is_read_as_none(value: object, form: str) -> None:
    assert instant(value, form, "Asia/Shanghai") is None


@pytest.mark.parametrize("form", ["local", "iso"])
@pytest.mark.parametrize(
    "text",
    [
        "0000-00-00 00:00:00",
        "2026-02-30 08:00:00",
        "2026-03-18 24:00:01",
        "2026-03-18 25:00:00",
        "9999-12-31 24:00:00",
        "08:15:27",
    ],
)
def test_a_day_that_does_not_exist_is_read_as_none(text: str, form: str) -> None:
    assert instant(text, form, "Asia/Shanghai") is None


@given(
    st.text() | st.integers() | st.floats() | st.booleans(),
    st.sampled_from(["local", "iso", "epoch_s", "epoch_ms"]),
)
def test_no_value_at_all_raises(value: object, form: str) -> None:
    found = instant(value, form, "Asia/Shanghai")
    assert found is None or found.tzinfo is UTC


def test_a_local_time_without_a_zone_is_not_guessed() -> None:
    assert instant("2026-03-18 08:15:27", "local", None) is None
    assert instant("2026-03-18T08:15:27", "iso", None) is None


@pytest.mark.parametrize(
    ("form", "zone", "start", "end"),
    [
        ("local", "Asia/Shanghai", "2026-03-18 06:30:00", "2026-03-18 08:30:01"),
        ("local", "UTC", "2026-03-17 22:30:00", "2026-03-18 00:30:01"),
        ("epoch_s", None, "1773786600", "1773793801"),
        ("epoch_ms", None, "1773786600400", "1773793800400"),
        ("iso", None, "2026-03-17T22:30:00Z", "2026-03-18T00:30:01Z"),
        ("iso", "Asia/Shanghai", "2026-03-18T06:30:00+08:00", "2026-03-18T08:30:01+08:00"),
    ],
)
def test_bounds_are_widened_to_the_precision_of_the_platform(form: str, zone: str | None, start: str, end: str) -> None:
    declared = incremental(param_form=form, param_zone=zone)
    window = opening(declared, None, NOW)
    assert window is not None
    assert bounds(declared, window) == {"from": start, "to": end}


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1)),
    st.timedeltas(timedelta(milliseconds=1), timedelta(days=3)),
    st.sampled_from(["local", "epoch_s", "epoch_ms", "iso"]),
)
def test_a_window_holds_all_that_was_asked_and_little_more(now: datetime, since: timedelta, form: str) -> None:
    window = opening(incremental(param_form=form, since=since), None, now.replace(tzinfo=UTC))
    assert window is not None
    aware = now.replace(tzinfo=UTC)
    assert aware - since - window.step < window.start <= aware - since
    assert aware <= window.end < aware + window.step


@given(st.integers(2, 10**9), st.integers(0, 10**9))
def test_halves_touch_and_add_up(length: int, offset: int) -> None:
    step, origin = timedelta(seconds=1), datetime(1990, 1, 1, tzinfo=UTC) + timedelta(seconds=offset)
    first, second = Window(origin, origin + length * step, step).halves()
    assert (first.start, first.end, second.end) == (origin, second.start, origin + length * step)
    assert first.start < first.end < second.end
    assert (first.end - origin) % step == timedelta(0)


def test_a_pull_begins_at_the_cursor_less_lateness() -> None:
    with speaking(numbered(rows(5), total=5)) as server:
        at = connector(server.address, {"paginator": NUMBERED, "incremental": INCREMENTAL | {"lateness": "PT10M"}})
        list(pull(at, cursor="2026-03-18 08:20:11.0"))
    assert server.asked[0].query["from"] == "2026-03-18 08:10:11"
    assert server.asked[0].query["to"] == "2026-03-18 08:30:01"


def test_the_cursor_is_the_newest_instant_as_the_source_wrote_it() -> None:
    times = ["2026-03-18 08:09:00", "2026/3/18 8:21:5", "2026-03-18 08:10:00.0", "2026-03-17 24:00:00", "none", None]
    with speaking(lambda asked: says({"rows": [{"at": time} for time in times]})) as server:
        pages = list(pull(connector(server.address, {"incremental": INCREMENTAL})))
    assert pages[0].cursor == "2026/3/18 8:21:5"


def test_an_older_page_does_not_move_the_cursor_back() -> None:
    at_times = ["2026-03-18 08:20:00", "2026-03-18 08:10:00", "2026-03-18 08:25:00"]
    with speaking(numbered([{"at": time} for time in at_times], cap=1, total=3)) as server:
        pages = list(pull(connector(server.address, {"paginator": NUMBERED, "incremental": INCREMENTAL})))
    assert [page.cursor for page in pages] == [at_times[0], at_times[0], at_times[2]]


def test_the_cursor_stays_when_there_is_nothing_new() -> None:
    with speaking(numbered([], total=0)) as server:
        at = connector(server.address, {"paginator": NUMBERED, "incremental": INCREMENTAL})
        assert [page.cursor for page in pull(at, cursor="2026-03-18 08:20:11.0")] == ["2026-03-18 08:20:11.0"]


def test_a_time_beyond_the_window_does_not_carry_the_cursor_away(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    answer = {"rows": [{"at": "2099-01-01 00:00:00"}, {"at": "2026-03-18 08:12:00"}]}
    with speaking(lambda asked: says(answer)) as server:
        pages = list(pull(connector(server.address, {"incremental": INCREMENTAL})))
    assert pages[0].cursor == "2026-03-18 08:12:00"
    assert "cursor not moved: 1 values of at" in caplog.text


def test_numbers_are_kept_as_text() -> None:
    with speaking(lambda asked: says({"rows": [{"at": 1773792927300}, {"at": 999}]})) as server:
        changes = {"form": "epoch_ms", "param_form": "epoch_s", "cursor_path": "at"}
        pages = list(pull(connector(server.address, {"incremental": INCREMENTAL | changes})))
    assert pages[0].cursor == "1773792927300"


def test_a_cursor_in_the_future_asks_nothing_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    with speaking(numbered(rows(5), total=5)) as server:
        at = connector(server.address, {"paginator": NUMBERED, "incremental": INCREMENTAL})
        assert list(pull(at, cursor="2026-03-19 00:00:00")) == []
    assert server.asked == []
    assert "future" in caplog.text


def test_a_pull_that_goes_on_keeps_its_window() -> None:
    with speaking(numbered(rows(25), total=25)) as server:
        at = connector(server.address, {"paginator": NUMBERED, "incremental": INCREMENTAL})
        first = next(pull(at))
        position = json.loads(first.resume or "")
        position["window"] = ["2026-03-17T22:00:00+00:00", "2026-03-17T23:00:00+00:00"]
        list(pull(at, cursor=first.cursor, position=json.dumps(position)))
    assert server.asked[-1].query["from"] == "2026-03-18 06:00:00"
    assert server.asked[-1].query["to"] == "2026-03-18 07:00:00"


def test_a_cursor_that_cannot_be_read_is_not_passed_over() -> None:
    with pytest.raises(RegistryError, match=r"testing.things: the cursor 'yesterday' cannot be read as local"):
        list(pull(connector("http://127.0.0.1:1", {"incremental": INCREMENTAL}), cursor="yesterday"))


@pytest.mark.parametrize("position", ["", "[]", "null", '{"window": null}', "{"])
def test_a_position_that_cannot_be_read_is_not_passed_over(position: str) -> None:
    with pytest.raises(StoreError, match="testing/things/500000"):
        list(pull(connector("http://127.0.0.1:1"), position=position))


def test_a_window_to_cut_is_asked_for() -> None:
    with pytest.raises(RegistryError, match="window"):
        list(pull(connector("http://127.0.0.1:1", {"paginator": {"type": "window_split", "cap": 10}})))
