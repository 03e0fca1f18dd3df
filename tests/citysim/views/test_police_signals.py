"""The signal system's objects as the police platform shows them."""

import re
from collections import Counter, defaultdict
from dataclasses import replace

import pytest

from citysim.clock import from_beijing_text
from citysim.views.city import City
from citysim.views.police_places import LEGS, cross_ids, leg
from citysim.views.police_signals import (
    LAMP_STATUS,
    cross_lanes,
    cross_states,
    cross_traffic,
    crossings,
    drift_of,
    lights,
)


@pytest.fixture(scope="module")
def clean(city: City) -> City:
    return replace(city, fault_share=0.0)


def test_codes_of_crossings_are_those_of_the_standard_and_some_are_longer(clean: City) -> None:
    codes = list(cross_ids(clean).values())
    assert len(set(codes)) == len(codes) == sum(clean.truth.junctions.column("is_signalised").to_pylist())
    assert all(re.fullmatch(r"\d{6}80\d{4}(01)?", code) for code in codes)
    assert {len(code) for code in codes} == {12, 14}


def test_some_crossings_are_missing_and_some_have_an_old_name(clean: City) -> None:
    shown = crossings(clean).shown
    assert 0 < len(cross_ids(clean)) - len(shown) < 8
    names = dict(
        zip(*(clean.truth.junctions.column(name).to_pylist() for name in ("junction", "name_zh")), strict=True)
    )
    old = [one for one in shown if one.record["CrossName"] != names[one.origin.truth_id]]
    assert all(one.record["CrossName"].removeprefix("老") == names[one.origin.truth_id] for one in old)


@pytest.mark.parametrize(
    ("heading", "name"), [(270, "东"), (0, "南"), (180, "北"), (90, "西"), (359, "南"), (226, "东北")]
)
def test_a_leg_is_named_by_where_it_lies(heading: float, name: str) -> None:
    assert LEGS[leg(heading)] == name


def test_lanes_of_a_crossing_are_numbered_leg_by_leg(clean: City) -> None:
    numbers, legs = defaultdict(list), defaultdict(list)
    for one in cross_lanes(clean).shown:
        numbers[one.record["CrossID"]].append(int(one.record["LaneNo"]))
        legs[one.record["CrossID"]].append(int(one.record["Direction"]))
    for code, found in numbers.items():
        assert found == list(range(1, len(found) + 1))
        assert len(set(legs[code])) <= 4
        # Clockwise: the legs never go back.
        assert legs[code] == sorted(legs[code])


def test_each_switch_of_a_reporting_crossing_is_shown_by_its_own_clock(clean: City) -> None:
    table = clean.truth.signals
    names = ("junction", "t_s", "signal_group", "light")
    switches = Counter(zip(*(table.column(name).to_pylist() for name in names), strict=True))
    live = {one.origin.truth_id for one in lights(clean).shown}
    shown: Counter[tuple[str, float, int, str]] = Counter()
    lamps = {(one, LAMP_STATUS[one]) for one in LAMP_STATUS}
    for one in lights(clean).shown:
        assert one.origin.truth_id is not None
        assert one.origin.t_s is not None
        drift = drift_of(clean, one.origin.truth_id)
        stamp = from_beijing_text(one.record["LampStatusTime"][:19])
        assert 0 <= (clean.moment(one.origin.t_s + drift) - stamp).total_seconds() < 1
        for group in one.record["SignalGroupStatusList"]["SignalGroupStatus"]:
            number, lamp = int(group["SignalGroupNo"]), group["LampStatus"]
            (light,) = {
                name
                for name, status in lamps
                if status == lamp and (one.origin.truth_id, one.origin.t_s, number, name) in switches
            }
            shown[one.origin.truth_id, one.origin.t_s, number, light] += 1
    assert shown == Counter({key: count for key, count in switches.items() if key[0] in live})
    assert 3 < len(live) < len(cross_ids(clean)) / 2


def test_a_status_says_how_long_the_last_cycle_was_and_when_it_came(clean: City) -> None:
    lengths = [one.origin.values["cycle_s"] for one in lights(clean).shown]
    assert lengths.count(None) < len(lengths) / 4
    assert all(length is None or 20 < length < 200 for length in lengths)
    for one in lights(clean).shown:
        assert one.origin.t_s is not None
        received_s = int(one.record["ReceiveTime"]) / 1000 - clean.recording_start.timestamp()
        assert 0.199 <= received_s - one.origin.t_s <= 0.801


def test_loops_are_shown_per_hour_and_a_lane_that_nobody_passed_has_no_speed(clean: City) -> None:
    lanes = [lane for one in cross_traffic(clean).shown for lane in one.record["DataList"]["Data"]]
    assert len(lanes) == clean.truth.detector_flow.num_rows
    counts = Counter(count * 12 for count in clean.truth.detector_flow.column("vehicle_count").to_pylist())
    assert Counter(int(lane["Volume"]) for lane in lanes) == counts
    assert all((lane["Speed"] == "-1") == (lane["Volume"] == "0") for lane in lanes)


def test_a_controller_tells_its_fault_only_in_the_state_of_error(clean: City) -> None:
    shown = cross_states(clean).shown
    assert {one.record["Value"] for one in shown} == {"Online", "Error", "Offline"}
    assert all((one.record["ErrorType"] != "") == (one.record["Value"] == "Error") for one in shown)
