"""Each mapping rule: good values, missing ones, and those that it refuses to guess at."""

from __future__ import annotations

import hmac
import math
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from hutong.errors import SecretMissing
from hutong.model.dataset import Dataset
from hutong.model.mapping import Pseudonym
from hutong.normalise.crs import UnknownCrs
from hutong.normalise.pseudonym import Pseudonymiser
from hutong.normalise.reading import Unreadable
from hutong.normalise.rules import Context, MisfitRule, compile_rule
from hutong.schema.units import IncompatibleUnits

Compile = Callable[..., Callable[..., Any]]


def refused(read: Callable[..., Any], raw: dict[str, Any]) -> Unreadable:
    with pytest.raises(Unreadable) as met:
        read(raw)
    return met.value


class TestPaths:
    def test_an_absent_key_a_null_and_an_absent_parent_are_null(self, reader: Compile) -> None:
        read = reader({"rule": "number", "from": "pos.ele"}, "int")
        assert [read(raw) for raw in ({}, {"pos": None}, {"pos": {}}, {"pos": {"ele": None}})] == [None] * 4
        assert read({"pos": {"ele": 7}}) == 7

    def test_something_else_where_an_object_should_be_is_unreadable(self, reader: Compile) -> None:
        wrong = refused(reader({"rule": "number", "from": "a.b.c"}, "int"), {"a": {"b": "text"}})
        assert (wrong.place, wrong.value, wrong.how) == ("a.b", "text", "number")


class TestMissing:
    def test_values_are_compared_by_type_and_value(self, reader: Compile) -> None:
        read = reader({"rule": "number", "from": "n", "missing": [-1]}, "double")
        assert read({"n": -1}) is None
        assert read({"n": -1.0}) is None
        assert refused(read, {"n": "-1"}).value == "-1"

    def test_text_is_missing_only_when_it_is_listed_as_text(self, reader: Compile) -> None:
        read = reader({"rule": "number", "from": "n", "as_text": True, "missing": ["-1", ""]}, "double")
        assert read({"n": "-1"}) is None
        assert read({"n": ""}) is None
        assert read({"n": -1}) == -1.0
        assert read({"n": "-1.0"}) == -1.0

    def test_true_is_not_one(self, reader: Compile) -> None:
        read = reader({"rule": "flag", "from": "f", "true": [1], "false": [2], "missing": [True]}, "boolean")
        assert read({"f": 1}) is True
        assert read({"f": True}) is None
        assert refused(read, {"f": False}).value is False


class TestText:
    def test_it_is_trimmed_and_otherwise_left(self, reader: Compile) -> None:
        read = reader({"rule": "text", "from": "t", "missing": ["-"]})
        assert read({"t": " 金开大道 \n"}) == "金开大道"
        assert read({"t": " - "}) is None
        assert read({"t": ""}) == ""

    def test_masking_blots_out_who_was_there(self, reader: Compile) -> None:
        read = reader({"rule": "text", "from": "t", "mask": True})
        assert read({"t": "渝AD12345追尾，电话13800138000"}) == "***追尾，电话***"

    @pytest.mark.parametrize("value", [7, 7.5, True, [], {}, "\ud800"])
    def test_what_is_no_text_is_unreadable(self, reader: Compile, value: Any) -> None:
        refused(reader({"rule": "text", "from": "t"}), {"t": value})


class TestNumber:
    @pytest.mark.parametrize(
        ("kind", "value", "expected"), [("int", 5, 5), ("int", 5.0, 5), ("long", 2**62, 2**62), ("double", 5, 5.0)]
    )
    def test_it_is_given_as_the_contracts_type(self, reader: Compile, kind: str, value: Any, expected: Any) -> None:
        found = reader({"rule": "number", "from": "n"}, kind)({"n": value})
        assert found == expected
        assert type(found) is type(expected)

    @pytest.mark.parametrize("value", ["5", True, False, math.nan, math.inf, -math.inf, 2**63, -(2**63) - 1, [5], {}])
    def test_what_is_no_number_is_unreadable(self, reader: Compile, value: Any) -> None:
        refused(reader({"rule": "number", "from": "n"}, "double"), {"n": value})

    @pytest.mark.parametrize(("kind", "value"), [("int", 5.5), ("int", 2**31), ("long", 9.3e18), ("long", 0.1)])
    def test_a_whole_column_takes_no_fraction_and_nothing_too_large(
        self, reader: Compile, kind: str, value: Any
    ) -> None:
        refused(reader({"rule": "number", "from": "n"}, kind), {"n": value})

    @pytest.mark.parametrize(
        ("text", "expected"), [("8000", 8000.0), (" -1.5 ", -1.5), ("+7", 7.0), ("1e3", 1000.0), (".5", 0.5)]
    )
    def test_text_is_read_where_the_platform_sends_text(self, reader: Compile, text: str, expected: float) -> None:
        assert reader({"rule": "number", "from": "n", "as_text": True}, "double")({"n": text}) == expected

    @pytest.mark.parametrize(
        "text", ["", "-", "NaN", "inf", "1_000", "1,000", "５", "0x10", "1e999", "9" * 5000, "5 辆", "٣"]
    )
    def test_text_that_is_no_number_is_unreadable(self, reader: Compile, text: str) -> None:
        assert refused(reader({"rule": "number", "from": "n", "as_text": True}, "double"), {"n": text}).value == text


