import re
from dataclasses import replace

import numpy as np
import pytest
from pyproj import Geod, Transformer

from citysim import gcj02
from citysim.clock import from_beijing_text
from citysim.views.city import City
from citysim.views.police_records import violations
from citysim.views.traffic_safety import MINOR_COUNT, accidents, people_shown, plates_shown, truth_of

GEOD = Geod(ellps="WGS84")


@pytest.fixture(scope="module")
def clean(city: City) -> City:
    return replace(city, fault_share=0.0)


def test_most_accidents_are_reported_and_scrapes_elsewhere_besides(clean: City) -> None:
    origins = truth_of(clean).values()
    reported = {origin.truth_id for origin in origins if origin.truth_id}
    known = set(clean.truth.accidents.column("accident").to_pylist())
    assert reported <= known
    assert len(known) - len(reported) == round(0.1 * len(known)) > 0
    first = {one.record["sgbh"] for one in accidents(clean).shown if one.origin.truth_id is None}
    assert len(first) == MINOR_COUNT


def test_a_record_is_known_one_to_five_minutes_after_the_accident(clean: City) -> None:
    seen: set[str] = set()
    for one in accidents(clean).shown:
        assert from_beijing_text(one.record["gxsj"].removesuffix(".0")) == clean.moment(one.known_s)
        if one.record["sgbh"] not in seen:
            assert one.origin.t_s is not None
            assert 59 <= one.known_s - one.origin.t_s <= 301
        seen.add(one.record["sgbh"])


def test_positions_are_within_the_noise_drawn_in_both_coordinate_systems(clean: City) -> None:
    back = Transformer.from_crs("EPSG:4545", "EPSG:4490", always_xy=True)
    for one in accidents(clean).shown:
        x, y, gcj_lon, gcj_lat = map(float, one.record["dzzb"].split(","))
        lon, lat = back.transform(x, y)
        assert one.origin.noise_m is not None
        distance = GEOD.inv(one.origin.lon, one.origin.lat, lon, lat)[2]
        assert distance == pytest.approx(np.hypot(*one.origin.noise_m), abs=0.15)
        shifted = gcj02.from_wgs84(np.array([lon]), np.array([lat]))
        assert GEOD.inv(shifted[0][0], shifted[1][0], gcj_lon, gcj_lat)[2] < 0.2


def test_a_revision_keeps_the_number_and_changes_the_injured(clean: City) -> None:
    records: dict[str, list[dict[str, str]]] = {}
    for one in accidents(clean).shown:
        records.setdefault(one.record["sgbh"], []).append(one.record)
    revised = [pair for pair in records.values() if len(pair) == 2]
    assert revised
    assert all(len(versions) <= 2 for versions in records.values())
    for first, second in revised:
        assert int(second["ssrs"]) == int(first["ssrs"]) + 1
        assert second["gxsj"] > first["gxsj"]


def test_all_text_fits_into_gbk(clean: City) -> None:
    for one in accidents(clean).shown:
        assert all(value.encode("gbk") for value in one.record.values())


def test_every_plate_and_number_in_the_records_is_remembered(clean: City) -> None:
    shown = (*accidents(clean).shown, *violations(clean).shown)
    text = "\n".join(value for one in shown for value in one.record.values())
    assert set(re.findall(r"渝[A-Z][A-Z0-9]{5,6}", text)) == plates_shown(clean)
    assert all(number in text for number in people_shown(clean))
    assert set(re.findall(r"(?<!\d)1[3-9]\d{9}(?!\d)", text)) <= people_shown(clean)
    assert any(one.record["hphm"] in one.record["jyaq"] for one in accidents(clean).shown)


def test_three_records_are_bad_and_the_same_ones_again(city: City) -> None:
    assert len(accidents(city).faults) == 3
    assert accidents(replace(city)).shown == accidents(city).shown


def test_fewer_records_share_an_update_time_than_fit_in_an_answer(city: City) -> None:
    # Otherwise no splitting of the window could ever reach them all.
    stamps = [one.stamp_s for one in accidents(city).shown]
    assert max(stamps.count(stamp) for stamp in stamps) < 10
