from dataclasses import replace

import pytest

from citysim.views.city import City
from citysim.views.detectors import detector_flow, detectors
from citysim.views.transport_info import sections


@pytest.fixture(scope="module")
def clean(city: City) -> City:
    return replace(city, fault_share=0.0)


def test_every_detector_is_listed_with_its_zeros_its_lane_and_its_section(clean: City) -> None:
    shown = detectors(clean).shown
    assets = {row["asset"]: row for row in clean.truth.assets.to_pylist() if row["kind"] == "detector"}
    assert {one.origin.truth_id for one in shown} == set(assets)
    links = {link.link_id for link in sections(clean).values()}
    for one in shown:
        asset = assets[str(one.origin.truth_id)]
        assert len(one.record["detectorId"]) == 8
        assert one.record["detectorId"].startswith("0")
        assert one.record["distance"] == round(100 * asset["stop_line_distance_m"])
        assert one.record["laneNo"] == asset["lane_no"]
        assert one.record["linkId"] is None or one.record["linkId"] in links


def test_counts_are_exact_occupancies_are_fractions_and_some_are_down(clean: City) -> None:
    truth = {(row["asset"], row["interval_end_s"]): row for row in clean.truth.detector_flow.to_pylist()}
    down = empty = 0
    for one in detector_flow(clean).shown:
        row, wire = truth[str(one.origin.truth_id), int(one.stamp_s)], one.record
        if wire["flow"] == 65535:
            down += 1
            assert (wire["speed"], wire["occupancy"], wire["headway"]) == (255, -1, 65535)
            assert one.origin.values["vehicle_count"] is one.origin.values["speed_mps"] is None
            continue
        assert wire["flow"] == row["vehicle_count"]
        assert wire["occupancy"] == pytest.approx(row["occupancy"], abs=0.00051)
        if row["speed_mps"] is None:
            empty += 1
            assert (wire["flow"], wire["speed"], wire["headway"]) == (0, 0, -1)
    assert 0 < down < 0.05 * len(truth)
    assert empty > 0