class TestQuantity:
    @pytest.mark.parametrize(
        ("value", "from_unit", "to_unit", "expected"),
        [
            (833, "0.02 m/s", "m/s", 16.66),
            (72, "km/h", "m/s", 20.0),
            (31, "%", "1", 0.31),
            (30, "5 cm", "m", 1.5),
            (0.0, "m", "m", 0.0),
        ],
    )
    def test_it_is_given_in_the_contracts_unit(
        self, reader: Compile, value: float, from_unit: str, to_unit: str, expected: float
    ) -> None:
        assert reader({"rule": "quantity", "from": "q", "unit": from_unit}, "double", to_unit)({"q": value}) == expected

    def test_the_mark_for_unavailable_is_no_speed(self, reader: Compile) -> None:
        read = reader({"rule": "quantity", "from": "q", "unit": "0.02 m/s", "missing": [8191]}, "double", "m/s")
        assert read({"q": 8191}) is None

    def test_a_scale_gives_the_number_of_a_class(self, reader: Compile) -> None:
        read = reader({"rule": "quantity", "from": "q", "unit": "m", "list": "position_confidence"}, "double", "m")
        assert [read({"q": value}) for value in (10, "10", 8.0, 0, None)] == [0.5, 0.5, 2.0, None, None]
        assert refused(read, {"q": 99}).value == 99

    def test_a_scale_whose_codes_are_words_is_refused_when_compiled(self, reader: Compile) -> None:
        with pytest.raises(MisfitRule, match="no number"):
            reader({"rule": "quantity", "from": "q", "unit": "m", "list": "participant_kind"}, "double", "m")

    def test_units_of_different_kinds_are_refused_when_compiled(self, reader: Compile) -> None:
        with pytest.raises(IncompatibleUnits):
            reader({"rule": "quantity", "from": "q", "unit": "s"}, "double", "m")

    def test_a_result_beyond_a_double_is_unreadable(self, reader: Compile) -> None:
        refused(reader({"rule": "quantity", "from": "q", "unit": "km"}, "double", "nm"), {"q": 1e300})


class TestRate:
    def test_vehicles_in_five_minutes_become_vehicles_per_hour(self, reader: Compile) -> None:
        rule = {"rule": "rate", "from": "flow", "over": "period", "unit": "{vehicle}/s", "missing": [-1]}
        read = reader(rule, "double", "{vehicle}/h")
        assert read({"flow": 186, "period": 300}) == 2232.0
        assert read({"flow": 0, "period": 300}) == 0.0
        assert read({"flow": -1, "period": 300}) is None
        assert read({"flow": 186}) is None

    @pytest.mark.parametrize("period", [0, -300, "300", True])
    def test_a_period_that_is_none_is_unreadable(self, reader: Compile, period: Any) -> None:
        read = reader(
            {"rule": "rate", "from": "flow", "over": "period", "unit": "{vehicle}/s"}, "double", "{vehicle}/h"
        )
        assert refused(read, {"flow": 186, "period": period}).place == "period"


class TestTime:
    def test_a_platforms_local_text(self, reader: Compile) -> None:
        rule = {"rule": "time", "from": "t", "form": "local", "zone": "Asia/Shanghai", "missing": ["-"]}
        read = reader(rule, "timestamp")
        assert read({"t": "2026-03-18 08:20:11.0"}) == datetime(2026, 3, 18, 0, 20, 11, tzinfo=UTC)
        assert read({"t": "-"}) is None
        assert refused(read, {"t": "2026-02-30"}).how == "time"
        refused(read, {"t": 20260318081237})

    def test_epochs_are_numbers_and_not_text(self, reader: Compile) -> None:
        read = reader({"rule": "time", "from": "t", "form": "epoch_ms"}, "timestamp")
        assert read({"t": 1773792927300}) == datetime(2026, 3, 18, 0, 15, 27, 300000, tzinfo=UTC)
        for value in ("1773792927300", True, 2**62, -(2**62), 1e300, math.nan):
            refused(read, {"t": value})

    def test_the_envelope_settles_the_minute_of_a_participant(self, reader: Compile) -> None:
        rule = {"rule": "time", "from": ["moy", "secMark"], "form": "moy_secmark", "near": "timestamp"}
        read = reader(rule, "timestamp")
        envelope = {"moy": 109456, "timestamp": 1773792960100}
        assert read({**envelope, "secMark": 59900}) == datetime(2026, 3, 18, 0, 15, 59, 900000, tzinfo=UTC)
        assert read({**envelope, "secMark": 60000}) is None
        assert read({**envelope, "secMark": None}) is None
        assert read({"moy": 109455, "secMark": 0}) == datetime(2026, 3, 18, 0, 15, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("raw", "place"),
        [
            ({"moy": 527041, "secMark": 0}, "moy"),
            ({"moy": 1.5, "secMark": 0}, "moy"),
            ({"moy": 1, "secMark": -1}, "secMark"),
            ({"moy": 1, "secMark": "0"}, "secMark"),
            ({"moy": 1, "secMark": 0, "timestamp": "now"}, "timestamp"),
            ({"moy": 1, "secMark": 0, "timestamp": 2**62}, "timestamp"),
        ],
    )
    def test_the_part_that_cannot_be_read_is_named(self, reader: Compile, raw: dict[str, Any], place: str) -> None:
        rule = {"rule": "time", "from": ["moy", "secMark"], "form": "moy_secmark", "near": "timestamp"}
        assert refused(reader(rule, "timestamp"), raw).place == place

    def test_the_end_of_an_interval_becomes_its_start(self, reader: Compile) -> None:
        rule = {"rule": "time", "from": ["statTime", "period"], "form": "interval_end", "zone": "Asia/Shanghai"}
        read = reader(rule, "timestamp")
        raw = {"statTime": "2026-03-18 24:00:00", "period": 300}
        assert read(raw) == datetime(2026, 3, 18, 15, 55, tzinfo=UTC)
        assert read({**raw, "period": None}) is None
        assert refused(read, {**raw, "period": 0}).place == "period"
        assert refused(read, {**raw, "period": 1e300}).place == "period"
        assert refused(read, {**raw, "statTime": "later"}).place == "statTime"
        minutes = reader({**rule, "period_unit": "min"}, "timestamp")
        assert minutes({**raw, "period": 5}) == read(raw)

    @pytest.mark.parametrize(
        "rule",
        [
            {"from": "t", "form": "local"},
            {"from": "t", "form": "moy_secmark"},
            {"from": ["a", "b"], "form": "iso"},
            {"from": ["a", "b"], "form": "interval_end"},
        ],
    )
    def test_a_form_without_what_it_needs_is_refused_when_compiled(self, reader: Compile, rule: dict[str, Any]) -> None:
        with pytest.raises(MisfitRule):
            reader({"rule": "time", **rule}, "timestamp")


