from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from pyproj import Geod

from citysim import gcj02
from citysim.clock import BEIJING
from citysim.views.city import City
from citysim.views.transport_info import flow, truth_of

GEOD = Geod(ellps="WGS84")


@pytest.fixture(scope="module")
def clean(city: City) -> City:
    return replace(city, fault_share=0.0)


def test_every_section_and_period_has_a_row(clean: City) -> None:
    shown = flow(clean).shown
    assert len(shown) == clean.truth.section_flow.num_rows == len({one.record_id for one in shown})
    assert all(one.known_s == one.stamp_s + 20 for one in shown)


def test_counts_are_exact_and_speeds_are_within_their_noise(clean: City) -> None:
    table = clean.truth.section_flow.to_pylist()
    known = {(row["section"], row["interval_end_s"]): row for row in table}
    errors = []
    down = 0
    for one in flow(clean).shown:
        assert one.origin.truth_id is not None
        assert one.origin.t_s is not None
        truth = known[one.origin.truth_id, int(one.origin.t_s)]
        row = one.record
        if row["flow"] == -1:
            down += 1
            assert (row["speed"], row["occupancy"], row["status"], row["tpi"]) == (-1, -1, 0, None)
        elif truth["speed_mps"] is None:
            assert (row["flow"], row["speed"], row["status"], row["tpi"], row["occupancy"]) == (0, 0, 0, None, 0)
        else:
            assert row["flow"] == truth["vehicle_count"]
            assert row["occupancy"] == pytest.approx(truth["occupancy"] * 100, abs=0.06)
            assert 1 <= row["status"] <= 5
            errors.append(row["speed"] / 3.6 / truth["speed_mps"] - 1 if truth["speed_mps"] > 2 else 0)
    assert 0 < down < 0.05 * len(table)
    assert np.max(np.abs(errors)) < 0.16


def test_lines_are_where_the_section_is_in_the_system_the_row_names(clean: City) -> None:
    seen = set()
    for one in flow(clean).shown:
        lon, lat = map(float, one.record["polyline"].split(";")[0].split(","))
        assert one.origin.noise_m is not None
        true_lon, true_lat = np.array([one.origin.lon]), np.array([one.origin.lat])
        if one.record["crs"] == "GCJ02":
            true_lon, true_lat = gcj02.from_wgs84(true_lon, true_lat)
        distance = GEOD.inv(true_lon[0], true_lat[0], lon, lat)[2]
        assert distance == pytest.approx(np.hypot(*one.origin.noise_m), abs=0.2)
        seen.add((one.record["linkId"], one.record["crs"]))
    share = sum(crs == "GCJ02" for _, crs in seen) / len(seen)
    assert len(seen) == len({link for link, _ in seen}) == clean.truth.sections.num_rows
    assert share == pytest.approx(0.6, abs=0.15)


def test_the_angle_is_counted_from_east_against_the_clock(clean: City) -> None:
    for one in flow(clean).shown:
        ends = [tuple(map(float, pair.split(","))) for pair in one.record["polyline"].split(";")]
        azimuth = GEOD.inv(*ends[0], *ends[-1])[0]
        assert abs((90 - azimuth - one.record["angle"] + 180) % 360 - 180) < 2
    wind = {one.record["angle"] // 45: one.record["direction"] for one in flow(clean).shown}
    assert "由西向东" in wind.values()


def test_a_period_that_ends_at_midnight_is_stamped_24(clean: City) -> None:
    late = replace(clean, recording_start=datetime(2026, 3, 18, 23, 50, tzinfo=BEIJING))
    stamps = {one.record["statTime"] for one in flow(late).shown}
    assert "2026-03-18 24:00:00" in stamps
    assert "2026-03-19 00:05:00" in stamps
    assert not any(stamp.endswith(" 00:00:00") for stamp in stamps)


def test_bad_rows_are_a_small_share_and_the_same_again(city: City) -> None:
    assert len(flow(city).faults) == max(3, round(0.005 * city.truth.section_flow.num_rows))
    assert flow(replace(city)).shown == flow(city).shown
    assert set(truth_of(city)) == {one.record_id for one in flow(city).shown}
