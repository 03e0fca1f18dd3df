"""Violations, control measures and devices as the police platform shows them."""

import re
from dataclasses import replace

import pytest

from citysim.clock import from_beijing_text
from citysim.plates import identity_check
from citysim.views.city import City
from citysim.views.police_records import controls, devices, violations


@pytest.fixture(scope="module")
def clean(city: City) -> City:
    return replace(city, fault_share=0.0)


def test_every_violation_of_the_truth_is_shown_once(clean: City) -> None:
    shown = violations(clean).shown
    assert sorted(one.origin.truth_id or "" for one in shown) == sorted(
        clean.truth.violations.column("violation").to_pylist()
    )
    assert len({one.record["wfbh"] for one in shown}) == len(shown)


def test_a_violation_says_what_was_measured_in_whole_kilometres_an_hour(clean: City) -> None:
    kinds = dict(zip(*(clean.truth.violations.column(name).to_pylist() for name in ("violation", "kind")), strict=True))
    for one in violations(clean).shown:
        record, values = one.record, one.origin.values
        assert record["wfxw"][:4] == values["violation_code"]
        if kinds[one.origin.truth_id] == "red_light":
            assert (record["wfxw"][:4], record["scz"], record["bzz"]) == ("1625", "0", "0")
            assert values["measured_speed_mps"] is None
            continue
        speed, limit = int(record["scz"]) / 3.6, int(record["bzz"]) / 3.6
        assert speed == pytest.approx(values["measured_speed_mps"], abs=0.5 / 3.6 + 1e-9)
        assert limit == pytest.approx(values["limit_speed_mps"], abs=0.5 / 3.6 + 1e-9)
        assert speed > limit
        assert record["wfxw"][:4] in ("1352", "1636", "1721", "1722")


def test_people_stand_in_plain_sight_and_a_vehicle_keeps_its_plate(clean: City) -> None:
    plates: dict[int, set[str]] = {}
    who = dict(
        zip(*(clean.truth.violations.column(name).to_pylist() for name in ("violation", "participant")), strict=True)
    )
    for one in violations(clean).shown:
        record = one.record
        assert identity_check(record["sfzmhm"][:17]) == record["sfzmhm"][17]
        assert re.fullmatch(r"1[3-9]\d{9}", record["dh"])
        assert all(value.encode("gbk") for value in record.values() if value)
        if record["hphm"] not in ("-", "未识别"):
            assert re.fullmatch(r"渝[A-Z][A-Z0-9]{5,6}", record["hphm"])
            plates.setdefault(who[one.origin.truth_id or ""], set()).add(record["hphm"])
    assert plates
    assert all(len(of_one) == 1 for of_one in plates.values())


def test_a_violation_is_let_through_one_to_five_minutes_after_it(clean: City) -> None:
    for one in violations(clean).shown:
        assert one.origin.t_s is not None
        assert 59 <= one.known_s - one.origin.t_s <= 301
        assert from_beijing_text(one.record["gxsj"].removesuffix(".0")) == clean.moment(one.known_s)


def test_control_measures_lie_on_their_street_from_stone_to_stone(clean: City) -> None:
    shown = controls(clean).shown
    assert len(shown) == clean.truth.controls.num_rows
    for one in shown:
        record = one.record
        begin, end = (int(record[km]) * 1000 + int(record[m]) for km, m in (("qdgls", "qdms"), ("zdgls", "zdms")))
        assert begin <= end
        assert (record["xs"] != "") == (record["gzlx"] == "8")
    assert {one.record["jssj"] == "长期" for one in shown} == {True, False}
    # Some are typed without the zeros that fill up.
    assert {bool(re.match(r"20\d\d/\d", one.record["kssj"])) for one in shown} == {True, False}


def test_only_checkpoints_and_cameras_are_in_the_book_of_devices(clean: City) -> None:
    kinds = clean.truth.assets.column("kind").to_pylist()
    wanted = [kind for kind in kinds if kind in ("checkpoint", "enforcement_camera", "camera")]
    shown = devices(clean).shown
    assert len(shown) == len(wanted)
    assert all(re.fullmatch(r"0\d{11}", one.record["sbbh"]) for one in shown)
    assert {one.record["sblx"] for one in shown} == {"1", "2", "3"}