class TestHourMark:
    def read(self, reader: Compile, **changes: Any) -> Callable[..., Any]:
        rule = {"rule": "time", "from": "m", "form": "hour_mark", "near": "at"}
        return reader(rule | changes, "timestamp")

    def test_the_hour_is_the_one_that_lies_nearest(self, reader: Compile) -> None:
        read, hour = self.read(reader), 1773792000000  # 2026-03-18T00:00Z
        at = datetime(2026, 3, 18, 0, tzinfo=UTC)
        assert read({"m": 9273, "at": hour + 927300}) == at + timedelta(seconds=927.3)
        assert read({"m": 15, "at": hour + 3598000}) == at + timedelta(hours=1, seconds=1.5)
        assert read({"m": 35999, "at": hour + 2000}) == at - timedelta(seconds=0.1)

    def test_without_an_instant_nearby_the_receipt_settles_it(self, reader: Compile) -> None:
        read = self.read(reader, near=None)
        received = datetime(2026, 3, 18, 0, 59, 58, tzinfo=UTC)
        assert read({"m": 15}, received) == datetime(2026, 3, 18, 1, 0, 1, 500000, tzinfo=UTC)

    def test_its_marks_for_far_and_unknown_are_null(self, reader: Compile) -> None:
        assert [self.read(reader)({"m": mark, "at": 0}) for mark in (36000, 36001)] == [None, None]

    @pytest.mark.parametrize("mark", [36002, -1, 1.5, "15", True])
    def test_what_is_no_mark_is_unreadable(self, reader: Compile, mark: Any) -> None:
        refused(self.read(reader), {"m": mark, "at": 0})


class TestMinuteOfTheYear:
    RULE: ClassVar = {"rule": "time", "from": "m", "form": "moy", "near": "sent"}

    def test_it_begins_in_the_year_that_is_closest(self, reader: Compile) -> None:
        read = reader(self.RULE, "timestamp")
        assert read({"m": 109455, "sent": 1773792927300}) == datetime(2026, 3, 18, 0, 15, tzinfo=UTC)
        assert read({"m": 109455}) == datetime(2026, 3, 18, 0, 15, tzinfo=UTC)
        assert read({"m": 525150, "sent": 1767199820000}) == datetime(2025, 12, 31, 16, 30, tzinfo=UTC)
        # What is planned for tomorrow is not moved back to the receipt.
        assert read({"m": 110895}) == datetime(2026, 3, 19, 0, 15, tzinfo=UTC)

    def test_a_mark_for_unavailable_is_null_and_no_minute_is_refused(self, reader: Compile) -> None:
        read = reader(self.RULE, "timestamp")
        assert read({"m": 527040}) is None
        # The last minute of a leap year, of which none is near.
        assert [refused(read, {"m": minute}).value for minute in (527039, 527041, -1)] == [527039, 527041, -1]


class TestElapsed:
    RULE: ClassVar = {"rule": "elapsed", "from": "t", "form": "epoch_ms", "counts": "since"}

    def test_it_is_counted_in_the_unit_of_the_contract_and_in_the_direction_stated(self, reader: Compile) -> None:
        sent = 1773792960000  # 2026-03-18T00:16Z, the time of receipt
        assert reader(self.RULE, "double", "s")({"t": sent - 1500}) == 1.5
        assert reader(self.RULE, "double", "ms")({"t": sent - 1500}) == 1500.0
        assert reader(self.RULE | {"counts": "until"}, "double", "s")({"t": sent - 1500}) == -1.5
        assert reader(self.RULE, "int", "s")({"t": None}) is None

    def test_another_instant_of_the_record_may_take_the_place_of_the_receipt(self, reader: Compile) -> None:
        read = reader(self.RULE | {"at": "seen"}, "double", "s")
        assert read({"t": 1773792924800, "seen": 1773792926300}) == 1.5
        assert read({"t": 1773792924800}) is None
        assert refused(read, {"t": 1773792924800, "seen": "now"}).place == "seen"
        ends = reader(
            {**self.RULE, "form": "hour_mark", "counts": "until", "near": "seen", "at": "seen"}, "double", "s"
        )
        # A mark in the next hour, long after which the record is received.
        assert ends({"t": 15, "seen": 1773795598000}) == 3.5

    def test_what_the_column_cannot_hold_or_the_form_cannot_read_is_unreadable(self, reader: Compile) -> None:
        assert refused(reader(self.RULE, "int", "s"), {"t": 1773792958500}).how == "elapsed"
        assert refused(reader(self.RULE, "double", "s"), {"t": "yesterday"}).how == "elapsed"

    def test_a_column_of_another_kind_does_not_compile(self, reader: Compile) -> None:
        with pytest.raises(IncompatibleUnits):
            reader(self.RULE, "double", "m")
        with pytest.raises(MisfitRule):
            reader(self.RULE, "timestamp", "s")


class TestNumbersAsText:
    def test_every_rule_that_reads_numbers_can_be_told_that_they_are_text(self, reader: Compile) -> None:
        epoch = {"rule": "time", "from": "t", "form": "epoch_s"}
        assert reader(epoch | {"as_text": True}, "timestamp")({"t": "1773792000"}) == datetime(2026, 3, 18, tzinfo=UTC)
        refused(reader(epoch, "timestamp"), {"t": "1773792000"})
        rate = {"rule": "rate", "from": "n", "over": "p", "unit": "{vehicle}/s", "as_text": True}
        assert reader(rate, "double", "{vehicle}/h")({"n": "186", "p": "300"}) == 2232.0
        moy = {"rule": "time", "from": ["m", "s"], "form": "moy_secmark", "as_text": True}
        assert reader(moy, "timestamp")({"m": "109455", "s": "27300"}) == datetime(
            2026, 3, 18, 0, 15, 27, 300000, tzinfo=UTC
        )


class TestAngle:
    @pytest.mark.parametrize(
        ("convention", "angle", "expected"),
        [
            ("north_clockwise", 90, 90.0),
            ("north_clockwise", 360, 0.0),
            ("north_clockwise", -90, 270.0),
            ("north_clockwise", -1e-18, 0.0),
            ("east_counter_clockwise", 0, 90.0),
            ("east_counter_clockwise", 90, 0.0),
            ("east_counter_clockwise", 180, 270.0),
            ("east_counter_clockwise", 270, 180.0),
            ("approach_leg", 90, 270.0),
            ("approach_leg", 359, 179.0),
        ],
    )
    def test_every_convention_becomes_clockwise_from_north(
        self, reader: Compile, convention: str, angle: float, expected: float
    ) -> None:
        assert (
            reader({"rule": "angle", "from": "a", "convention": convention}, "double", "deg")({"a": angle}) == expected
        )

    def test_steps_and_the_mark_for_unavailable(self, reader: Compile) -> None:
        rule = {"rule": "angle", "from": "a", "convention": "north_clockwise", "unit": "0.0125 deg", "missing": [28800]}
        read = reader(rule, "double", "deg")
        assert [read({"a": 7200}), read({"a": 28799}), read({"a": 28800})] == [90.0, 359.9875, None]

    @pytest.mark.parametrize("angle", [360.5, -361, 28800, "90", True])
    def test_more_than_a_full_turn_is_no_direction(self, reader: Compile, angle: Any) -> None:
        refused(reader({"rule": "angle", "from": "a", "convention": "north_clockwise"}, "double", "deg"), {"a": angle})

    @given(st.floats(-360, 360))
    def test_every_direction_lies_in_one_turn(self, reader: Compile, angle: float) -> None:
        for convention in ("north_clockwise", "east_counter_clockwise", "approach_leg"):
            read = reader({"rule": "angle", "from": "a", "convention": convention}, "double", "deg")
            assert 0 <= read({"a": angle}) < 360


NOWHERE = {"lon": None, "lat": None, "source_crs": None}
V2X = {
    "rule": "point",
    "from": ["pos.lon", "pos.lat"],
    "scale": 1e-7,
    "crs": "EPSG:4326",
    "axes": "lon_lat",
    "missing": [1800000001, 900000001],
}
DZZB = {
    "rule": "point",
    "from": ["dzzb"],
    "split": ",",
    "take": [2, 3],
    "crs": "GCJ-02",
    "axes": "lon_lat",
    "as_text": True,
    "missing": ["", "0"],
}


class TestPoint:
    def test_scaled_integers_come_out_exact(self, reader: Compile) -> None:
        read = reader(V2X, column="place")
        assert read({"pos": {"lon": 1065514750, "lat": 295630842}}) == {
            "lon": 106.551475,
            "lat": 29.5630842,
            "source_crs": "EPSG:4326",
        }

    @pytest.mark.parametrize(
        "pos", [None, {}, {"lon": 1, "lat": None}, {"lon": 1800000001, "lat": 1}, {"lon": 1, "lat": 900000001}]
    )
    def test_half_a_place_is_no_place(self, reader: Compile, pos: Any) -> None:
        assert reader(V2X, column="place")({"pos": pos}) == NOWHERE

    def test_a_text_of_four_numbers(self, reader: Compile) -> None:
        place = reader(DZZB, column="place")({"dzzb": "359633.3,3272547.9,106.555318,29.560151"})
        assert (place["lon"], place["lat"]) == pytest.approx((106.5516, 29.5630), abs=1e-6)
        assert place["source_crs"] == "GCJ-02"

    @pytest.mark.parametrize("text", ["", "359633.3,3272547.9,,", "0,0,0,0", None])
    def test_blanks_between_the_commas_are_no_place(self, reader: Compile, text: str | None) -> None:
        assert reader(DZZB, column="place")({"dzzb": text}) == NOWHERE

    @pytest.mark.parametrize("value", ["106.55,29.56", "a,b,c,d", "1,2,106.55,北", 7, ["1", "2", "3", "4"]])
    def test_a_text_that_holds_no_place_is_unreadable(self, reader: Compile, value: Any) -> None:
        assert refused(reader(DZZB, column="place"), {"dzzb": value}).place == "dzzb"

    def test_an_array_in_metres_with_a_height(self, reader: Compile) -> None:
        rule = {"rule": "point", "from": ["geometry.coordinates"], "crs": "EPSG:4545", "axes": "east_north"}
        place = reader(rule, column="place")({"geometry": {"coordinates": [359633.32, 3272547.95, 245.3]}})
        assert (place["lon"], place["lat"]) == pytest.approx((106.5516, 29.5630), abs=1e-7)
        refused(reader(rule, column="place"), {"geometry": {"coordinates": [1e30, 1.0]}})
        refused(reader(rule, column="place"), {"geometry": {"coordinates": [359633.32]}})

    def test_a_record_that_names_its_system(self, reader: Compile) -> None:
        named = {"from": "crs", "table": {"GCJ02": "GCJ-02", "WGS84": "EPSG:4326"}}
        read = reader({"rule": "point", "from": ["x", "y"], "crs": named, "axes": "lon_lat"}, column="place")
        assert read({"x": 106.5, "y": 29.5, "crs": "WGS84"}) == {"lon": 106.5, "lat": 29.5, "source_crs": "EPSG:4326"}
        assert read({"x": 106.5, "y": 29.5, "crs": "GCJ02"})["lon"] != 106.5
        assert read({"x": None, "y": 29.5, "crs": "BD09"}) == NOWHERE
        for word in ("BD09", None, 7, ["WGS84"]):
            assert refused(read, {"x": 106.5, "y": 29.5, "crs": word}).kind == "unknown_crs"

    @pytest.mark.parametrize("change", [{"crs": "WGS84"}, {"crs": "EPSG:4545"}])
    def test_an_unknown_system_is_refused_when_compiled(self, reader: Compile, change: dict[str, Any]) -> None:
        with pytest.raises(UnknownCrs):
            reader({**V2X, **change}, column="place")

    @pytest.mark.parametrize("change", [{"from": ["a", "b", "c"]}, {"split": ","}, {"from": ["a"], "take": [1, 1]}])
    def test_a_point_without_two_parts_is_refused_when_compiled(self, reader: Compile, change: dict[str, Any]) -> None:
        with pytest.raises(MisfitRule):
            reader({**V2X, **change}, column="place")


class TestLine:
    def test_an_array_of_vertices(self, reader: Compile) -> None:
        rule = {"rule": "line", "from": "coordinates", "form": "array", "crs": "EPSG:4545", "axes": "east_north"}
        raw = {
            "coordinates": [
                [359633.31, 3272547.95, 245.3],
                [359400.0, 3272545.0, 245.0],
                [359102.88, 3272540.12, 244.9],
            ]
        }
        found = reader(rule, column="place")(raw)
        line = shapely.from_wkb(found["geometry"])
        assert line.geom_type == "LineString"
        assert not line.has_z
        assert line.coords[0] == pytest.approx((106.5516, 29.5630), abs=1e-6)
        assert (found["lon"], found["lat"]) == line.coords[1]
        assert found["source_crs"] == "EPSG:4545"

    def test_a_text_of_vertices(self, reader: Compile) -> None:
        rule = {"rule": "line", "from": "p", "form": "text", "crs": "EPSG:4326", "axes": "lon_lat", "missing": [""]}
        read = reader(rule, column="place")
        line = shapely.from_wkb(read({"p": "106.561235,29.563310;106.553012,29.563288"})["geometry"])
        assert list(line.coords) == [(106.561235, 29.56331), (106.553012, 29.563288)]
        assert read({"p": ""}) == {**NOWHERE, "geometry": None}
        for text in (
            "106.5,29.5",
            "106.5;29.5",
            "106.5,29.5;",
            "106.5,29.5;a,b",
            "1,2,3,4;5,6,7,8",
            7,
            [[1, 2], [3, 4]],
        ):
            assert refused(read, {"p": text}).value == text

    @pytest.mark.parametrize(
        "value", [[], [[1, 2]], [[1, 2], [3]], [[1, 2], ["3", 4]], [[[1, 2], [3, 4]]], "1,2;3,4", [1, 2]]
    )
    def test_other_arrays_are_no_line(self, reader: Compile, value: Any) -> None:
        rule = {"rule": "line", "from": "p", "form": "array", "crs": "EPSG:4326", "axes": "lat_lon"}
        assert refused(reader(rule, column="place"), {"p": value}).value == value


class TestCode:
    @pytest.mark.parametrize(
        ("value", "code", "raw"),
        [
            ("motor", "motor", "motor"),
            (1, "motor", "1"),
            (1.0, "motor", "1"),
            (True, "yes", "true"),
            ("hovercraft", "unmapped", "hovercraft"),
            (99, "unmapped", "99"),
            (1.5, "unmapped", "1.5"),
            ("", "unmapped", ""),
            (" motor", "unmapped", " motor"),
            (None, None, None),
            (-1, None, None),
        ],
    )
    def test_the_sources_own_value_stays_beside_the_code(
        self, reader: Compile, value: Any, code: Any, raw: Any
    ) -> None:
        rule = {"rule": "code", "from": "c", "list": "participant_kind", "missing": [-1]}
        assert reader(rule, column="kind")({"c": value}) == {"kind": code, "kind_raw": raw}

    @pytest.mark.parametrize("value", [[], {}, math.nan, 2**64, "\udfff"])
    def test_what_is_no_scalar_is_unreadable(self, reader: Compile, value: Any) -> None:
        refused(reader({"rule": "code", "from": "c", "list": "participant_kind"}), {"c": value})


class TestId:
    def test_parts_stay_as_sent(self, reader: Compile) -> None:
        read = reader({"rule": "id", "from": ["rsuEsn", "ptcId"], "missing": ["-"]})
        assert read({"rsuEsn": "R0050", "ptcId": 4021}) == "R0050/4021"
        assert read({"rsuEsn": "r 1", "ptcId": 7.0}) == "r 1/7"
        assert read({"rsuEsn": "R0050", "ptcId": None}) is None
        assert read({"rsuEsn": "-", "ptcId": 1}) is None
        assert reader({"rule": "id", "from": "sbbh"})({"sbbh": "000123"}) == "000123"

    @pytest.mark.parametrize("value", ["", "  ", True, [], {}, math.inf])
    def test_what_identifies_nothing_is_unreadable(self, reader: Compile, value: Any) -> None:
        assert refused(reader({"rule": "id", "from": ["a", "b"]}), {"a": "x", "b": value}).place == "b"


class TestFlag:
    def test_one_may_mean_no(self, reader: Compile) -> None:
        read = reader({"rule": "flag", "from": "sfty", "true": ["2", "3"], "false": ["1"], "missing": [""]}, "boolean")
        assert [read({"sfty": value}) for value in ("1", "2", "3", "", None)] == [False, True, True, None, None]
        for value in (1, True, "0", "yes"):
            assert refused(read, {"sfty": value}).how == "flag"


class TestConst:
    @pytest.mark.parametrize(
        ("kind", "value"), [("string", "rsu"), ("int", 5), ("double", 0.5), ("boolean", True), ("int", None)]
    )
    def test_it_is_the_same_for_every_record(self, reader: Compile, kind: str, value: Any) -> None:
        assert reader({"rule": "const", "value": value}, kind)({"any": "thing"}) == value

    @pytest.mark.parametrize(
        ("kind", "value"),
        [("string", 5), ("int", "5"), ("int", 5.5), ("boolean", 1), ("int", True), ("timestamp", "2026")],
    )
    def test_a_value_of_another_type_is_refused_when_compiled(self, reader: Compile, kind: str, value: Any) -> None:
        with pytest.raises(MisfitRule):
            reader({"rule": "const", "value": value}, kind)


class TestBit:
    def test_each_bit_is_its_own(self, reader: Compile) -> None:
        for at, seen in ((0, True), (1, False), (2, True), (62, False)):
            assert reader({"rule": "bit", "from": "x", "at": at}, "boolean")({"x": 5}) is seen
        assert reader({"rule": "bit", "from": "x", "at": 1, "missing": [-1]}, "boolean")({"x": -1}) is None

    def test_a_word_of_bits_is_a_whole_number_from_0_on(self, reader: Compile) -> None:
        read = reader({"rule": "bit", "from": "x", "at": 1}, "boolean")
        assert read({"x": 2.0}) is True
        for value in (-2, 2.5, "2", True, [2]):
            assert refused(read, {"x": value}).place == "x"
        assert reader({"rule": "bit", "from": "x", "at": 1, "as_text": True}, "boolean")({"x": "2"}) is True

    def test_a_string_of_bits_begins_with_bit_0(self, reader: Compile) -> None:
        read = reader({"rule": "bit", "from": "x", "form": "string", "at": 1, "missing": ["-"]}, "boolean")
        assert [read({"x": text}) for text in ("0100", "1011", "-")] == [True, False, None]
        for value in ("1", "", "01a", "0١", 10, [1]):
            assert refused(read, {"x": value}).value == value


class TestDuration:
    def test_hours_pass_midnight(self, reader: Compile) -> None:
        read = reader({"rule": "duration", "from": "t", "missing": [""]}, "int", "s")
        assert [read({"t": text}) for text in ("25:35:00", "6:05:09", "00:00:00", "")] == [92100, 21909, 0, None]
        assert reader({"rule": "duration", "from": "t"}, "double", "min")({"t": "01:00:30"}) == 60.5

    @pytest.mark.parametrize("text", ["25:60:00", "6:5:00", "06:05", "-1:00:00", "1e3:00:00", "６:05:00", "abc"])
    def test_other_texts_are_refused(self, reader: Compile, text: str) -> None:
        assert refused(reader({"rule": "duration", "from": "t"}, "int", "s"), {"t": text}).place == "t"

    def test_a_number_is_no_time(self, reader: Compile) -> None:
        assert refused(reader({"rule": "duration", "from": "t"}, "int", "s"), {"t": 92100}).place == "t"


class TestStake:
    def test_kilometres_and_metres_are_added(self, reader: Compile) -> None:
        read = reader({"rule": "stake", "from": ["gls", "ms"], "missing": ["", "-"]}, "double", "m")
        assert read({"gls": "3", "ms": "250"}) == 3250.0
        assert read({"gls": 3, "ms": 0.5}) == 3000.5
        assert read({"gls": "3", "ms": ""}) is None
        assert read({"gls": None, "ms": "250"}) is None
        assert refused(read, {"gls": "K3", "ms": "250"}).place == "gls"
        assert refused(read, {"gls": "3", "ms": True}).place == "ms"


PLATE = {"rule": "pseudonym", "from": ["hphm", "hpzl"], "domain": "accident_plate", "missing": ["-"]}


class TestPseudonym:
    def test_sm3_is_another_digest_of_the_same_parts(self, reader: Compile) -> None:
        rule = {"rule": "pseudonym", "from": ["p"], "domain": "plates"}
        by_default, by_sm3 = (reader(rule | more)({"p": "x"}) for more in ({}, {"algorithm": "hmac_sm3"}))
        assert by_default.partition(":")[0] == by_sm3.partition(":")[0] == "k1"
        assert by_default != by_sm3
        # Each part goes with its length in front.
        framed = b"".join(len(part).to_bytes(8, "big") + part for part in (b"plates", b"x"))
        assert by_sm3 == "k1:" + hmac.new(b"\1" * 32, framed, "sm3").hexdigest()

    def test_it_starts_with_the_keys_id_and_holds_nothing_of_the_plate(self, reader: Compile) -> None:
        found = reader(PLATE)({"hphm": "渝AD12345", "hpzl": "52"})
        assert found.startswith("k1:")
        assert len(found) == 3 + 64
        assert "12345" not in found

    def test_it_depends_on_key_domain_and_every_part(self) -> None:
        one, other = Pseudonymiser("k1", b"1" * 32), Pseudonymiser("k1", b"2" * 32)
        made = {
            one.pseudonym("plate", ["ab", "c"]),
            one.pseudonym("plate", ["a", "bc"]),
            one.pseudonym("plate", ["abc"]),
            one.pseudonym("plateab", ["c"]),
            one.pseudonym("track", ["ab", "c"]),
            other.pseudonym("plate", ["ab", "c"]),
        }
        assert len(made) == 6
        assert one.pseudonym("plate", ["ab", "c"]) in made

    def test_without_a_part_there_is_no_pseudonym(self, reader: Compile) -> None:
        read = reader(PLATE)
        assert read({"hphm": "-", "hpzl": "52"}) is None
        assert read({"hphm": "渝A12345"}) is None
        refused(read, {"hphm": "", "hpzl": "52"})

    def test_without_a_key_it_cannot_be_compiled(self, trial: Callable[..., Dataset]) -> None:
        rule, empty = Pseudonym.model_validate(PLATE), trial("x", "string", None)
        with pytest.raises(SecretMissing, match="pseudonym_key"):
            compile_rule(rule, Context(empty, "x", {}))

    def test_the_key_is_never_shown(self) -> None:
        key = Pseudonymiser.from_hex("ab" * 32)
        assert "ab" * 4 not in repr(key)
        assert "xab" not in repr(key)
        assert len(key.id) == 8

    @pytest.mark.parametrize("text", ["", "ab", "zz" * 32, "ab" * 31])
    def test_a_key_of_another_form_is_refused(self, text: str) -> None:
        with pytest.raises(SecretMissing, match="64 hexadecimal digits"):
            Pseudonymiser.from_hex(text)


@pytest.mark.parametrize("rule", ["number", "quantity", "time", "angle", "flag", "bit", "stake", "duration", "rate"])
def test_a_rule_does_not_fill_a_column_of_another_type(reader: Compile, rule: str) -> None:
    more: dict[str, Any] = {
        "quantity": {"unit": "m"},
        "time": {"form": "iso"},
        "angle": {"convention": "north_clockwise"},
        "flag": {"true": [1], "false": [0]},
        "bit": {"at": 1},
        "stake": {"from": ["x", "y"]},
        "rate": {"over": "y", "unit": "m"},
    }
    with pytest.raises(MisfitRule):
        reader({"rule": rule, "from": "x", **more.get(rule, {})}, "string", "m")


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-(10**400), 10**400)
    | st.floats()
    | st.text()
    | st.text(st.characters(categories=["Cs", "Nd", "Po"]), max_size=4)
    | st.sampled_from(
        ["2026-03-18 24:00:00", "9999-12-31 24:00:00", "1,2,106.5,29.5", "106.5,29.5;106.6,29.6", "渝A12345"]
    )
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("ab"), inner), max_leaves=6
)
FAMILIES: list[tuple[dict[str, Any], str, str | None]] = [
    ({"rule": "text", "from": "a", "mask": True}, "string", None),
    ({"rule": "text", "from": "a.b", "missing": ["-"]}, "string", None),
    ({"rule": "number", "from": "a", "as_text": True, "missing": [-1, ""]}, "int", None),
    ({"rule": "number", "from": "a"}, "double", None),
    ({"rule": "quantity", "from": "a", "unit": "0.02 m/s", "as_text": True}, "double", "km/h"),
    ({"rule": "quantity", "from": "a", "unit": "m", "list": "position_confidence"}, "long", "cm"),
    ({"rule": "rate", "from": "a", "over": "b", "unit": "{vehicle}/s"}, "double", "{vehicle}/h"),
    ({"rule": "time", "from": "a", "form": "iso"}, "timestamp", None),
    ({"rule": "time", "from": "a", "form": "iso", "zone": "Europe/Berlin"}, "timestamp", None),
    ({"rule": "time", "from": "a", "form": "local", "zone": "Asia/Shanghai"}, "timestamp", None),
    ({"rule": "time", "from": "a", "form": "epoch_s"}, "timestamp", None),
    ({"rule": "time", "from": "a", "form": "epoch_ms"}, "timestamp", None),
    ({"rule": "time", "from": ["a", "b"], "form": "moy_secmark", "near": "c"}, "timestamp", None),
    ({"rule": "time", "from": ["a", "b"], "form": "interval_end", "zone": "Asia/Shanghai"}, "timestamp", None),
    ({"rule": "time", "from": "a", "form": "hour_mark", "near": "b", "as_text": True}, "timestamp", None),
    ({"rule": "elapsed", "from": "a", "form": "epoch_s", "counts": "since", "as_text": True}, "double", "s"),
    ({"rule": "elapsed", "from": "a", "form": "hour_mark", "counts": "until"}, "int", "ms"),
    ({"rule": "angle", "from": "a", "convention": "east_counter_clockwise", "as_text": True}, "double", "deg"),
    ({**V2X, "from": ["a", "b"], "base": ["c", "b"], "offsets": [["b", "c"], ["b.a", "c.a"]]}, "double", None),
    ({"rule": "area", "from": "a", "form": "ring", "crs": "EPSG:4545", "axes": "east_north"}, "double", None),
    ({"rule": "area", "from": "a", "form": "rings", "crs": "BD-09", "axes": "lon_lat"}, "double", None),
    ({"rule": "area", "from": "a", "form": "text", "crs": "EPSG:4490", "axes": "lat_lon"}, "double", None),
    ({"rule": "area", "from": "a", "form": "surfaces", "crs": "EPSG:4545", "axes": "east_north"}, "double", None),
    ({"rule": "area", "from": "a", "form": "solid", "crs": "EPSG:4490", "axes": "lon_lat"}, "double", None),
    ({**V2X, "from": ["a", "b"]}, "double", None),
    ({**DZZB, "from": ["a"]}, "double", None),
    ({"rule": "point", "from": ["a"], "crs": "EPSG:4545", "axes": "north_east"}, "double", None),
    (
        {"rule": "point", "from": ["a", "b"], "crs": {"from": "c", "table": {"B": "BD-09"}}, "axes": "lat_lon"},
        "double",
        None,
    ),
    ({"rule": "line", "from": "a", "form": "array", "crs": "EPSG:4545", "axes": "east_north"}, "double", None),
    ({"rule": "line", "from": "a", "form": "text", "crs": "GCJ-02", "axes": "lon_lat"}, "double", None),
    ({"rule": "code", "from": "a", "list": "participant_kind"}, "string", None),
    ({"rule": "id", "from": ["a", "b.a"]}, "string", None),
    ({"rule": "flag", "from": "a", "true": [1, "是"], "false": [0]}, "boolean", None),
    ({"rule": "bit", "from": "a", "at": 1}, "boolean", None),
    ({"rule": "bit", "from": "b", "at": 0, "as_text": True}, "boolean", None),
    ({"rule": "duration", "from": "a"}, "int", "s"),
    ({"rule": "const", "value": "x"}, "string", None),
    ({"rule": "stake", "from": ["a", "b"]}, "double", "m"),
    ({"rule": "pseudonym", "from": ["a", "b"], "domain": "d"}, "string", None),
]


@pytest.mark.parametrize(
    ("rule", "kind", "unit"), FAMILIES, ids=[f"{n}-{rule['rule']}" for n, (rule, _, _) in enumerate(FAMILIES)]
)
@given(a=JSON, b=JSON, c=JSON)
def test_no_input_raises_anything_but_unreadable(
    reader: Compile, rule: dict[str, Any], kind: str, unit: str | None, a: Any, b: Any, c: Any
) -> None:
    read = reader(rule, kind, unit)
    with suppress(Unreadable):
        read({"a": a, "b": b, "c": c})


NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.parametrize(
    ("rule", "kind", "unit"), FAMILIES, ids=[f"{n}-{rule['rule']}" for n, (rule, _, _) in enumerate(FAMILIES)]
)
@given(
    a=NUMBERS | st.lists(NUMBERS, min_size=2, max_size=2) | st.lists(st.lists(NUMBERS, min_size=2, max_size=2)),
    b=NUMBERS,
    c=NUMBERS,
)
def test_no_number_raises_anything_but_unreadable(
    reader: Compile, rule: dict[str, Any], kind: str, unit: str | None, a: Any, b: Any, c: Any
) -> None:
    read = reader(rule, kind, unit)
    with suppress(Unreadable):
        read({"a": a, "b": b, "c": c})
